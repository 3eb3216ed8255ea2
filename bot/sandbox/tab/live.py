"""One page's WebSocket: what somebody sees goes out as it changes, what they do comes in.

The page keeps no state of its own. Whenever anything changes on the server, what this page would show
is written down anew, and the parts that differ from what was sent go out. So a page that reconnects
is right at once, and two pages cannot differ.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from bot.sandbox.tab.view import Viewer, describe_call, describe_frame
from bot.sandbox.world.impossible import ImpossibleError

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.scene import Scene
    from bot.sandbox.tab.deeds import Deeds

_SHOWN_CALLS = 200
_FIRST_PLACE = "private"


class Live:
    """What one page was sent, and what is to be sent."""

    def __init__(
        self, scene: Scene, deeds: Deeds, socket: web.WebSocketResponse, viewer: Viewer | None
    ) -> None:
        """Begin with nothing sent, as the viewer that the page remembers, or as anybody."""
        self._scene, self._deeds, self._socket = scene, deeds, socket
        person = next(iter(scene.people.values()))
        self._viewer = viewer or Viewer(person, scene.place(person, _FIRST_PLACE))
        self._changed = asyncio.Event()
        self._frame = ""
        self._beginnings = 0
        # The number of calls, from the first on, that were sent with what came of them.
        self._settled = 0
        self._messages: dict[int, str] | None = None
        self._calls: dict[int, str] | None = None
        self._acting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Send what changes and do what is asked, until the page goes."""
        api = self._scene.api
        bells = [api.call_bell, *(chat.bell for chat in api.cloud.chats.values())]
        for bell in bells:
            bell.watch(self._changed.set)
        working = {asyncio.create_task(self._listen()), asyncio.create_task(self._send_changes())}
        try:
            ended, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for bell in bells:
                bell.unwatch(self._changed.set)
            for task in (*working, *self._acting):
                task.cancel()
            await asyncio.gather(*working, *self._acting, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            for task in ended:
                task.result()

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                self._take(message.data)

    def _take(self, text: str) -> None:
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(request, dict):
            # A press waits for the bot; meanwhile the page goes on asking.
            task = asyncio.create_task(self._answer(request))
            self._acting.add(task)
            task.add_done_callback(self._acting.discard)

    async def _answer(self, request: Json) -> None:
        try:
            if request.get("do") == "be":
                answer: Json = self._be(request)
            else:
                answer = await self._deeds.act(self._viewer_now(), request)
        except ImpossibleError as error:
            answer = {"error": str(error)}
        if not self._socket.closed:
            await self._socket.send_json({"answer": request.get("id"), **answer})

    def _be(self, request: Json) -> Json:
        """Look at the sandbox as somebody else, or from somewhere else."""
        person = self._scene.person(request.get("person"))
        self._viewer = Viewer(person, self._scene.place(person, request.get("place")))
        self._messages = None
        self._changed.set()
        return {}

    def _viewer_now(self) -> Viewer:
        """Return the viewer, whose topic is another one after everything was forgotten."""
        person, key = self._viewer.person, self._viewer.place.key
        return Viewer(person, self._scene.place(person, key))

    async def _send_changes(self) -> None:
        self._changed.set()
        while True:
            await self._changed.wait()
            self._changed.clear()
            if news := self._collect_news():
                await self._socket.send_json(news)

    def _collect_news(self) -> Json:
        """Return what the page does not know yet; `anew` names what it has to throw away first."""
        if self._beginnings != self._scene.beginnings:
            self._beginnings = self._scene.beginnings
            self._messages = self._calls = None
            self._settled = 0
        viewer = self._viewer_now()
        news: Json = {}
        frame = describe_frame(self._scene, viewer)
        if (written := json.dumps(frame)) != self._frame:
            self._frame = written
            news["frame"] = frame
        anew = [name for name, sent in (("messages", self._messages), ("calls", self._calls)) if sent is None]
        if anew:
            news["anew"] = anew
        self._messages, self._calls = self._messages or {}, self._calls or {}
        messages = {message.message_id: viewer.describe(message) for message in viewer.messages()}
        if changed := _keep_changed(self._messages, messages):
            news["messages"] = changed
        if calls := self._collect_calls(self._calls):
            news["calls"] = calls
        return news

    def _collect_calls(self, sent: dict[int, str]) -> list[Json]:
        calls = self._scene.api.calls
        first = max(self._settled, len(calls) - _SHOWN_CALLS)
        latest = {number: describe_call(number, call) for number, call in enumerate(calls[first:], first)}
        self._settled = next((number for number in latest if not calls[number].is_finished), len(calls))
        return _keep_changed(sent, latest)


def _keep_changed(sent: dict[int, str], described: dict[int, Json]) -> list[Json]:
    """Return what differs from what was sent, and note it as sent."""
    changed = []
    for key, value in described.items():
        if sent.get(key) != (written := json.dumps(value)):
            sent[key] = written
            changed.append(value)
    return changed
