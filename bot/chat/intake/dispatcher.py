"""Updates on their way from the inbox to their handlers: each chat's in order, chats side by side.

python-telegram-bot handles all updates in one line, or all at once in no order, and forgets them
when the process ends. Here an update waits for the one before it in its chat, chats take turns,
and an update leaves the inbox when its effect is done. Of a long backlog only the ids are held in
memory: it grows on disk. It does not know what updates mean, save how soon they are stale.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from telegram import Update
from telegram.constants import UpdateType

from bot.chat.wire.bot_api import BotApplication, RawUpdate, is_id
from bot.chat.wire.update_in_hand import Handling, in_hand
from bot.journal.database import DatabaseUnavailableError
from bot.journal.inbox import Entry, Inbox
from bot.metrics import Metrics

_LOG = logging.getLogger(__name__)
_PLACES = 128
# About 10 MB.
_AT_HAND = 10_000
_MOST_ATTEMPTS = 10
_GIVEN_UP_S = 24 * 60 * 60.0
_UNREADABLE_S = 5.0
# How long Telegram takes an answer to them.
_PRESS_LASTS = timedelta(seconds=150)
_INLINE_QUERY_LASTS = timedelta(seconds=30)
_KINDS = tuple(UpdateType)

_Line: TypeAlias = tuple[int | None, int]
"""What updates wait in line for: their chat's id; or, of no chat, an update's own id."""


class GaveUpError(Exception):
    """An update was taken up again and again, and the bot ended each time before it was done."""


class Dispatcher:
    """Handles the updates of many chats at a time, in order within each chat."""

    def __init__(self, application: BotApplication, inbox: Inbox, metrics: Metrics) -> None:
        """Begin with nothing to do; ``resume`` takes up what an earlier run left."""
        self._application = application
        self._inbox = inbox
        self._metrics = metrics
        self._lines: dict[_Line, deque[int]] = {}
        self._ready: deque[_Line] = deque()
        self._parked: dict[_Line, asyncio.TimerHandle] = {}
        self._postponed: dict[_Line, Handling] = {}
        self._running: dict[_Line, asyncio.Task[None]] = {}
        self._at_hand: dict[int, Entry] = {}
        self._earlier: set[int] = set()
        self._waiting = 0
        self._changed = asyncio.Event()
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """How many updates are not done, those being handled included."""
        return self._waiting

    @property
    def handling(self) -> int:
        """How many updates are being handled."""
        return len(self._running)

    @property
    def is_durable(self) -> bool:
        """Whether what arrived is on disk, so that another run can take it up."""
        return self._inbox.is_durable

    async def resume(self) -> None:
        """Take up what an earlier run of the bot left, once the inbox can be read."""
        while True:
            try:
                owed = await self._inbox.list_owed()
            except DatabaseUnavailableError:
                await asyncio.sleep(_UNREADABLE_S)
                continue
            break
        known = {update_id for line in self._lines.values() for update_id in line}
        left = [entry for entry in owed if entry.update_id not in known]
        if left:
            _LOG.warning("%d updates were not done when the bot ended; they are taken up again", len(left))
        for entry in left:
            self._earlier.add(entry.update_id)
            self._append(entry.update_id, entry.chat_id)
        self._advance()

    async def receive(self, raws: Iterable[RawUpdate]) -> None:
        """Keep updates in the inbox, and handle those that did not come before.

        Raises:
            InboxFullError: they cannot be kept now; none of them is handled.
        """
        received_at = datetime.now(UTC)
        entries = [
            Entry(raw["update_id"], _find_chat(raw), json.dumps(raw, separators=(",", ":")), received_at)
            for raw in raws
        ]
        for entry in await self._inbox.receive(entries):
            self._append(entry.update_id, entry.chat_id)
            if len(self._at_hand) < _AT_HAND:
                self._at_hand[entry.update_id] = entry
        self._advance()

    async def close(self, seconds: float) -> bool:
        """Go on for at most so long, then break off; tell whether nothing was broken off.

        What waits for a chat that Telegram wants left alone is not waited for.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._ready or self._running:
            self._changed.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                break
        self._is_closed = True
        broken_off = list(self._running.values())
        for task in broken_off:
            task.cancel()
        await asyncio.gather(*broken_off, return_exceptions=True)
        for timer in self._parked.values():
            timer.cancel()
        if self._waiting:
            fate = "taken up again at the next start" if self.is_durable else "lost unless the log heals now"
            _LOG.warning("%d updates are not done; they are %s", self._waiting, fate)
        return not broken_off

    def _append(self, update_id: int, chat_id: int | None) -> None:
        key = (chat_id, update_id if chat_id is None else 0)
        line = self._lines.get(key)
        if line is None:
            self._lines[key] = deque([update_id])
            self._ready.append(key)
        else:
            line.append(update_id)
        self._waiting += 1

    def _advance(self) -> None:
        """Begin as many updates as there are places."""
        while self._ready and len(self._running) < _PLACES and not self._is_closed:
            key = self._ready.popleft()
            task = asyncio.get_running_loop().create_task(self._handle_first(key))
            self._running[key] = task

    async def _handle_first(self, key: _Line) -> None:
        """Handle the first update of a line, and let the line take its turn again."""
        line = self._lines[key]
        handling = self._postponed.pop(key, None) or Handling(
            str(line[0]), key[0], is_repeated=line[0] in self._earlier
        )
        handling.postponed_s = None
        in_hand.set(handling)
        is_broken_off = False
        try:
            await self._handle(line[0], handling)
        except asyncio.CancelledError:
            is_broken_off = True
            raise
        finally:
            del self._running[key]
            if not is_broken_off:
                self._conclude(key, line, handling)
            self._changed.set()
            self._advance()

    async def _handle(self, update_id: int, handling: Handling) -> None:
        """Have an update handled, as long as that has a use."""
        entry, attempts = self._at_hand.get(update_id), 0
        if entry is None:
            try:
                entry, attempts = await self._fetch(update_id)
            except DatabaseUnavailableError:
                handling.postpone(_UNREADABLE_S)
                return
        update = self._read(entry) if entry else None
        if entry is None or update is None:
            return
        if attempts > _MOST_ATTEMPTS:
            await self._application.process_error(update, GaveUpError(f"{attempts} attempts"))
            return
        # Once it was taken up, what is owed is a message, for which there is no hurry.
        if not handling.attempts and _is_stale(update, entry.received_at):
            _LOG.warning("A press of a button or an inline query is too old to be answered")
            return
        if not handling.attempts:
            self._metrics.count_update(_name_kind(update))
        await self._application.process_update(update)
        if handling.postponed_s is None:
            self._metrics.observe_reply((datetime.now(UTC) - entry.received_at).total_seconds())

    async def _fetch(self, update_id: int) -> tuple[Entry | None, int]:
        """Read an update out of the inbox, and how often an end of the bot has left it undone.

        Raises:
            DatabaseUnavailableError: the inbox cannot be read now.
        """
        found = await self._inbox.read(update_id, is_repeated=update_id in self._earlier)
        # Attempts count the ends of the bot; what is postponed is taken up again within this run.
        self._earlier.discard(update_id)
        return found or (None, 0)

    def _read(self, entry: Entry) -> Update | None:
        try:
            return Update.de_json(json.loads(entry.payload), self._application.bot)
        except Exception as error:  # noqa: BLE001 - whatever Telegram sends one day, the others are handled
            _LOG.error("Update %s cannot be read and is left out: %r", entry.update_id, error)
            return None

    def _conclude(self, key: _Line, line: deque[int], handling: Handling) -> None:
        """Take a handled update out of its line, or let the line wait."""
        if handling.postponed_s is not None and handling.age_s > _GIVEN_UP_S:
            _LOG.error("An update is given up, which could not be answered for a day")
        elif handling.postponed_s is not None:
            loop = asyncio.get_running_loop()
            self._postponed[key] = handling
            self._parked[key] = loop.call_later(handling.postponed_s, self._resume_line, key)
            return
        handling.is_concluded = True
        self._finish(line.popleft())
        if handling.is_chat_gone and line:
            _LOG.info("%d updates of a chat that takes no messages are dropped", len(line))
            while line:
                self._finish(line.popleft())
        if line:
            self._ready.append(key)
        else:
            del self._lines[key]

    def _finish(self, update_id: int) -> None:
        self._at_hand.pop(update_id, None)
        self._earlier.discard(update_id)
        self._inbox.finish(update_id)
        self._waiting -= 1

    def _resume_line(self, key: _Line) -> None:
        self._parked.pop(key, None)
        self._ready.append(key)
        self._advance()


def _find_chat(raw: RawUpdate) -> int | None:
    """Return the id of the chat, or else of the person, that an update belongs to."""
    for about in raw.values():
        if not isinstance(about, dict):
            continue
        message = about.get("message")
        for belongs_to in (
            about.get("chat"),
            isinstance(message, dict) and message.get("chat"),
            about.get("from"),
        ):
            if isinstance(belongs_to, dict) and is_id(belongs_to.get("id")):
                return int(belongs_to["id"])
    return None


def _name_kind(update: Update) -> str:
    """Return what an update is about, as Telegram names it."""
    return next((name for name in _KINDS if getattr(update, name) is not None), "other")


def _is_stale(update: Update, received_at: datetime) -> bool:
    """Tell whether Telegram would refuse any answer to an update, as nobody waits for it."""
    age = datetime.now(UTC) - received_at
    if update.callback_query is not None:
        return age > _PRESS_LASTS
    return update.inline_query is not None and age > _INLINE_QUERY_LASTS
