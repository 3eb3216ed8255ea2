"""What somebody at the page may do: each deed is one thing that a person does in Telegram.

A deed takes a request (JSON from the page, not to be trusted) and returns the answer to it. It knows
nothing of WebSockets.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from bot.sandbox.api import failures
from bot.sandbox.limits.composing import MAX_TEXT
from bot.sandbox.limits.entities import utf16_length
from bot.sandbox.world.impossible import ImpossibleError
from bot.sandbox.world.queries import PRESS_SECONDS

if TYPE_CHECKING:
    from bot.sandbox.api.failures import Failure
    from bot.sandbox.limits.refusals import Json
    from bot.sandbox.scene import Scene
    from bot.sandbox.tab.view import Viewer
    from bot.sandbox.world.chats import Message
    from bot.sandbox.world.queries import InlineAnswer

Forget: TypeAlias = Callable[[], Awaitable[None]]
"""Begins everything again, the bot and what it remembers as well."""

_INLINE_SECONDS = 15.0
_FAILURES: dict[str, Callable[[], Failure]] = {
    "429": lambda: failures.too_many_requests(3),
    "502": failures.server_error,
    "403": lambda: failures.refusal(403, "Forbidden: bot was blocked by the user"),
    "reset": failures.reset,
    "hang": failures.hang,
    "lost": failures.lost_answer,
}


@dataclass(frozen=True)
class Deeds:
    """The deeds, by the name that a request gives in `do`."""

    scene: Scene
    forget: Forget

    async def act(self, viewer: Viewer, request: Json) -> Json:
        """Do what a request asks for.

        Raises:
            ImpossibleError: nobody can do that on Telegram.
        """
        deed = _DEEDS.get(str(request.get("do")))
        if deed is None:
            failure = f"there is nothing called {request.get('do')!r} to do"
            raise ImpossibleError(failure)
        return await deed(self, viewer, request) or {}

    async def say(self, viewer: Viewer, request: Json) -> None:
        """Write a text; one that is too long goes out in parts, as from Telegram's apps."""
        reply_to = _find_message(viewer, request["reply_to"]) if request.get("reply_to") else None
        parts = split_text(_read_text(request, "text"))
        for part in parts:
            place = viewer.place
            viewer.person.says(part, chat=place.chat, topic=place.topic, reply_to=reply_to)

    async def start(self, viewer: Viewer, request: Json) -> None:
        """Press START."""
        viewer.person.starts(_read_text(request, "parameter", may_be_empty=True))

    async def edit(self, viewer: Viewer, request: Json) -> None:
        """Edit an own message."""
        message = _find_message(viewer, request.get("message"))
        if message.sender is not viewer.person:
            failure = "only the own messages can be edited"
            raise ImpossibleError(failure)
        text = split_text(_read_text(request, "text"))[0]
        if text != message.text:
            viewer.person.edits(message, text)

    async def press(self, viewer: Viewer, request: Json) -> Json:
        """Press an inline button, and wait for what the bot answers."""
        message = _find_message(viewer, request.get("message"))
        rows = (message.reply_markup or {}).get("inline_keyboard", [])
        try:
            data = rows[int(request["row"])][int(request["column"])]["callback_data"]
        except (KeyError, IndexError, TypeError, ValueError):
            failure = "there is no such button any more"
            raise ImpossibleError(failure) from None
        press = viewer.person.calls_back(message, data)
        answer = await press.bell.until(lambda: press.answer, PRESS_SECONDS)
        return {"note": answer.text, "alert": answer.show_alert} if answer else {}

    async def inline(self, viewer: Viewer, request: Json) -> Json:
        """Type "@bot …" and wait for the results."""
        query = _read_text(request, "query", may_be_empty=True)
        offset = _read_text(request, "offset", may_be_empty=True)
        question = viewer.person.asks_inline(query, offset, chat=viewer.place.chat)
        answer = await question.bell.until(lambda: question.answer, _INLINE_SECONDS)
        return _describe_results(question.id, answer) if answer else {"results": []}

    async def choose(self, viewer: Viewer, request: Json) -> None:
        """Send one of the results."""
        question = self.scene.api.cloud.inline_questions.get(str(request.get("query")))
        answer = question.answer if question else None
        chosen = str(request.get("result"))
        if answer is None or chosen not in [result["id"] for result in answer.results]:
            failure = "there is no such result any more"
            raise ImpossibleError(failure)
        viewer.person.chooses(answer, chosen, chat=viewer.place.chat, topic=viewer.place.topic)

    async def fail(self, _viewer: Viewer, request: Json) -> None:
        """Make the next call of a method fail, or all calls until healed."""
        kind = _FAILURES.get(str(request.get("kind")))
        if kind is None:
            failure = f"Telegram does not fail like {request.get('kind')!r}"
            raise ImpossibleError(failure)
        method = _read_text(request, "method")
        self.scene.api.fail(method, kind(), times=None if request.get("always") else 1)
        if method in ("*", "getUpdates"):
            self.scene.api.updates.end_poll()
        self.scene.api.call_bell.ring()

    async def heal(self, _viewer: Viewer, _request: Json) -> None:
        """End every failure."""
        self.scene.api.heal()
        self.scene.api.call_bell.ring()

    async def forget_all(self, _viewer: Viewer, _request: Json) -> None:
        """Forget everything, the bot's memory too."""
        await self.forget()


_DEEDS: dict[str, Callable[[Deeds, Viewer, Json], Awaitable[Json | None]]] = {
    "say": Deeds.say,
    "start": Deeds.start,
    "edit": Deeds.edit,
    "press": Deeds.press,
    "inline": Deeds.inline,
    "choose": Deeds.choose,
    "fail": Deeds.fail,
    "heal": Deeds.heal,
    "forget": Deeds.forget_all,
}


def split_text(text: str) -> list[str]:
    """Return a text in parts that Telegram takes, broken at lines and words where there are any.

    >>> split_text("Who signed it?")
    ['Who signed it?']
    """
    parts = []
    while utf16_length(text) > MAX_TEXT:
        # So many characters fit however many units each of them takes.
        head = text[:MAX_TEXT] if text[:MAX_TEXT].isascii() else text[: MAX_TEXT // 2]
        breaks = [match.end() for match in re.finditer(r"\s", head)]
        end = breaks[-1] if breaks else len(head)
        parts.append(text[:end].strip())
        text = text[end:]
    return [part for part in (*parts, text.strip()) if part]


def _read_text(request: Json, name: str, *, may_be_empty: bool = False) -> str:
    value = request.get(name, "")
    if not isinstance(value, str) or not (may_be_empty or value.strip()):
        failure = f"{name} must be a text"
        raise ImpossibleError(failure)
    # JSON can smuggle in halves of surrogate pairs, which no keyboard types.
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _find_message(viewer: Viewer, message_id: object) -> Message:
    found = viewer.place.chat.message(message_id) if isinstance(message_id, int) else None
    if found is None:
        failure = "that message is not there any more"
        raise ImpossibleError(failure)
    return found


def _describe_results(query_id: str, answer: InlineAnswer) -> Json:
    return {
        "query": query_id,
        "results": [
            {
                "id": result["id"],
                "title": result.get("title", ""),
                "description": result.get("description", ""),
            }
            for result in answer.results
        ],
        "next_offset": answer.next_offset,
        "button": answer.button,
    }
