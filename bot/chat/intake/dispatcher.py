"""Updates from the inbox to their handlers: in order within each chat, chats in parallel.

python-telegram-bot handles updates either one after the other or all at once in no order, and
forgets them when the process ends. Here an update waits for the one before it in its chat, chats
take turns, and an update leaves the inbox when it is done. Of a long backlog only the ids are in
memory; it grows on disk. The dispatcher does not interpret updates, except for how soon they are stale.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from telegram import Update
from telegram.constants import UpdateType

from bot.chat.intake.chat_queues import ChatQueue, ChatQueues
from bot.chat.wire.bot_api import BotApplication, RawUpdate, is_id
from bot.chat.wire.update_in_hand import Handling, in_hand
from bot.journal.database import DatabaseUnavailableError
from bot.journal.inbox import Entry, Inbox
from bot.metrics import Metrics
from bot.pauses import GrowingPause

_LOG = logging.getLogger(__name__)
_PLACES = 128
_MOST_ATTEMPTS = 10
_GIVEN_UP_S = 24 * 60 * 60.0
_UNREADABLE_S = 5.0
# How long Telegram accepts an answer to it.
_INLINE_QUERY_LASTS = timedelta(seconds=30)
_KINDS = tuple(UpdateType)


class GaveUpError(Exception):
    """The bot ended again and again while it handled the same update."""


class Dispatcher:
    """Handles the updates of many chats in parallel, in order within each chat."""

    def __init__(  # noqa: PLR0913 - half of them are limits
        self,
        application: BotApplication,
        inbox: Inbox,
        metrics: Metrics,
        *,
        most_at_hand: int,
        press_lasts_s: float,
        first_pause_s: float,
        longest_pause_s: float,
    ) -> None:
        """Begin with nothing to do; ``resume`` takes up what an earlier run left.

        At most ``most_at_hand`` updates are kept in memory whole. For ``press_lasts_s`` Telegram accepts
        an answer to a pressed button. The pauses are those after which an update that could not be
        answered is taken up again.
        """
        self._application = application
        self._inbox = inbox
        self._metrics = metrics
        self._most_at_hand = most_at_hand
        self._press_lasts = timedelta(seconds=press_lasts_s)
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._queues = ChatQueues(_PLACES)
        self._timers: dict[ChatQueue, asyncio.TimerHandle] = {}
        self._postponed: dict[ChatQueue, Handling] = {}
        self._running: dict[ChatQueue, asyncio.Task[None]] = {}
        self._at_hand: dict[int, Entry] = {}
        self._earlier: set[int] = set()
        self._changed = asyncio.Event()
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """The number of updates that are not done, including those being handled."""
        return self._queues.waiting

    @property
    def handling(self) -> int:
        """The number of updates being handled."""
        return self._queues.handled

    @property
    def is_durable(self) -> bool:
        """Whether all that arrived is on disk, so that the next run can take it up."""
        return self._inbox.is_durable

    async def resume(self) -> None:
        """Take up the updates that an earlier run left undone, once the inbox can be read."""
        while True:
            try:
                owed = await self._inbox.list_owed()
            except DatabaseUnavailableError:
                await asyncio.sleep(_UNREADABLE_S)
                continue
            break
        known = self._queues.list_ids()
        left = [entry for entry in owed if entry.update_id not in known]
        if left:
            _LOG.warning("Taking up %d updates that were not done when the bot ended", len(left))
        for entry in left:
            self._earlier.add(entry.update_id)
            self._queues.append(entry.update_id, entry.chat_id)
        self._advance()

    async def receive(self, raws: Iterable[RawUpdate]) -> None:
        """Keep updates in the inbox, and handle those that are new.

        Raises:
            InboxFullError: they cannot be kept now; none of them is handled.
        """
        received_at = datetime.now(UTC)
        entries = [
            Entry(raw["update_id"], _find_chat(raw), json.dumps(raw, separators=(",", ":")), received_at)
            for raw in raws
        ]
        for entry in await self._inbox.receive(entries):
            self._queues.append(entry.update_id, entry.chat_id)
            if len(self._at_hand) < self._most_at_hand:
                self._at_hand[entry.update_id] = entry
        self._advance()

    async def close(self, seconds: float) -> bool:
        """Go on for at most ``seconds``, then cancel; tell whether nothing was cancelled.

        Postponed updates are not waited for.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not self._queues.is_idle:
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
        for timer in self._timers.values():
            timer.cancel()
        if self.waiting:
            fate = "taken up at the next start" if self.is_durable else "lost, unless they can be written now"
            _LOG.warning("%d updates are not done; they will be %s", self.waiting, fate)
        return not broken_off

    def _advance(self) -> None:
        """Begin to handle as many updates as there are places."""
        while not self._is_closed and (queue := self._queues.take()) is not None:
            self._running[queue] = asyncio.get_running_loop().create_task(self._handle_first(queue))

    async def _handle_first(self, queue: ChatQueue) -> None:
        """Handle the first update of a queue; then the queue waits for its next turn."""
        handling = self._postponed.pop(queue, None) or Handling(
            str(queue.first),
            queue.chat_id,
            is_repeated=queue.first in self._earlier,
            pause=GrowingPause(self._first_pause_s, self._longest_pause_s),
        )
        handling.postponed_s = None
        in_hand.set(handling)
        is_broken_off = False
        try:
            await self._handle(queue.first, handling)
        except asyncio.CancelledError:
            is_broken_off = True
            raise
        finally:
            del self._running[queue]
            if is_broken_off:
                self._queues.leave(queue)
            else:
                self._conclude(queue, handling)
            self._changed.set()
            self._advance()

    async def _handle(self, update_id: int, handling: Handling) -> None:
        """Have an update handled, unless it is stale."""
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
        # An update that was postponed is owed a message, which may come at any time.
        if not handling.attempts and self._is_stale(update, entry.received_at):
            _LOG.warning("A button press or inline query is too old to be answered")
            return
        if not handling.attempts:
            self._metrics.count_update(_name_kind(update))
        await self._application.process_update(update)
        if handling.postponed_s is None:
            self._metrics.observe_reply((datetime.now(UTC) - entry.received_at).total_seconds())

    async def _fetch(self, update_id: int) -> tuple[Entry | None, int]:
        """Read an update from the inbox, and how often the bot has ended while it was not done.

        Raises:
            DatabaseUnavailableError: the inbox cannot be read now.
        """
        found = await self._inbox.read(update_id, is_repeated=update_id in self._earlier)
        # Attempts count the ends of the bot, not the postponements within this run.
        self._earlier.discard(update_id)
        return found or (None, 0)

    def _read(self, entry: Entry) -> Update | None:
        try:
            return Update.de_json(json.loads(entry.payload), self._application.bot)
        except Exception as error:  # noqa: BLE001 - one odd update must not stop the others
            _LOG.error("Update %s cannot be parsed and is skipped: %r", entry.update_id, error)
            return None

    def _conclude(self, queue: ChatQueue, handling: Handling) -> None:
        """Take a handled update out of its queue, or let the queue wait if it was postponed."""
        if handling.postponed_s is not None and handling.age_s > _GIVEN_UP_S:
            _LOG.error("Giving up an update that could not be answered for a day")
        elif handling.postponed_s is not None:
            self._queues.leave(queue)
            self._postponed[queue] = handling
            loop = asyncio.get_running_loop()
            self._timers[queue] = loop.call_later(handling.postponed_s, self._resume_queue, queue)
            return
        handling.is_concluded = True
        if not handling.is_chat_gone:
            self._forget(self._queues.finish(queue))
            return
        finished = self._queues.finish_all(queue)
        for update_id in finished:
            self._forget(update_id)
        if finished[1:]:
            _LOG.info("Dropped %d updates of a chat that takes no messages", len(finished) - 1)

    def _forget(self, update_id: int) -> None:
        """Mark an update as done, and drop its content."""
        self._at_hand.pop(update_id, None)
        self._earlier.discard(update_id)
        self._inbox.finish(update_id)

    def _resume_queue(self, queue: ChatQueue) -> None:
        del self._timers[queue]
        self._queues.resume(queue)
        self._advance()

    def _is_stale(self, update: Update, received_at: datetime) -> bool:
        """Tell whether an update is so old that Telegram would refuse any answer to it."""
        age = datetime.now(UTC) - received_at
        if update.callback_query is not None:
            return age > self._press_lasts
        return update.inline_query is not None and age > _INLINE_QUERY_LASTS


def _find_chat(raw: RawUpdate) -> int | None:
    """Return the id of the chat of an update, or else of its sender."""
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
    """Return the kind of an update, as Telegram names it."""
    return next((name for name in _KINDS if getattr(update, name) is not None), "other")
