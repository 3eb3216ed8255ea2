"""The queue of updates for the bot, and the long poll that empties it.

Delivered at least once: an update stays until a higher offset is asked for, or until it is too old.
An update is written out when it happens, so it shows what was true then. One poll waits at a time;
the next one ends it with a conflict. Telegram's brakes on impatient pollers are not here.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.sandbox.limits.parameters import names
from bot.sandbox.limits.refusals import Json, conflict, refuse_here
from bot.sandbox.world.waiting import Bell

if TYPE_CHECKING:
    from bot.sandbox.limits.parameters import Value
    from bot.sandbox.world.waiting import Clock

KINDS = names(
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages guest_message message_reaction "
    "message_reaction_count inline_query chosen_inline_result callback_query shipping_query "
    "pre_checkout_query poll poll_answer my_chat_member chat_member chat_join_request chat_boost "
    "removed_chat_boost purchased_paid_media managed_bot"
)
DEFAULT_KINDS = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
DAY = 86_400.0
_KEPT_SECONDS = {"callback_query": 150.0, "inline_query": 30.0}
_MAX_BATCH = 100


@dataclass(frozen=True)
class Update:
    """One update, already written as JSON."""

    id: int
    kind: str
    body: str
    expires_at: float


class UpdateQueue:
    """What the bot has not confirmed yet, in order."""

    def __init__(self, clock: Clock) -> None:
        """Begin with an empty queue."""
        self.next_id = 700_000_001
        self.allowed = DEFAULT_KINDS
        self.bell = Bell()
        self._clock = clock
        self._waiting: deque[Update] = deque()
        self._confirmed: deque[Update] = deque(maxlen=_MAX_BATCH)
        self._poll: asyncio.Future[None] | None = None

    @property
    def is_polled(self) -> bool:
        """Whether the bot waits for updates now."""
        return self._poll is not None

    def push(self, kind: str, payload: Json) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        if kind not in self.allowed:
            return
        body = json.dumps({"update_id": self.next_id, kind: payload}, ensure_ascii=False)
        self.push_body(body, _KEPT_SECONDS.get(kind, DAY), kind)

    def push_body(self, body: str, kept_seconds: float = DAY, kind: str = "") -> None:
        """Queue what is said to be the JSON of the update numbered `next_id`, whatever it is."""
        self._waiting.append(Update(self.next_id, kind, body, self._clock.now() + kept_seconds))
        self.next_id += 1
        self.bell.ring()
        if self._poll and not self._poll.done():
            self._poll.set_result(None)

    def pending(self) -> list[Update]:
        """Return what is not confirmed and not too old."""
        now = self._clock.now()
        if any(update.expires_at <= now for update in self._waiting):
            self._waiting = deque(update for update in self._waiting if update.expires_at > now)
        return list(self._waiting)

    def first(self) -> Update | None:
        """Return the update that is next in line."""
        now = self._clock.now()
        while self._waiting and self._waiting[0].expires_at <= now:
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def forget(self, below: int) -> None:
        """Drop every update whose id is lower."""
        while self._waiting and self._waiting[0].id < below:
            self._confirmed.append(self._waiting.popleft())
        if not self._waiting:
            self.bell.ring()

    def repeat(self) -> None:
        """Deliver again what was confirmed lately, as if Telegram had not heard so."""
        self._waiting.extendleft(reversed(self._confirmed))
        self._confirmed.clear()
        self.bell.ring()

    def clear(self) -> None:
        """Drop everything."""
        self._waiting.clear()
        self.bell.ring()

    def allow(self, kinds: Value) -> None:
        """Remember which kinds the bot wants; None leaves that as it was."""
        if kinds is None:
            return
        if not isinstance(kinds, list):
            refuse_here("allowed_updates must be an Array of String")
        if unknown := [kind for kind in kinds if kind not in KINDS]:
            refuse_here(f"allowed_updates names {unknown[0]!r}")
        self.allowed = frozenset(kinds) or DEFAULT_KINDS

    async def poll(self, offset: int, limit: int, seconds: float) -> str:
        """Return a batch as a JSON array, waiting for the first update if there is none."""
        if offset < 0:
            keep = self.pending()[offset:]
            self._waiting = deque(keep)
        else:
            self.forget(offset)
        batch = self._batch(limit)
        if not batch and seconds > 0:
            self.end_poll(
                "terminated by other getUpdates request; make sure that only one bot instance is running"
            )
            await self._wait(seconds)
            batch = self._batch(limit)
        return f"[{','.join(batch)}]"

    def end_poll(self, reason: str | None = None) -> None:
        """End the poll that waits: with a conflict, or with what there is."""
        if self._poll and not self._poll.done():
            if reason is None:
                self._poll.set_result(None)
            else:
                self._poll.set_exception(conflict(reason))

    async def _wait(self, seconds: float) -> None:
        poll = asyncio.get_running_loop().create_future()
        self._poll = poll
        try:
            async with asyncio.timeout(seconds):
                await poll
        except TimeoutError:
            pass
        finally:
            if self._poll is poll:
                self._poll = None

    def _batch(self, limit: int) -> list[str]:
        self.first()
        now = self._clock.now()
        size = max(1, min(limit, _MAX_BATCH))
        batch: list[str] = []
        for update in self._waiting:
            if len(batch) == size:
                break
            if update.expires_at > now:
                batch.append(update.body)
        return batch
