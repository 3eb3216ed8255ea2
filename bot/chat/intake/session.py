"""The bot's time on Telegram: connect, receive messages until told to stop, and end in time.

How updates arrive, by polling or by webhook, is a receiver's business. What is in hand at the
end is finished within some seconds; what is not stays in the inbox for the next start.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol

from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.wire.bot_api import BotApplication

_LOG = logging.getLogger(__name__)
# With what is handled to the end, less than the five seconds after which a service manager may lose
# patience.
_STOPPING_S = 0.5


class Receiver(Protocol):
    """A way in which updates arrive."""

    @property
    def is_receiving(self) -> bool:
        """Whether updates arrive now, as far as can be known."""

    async def connect(self) -> None:
        """Make sure of the token, and that updates arrive this way, however long it takes."""

    async def run(self) -> None:
        """Receive updates for ever."""

    async def leave(self) -> None:
        """Tell Telegram, if it listens at once, that what arrived is in good hands; close what was opened.

        It may be called however far ``connect`` got.
        """


async def serve(
    application: BotApplication,
    dispatcher: Dispatcher,
    receiver: Receiver,
    stop: asyncio.Event,
    *,
    finish_within_s: float,
) -> None:
    """Be on Telegram until ``stop`` is set; then end within five seconds.

    So long what is in hand at the end may take; what is not done then is broken off.

    Raises:
        ChatError: Telegram does not know the token, another instance uses it for good, or the
            port is taken.
    """
    try:
        await _unless(stop, receiver.connect())
        if not stop.is_set():
            await application.start()
            _LOG.info("Answering as @%s", application.bot.username)
            async with _beside(application, dispatcher):
                await _unless(stop, receiver.run())
    finally:
        # Updates may have arrived as soon as the receiver began to connect.
        await dispatcher.close(finish_within_s)
        if application.running:
            await _stop(application)
        await receiver.leave()
        await application.shutdown()
        # Where connecting failed, the application has nothing to shut down, but the bot has.
        await application.bot.shutdown()


@contextlib.asynccontextmanager
async def _beside(application: BotApplication, dispatcher: Dispatcher) -> AsyncIterator[None]:
    """Take up what was left and do what else the application has to, for as long as the work within lasts."""
    doing = [_start(dispatcher.resume(), "What was left undone is not taken up")]
    if application.post_init is not None:
        doing.append(
            _start(application.post_init(application), "The admins are told of no troubles any more")
        )
    try:
        yield
    finally:
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)


def _start(work: Coroutine[Any, Any, None], failure: str) -> asyncio.Task[None]:
    """Do something beside everything else, and say so where it fails."""

    def report(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _LOG.error(failure, exc_info=error)

    task = asyncio.create_task(work)
    task.add_done_callback(report)
    return task


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Do the work until it is done or ``stop`` is set; raise what it raises."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        stopping.cancel()
        working.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


async def _stop(application: BotApplication) -> None:
    """Stop the application, and whatever its handlers began and still do."""
    stopping = asyncio.create_task(application.stop())
    await asyncio.wait({stopping}, timeout=_STOPPING_S)
    if not stopping.done():
        _LOG.warning("What still runs beside the updates is broken off")
        stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
