"""The order of updates: each chat's one after the other, chats side by side.

python-telegram-bot either handles all updates in one line or all at once in no order. Here an
update waits for the one before it in its chat, and only then takes one of the places, so a chat
that writes much holds up nobody else. Nothing is kept about a chat whose updates are done.
"""

import asyncio
import inspect
from collections.abc import Awaitable

from telegram import Update
from telegram.ext import BaseUpdateProcessor

_WAITING = 10_000


class ChatOrder(BaseUpdateProcessor):
    """Handles at most ``places`` chats' updates at a time, in order within each chat."""

    def __init__(self, places: int) -> None:
        """Begin with nothing to do."""
        super().__init__(_WAITING)
        self._places = asyncio.Semaphore(places)
        self._last: dict[int, asyncio.Event] = {}
        self._handling: set[asyncio.Task[None]] = set()

    @property
    def waiting_chats(self) -> int:
        """How many chats have updates that are not done."""
        return len(self._last)

    async def initialize(self) -> None:
        """Begin; nothing needs to be opened."""

    async def shutdown(self) -> None:
        """Break off what is still being handled, and wait until it has ended."""
        handling = list(self._handling)
        for task in handling:
            task.cancel()
        await asyncio.gather(*handling, return_exceptions=True)

    async def do_process_update(self, update: object, coroutine: Awaitable[None]) -> None:
        """Handle an update once those before it in its chat are done."""
        task = asyncio.current_task()
        if task is not None:
            self._handling.add(task)
        try:
            await self._take_turn(update, coroutine)
        finally:
            if task is not None:
                self._handling.discard(task)
            if inspect.iscoroutine(coroutine):
                # Harmless once it has run; one that was broken off before its turn is ended.
                coroutine.close()

    async def _take_turn(self, update: object, coroutine: Awaitable[None]) -> None:
        chat_id = _find_chat(update)
        if chat_id is None:
            async with self._places:
                await coroutine
            return
        done = asyncio.Event()
        before = self._last.get(chat_id)
        self._last[chat_id] = done
        try:
            if before is not None:
                await before.wait()
            async with self._places:
                await coroutine
        finally:
            done.set()
            if self._last.get(chat_id) is done:
                del self._last[chat_id]


def _find_chat(update: object) -> int | None:
    """Return the id of the chat, or of the person, that an update belongs to."""
    if not isinstance(update, Update):
        return None
    if update.effective_chat is not None:
        return update.effective_chat.id
    return update.effective_user.id if update.effective_user is not None else None
