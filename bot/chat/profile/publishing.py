"""Setting the profile of the bot on Telegram, step by step, until all of it is set.

A step that fails is logged and tried again later; it stops neither the start nor the other steps.
This module does not know what the steps set.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable

from telegram.error import RetryAfter, TelegramError

from bot.chat.wire.sending import seconds_to_wait
from bot.pauses import GrowingPause

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 3600.0

Step = Callable[[], Awaitable[None]]
"""Sets one thing, or raises a TelegramError."""


async def publish(
    steps: Iterable[Step],
    *,
    first_pause_s: float = 30.0,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Take all steps; repeat those that failed, after growing pauses, until each has succeeded."""
    left = list(steps)
    pause = GrowingPause(first_pause_s, _LONGEST_PAUSE_S)
    while True:
        left, least_pause = await _take(left)
        if not left:
            return
        wait = max(pause.grow(), least_pause)
        _LOG.warning("%d menus or descriptions are not set; trying again in %.0f s", len(left), wait)
        await sleep(wait)


async def _take(steps: list[Step]) -> tuple[list[Step], float]:
    """Take steps; return those that failed, and how many seconds Telegram asks to wait."""
    left: list[Step] = []
    for number, step in enumerate(steps):
        try:
            await step()
        except RetryAfter as error:
            return left + steps[number:], seconds_to_wait(error)
        except TelegramError as error:
            _LOG.info("A menu or description is not set yet: %s", error)
            left.append(step)
    return left, 0.0
