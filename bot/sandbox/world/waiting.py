"""Waiting for something to happen in the same event loop, and the clock all of it runs by."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")


class Clock:
    """The time on Telegram's side. It can be moved forward, so that things grow old in a test."""

    def __init__(self) -> None:
        """Start at the real time."""
        self._ahead_seconds = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time() + self._ahead_seconds

    def date(self) -> int:
        """Return the date that a message sent now would carry."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Let time pass without waiting; long polls and `await`s do not notice."""
        self._ahead_seconds += seconds


class Bell:
    """Rung at every change; whoever waits looks again."""

    def __init__(self) -> None:
        """Begin with nobody waiting."""
        self._waiting: set[asyncio.Future[None]] = set()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call somebody at every change from now on."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call them no more."""
        self._watchers.remove(watcher)

    def ring(self) -> None:
        """Wake everybody who waits."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        for watcher in list(self._watchers):
            watcher()

    async def until(self, look: Callable[[], _T | None], seconds: float) -> _T | None:
        """Return what `look` finds, as soon as it finds something, or None when time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            found = look()
            left = deadline - loop.time()
            if found is not None or left <= 0:
                return found
            future: asyncio.Future[None] = loop.create_future()
            self._waiting.add(future)
            try:
                async with asyncio.timeout(left):
                    await future
            except TimeoutError:
                pass
            finally:
                self._waiting.discard(future)
