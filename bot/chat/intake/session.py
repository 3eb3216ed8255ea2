"""A session on Telegram: connect, receive updates until told to stop, and end in time.

A receiver knows how updates arrive, by polling or by webhook. Updates being handled at the end get
some seconds to finish; those that do not stay in the inbox for the next start.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol

from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.wire.bot_api import BotApplication

_LOG = logging.getLogger(__name__)
# Together with ``finish_within_s`` less than five seconds, after which a service manager may kill us.
_STOPPING_S = 0.5


class Receiver(Protocol):
    """A way in which updates arrive."""

    @property
    def is_receiving(self) -> bool:
        """Whether updates arrive now, as far as can be known."""

    async def connect(self) -> None:
        """Check the token and prepare to receive updates this way, however long that takes."""

    async def run(self) -> None:
        """Receive updates for ever."""

    async def leave(self) -> None:
        """Confirm the updates that arrived, if Telegram answers at once, and close what was opened.

        This works however far ``connect`` got.
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

    At the end, updates being handled get ``finish_within_s`` to finish; then they are cancelled.

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
        # If connecting failed, the application was not initialised, but the bot may have been.
        await application.bot.shutdown()


@contextlib.asynccontextmanager
async def _beside(application: BotApplication, dispatcher: Dispatcher) -> AsyncIterator[None]:
    """Take up what was left undone, and run the work beside the updates, while the body runs."""
    doing = [_start(dispatcher.resume(), "Updates that an earlier run left undone are not taken up")]
    if application.post_init is not None:
        doing.append(_start(application.post_init(application), "Admins are no longer told of trouble"))
    try:
        yield
    finally:
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)


def _start(work: Coroutine[Any, Any, None], failure: str) -> asyncio.Task[None]:
    """Run something in the background, and log its failure."""

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
    """Stop the application and the tasks that its handlers started."""
    stopping = asyncio.create_task(application.stop())
    await asyncio.wait({stopping}, timeout=_STOPPING_S)
    if not stopping.done():
        _LOG.warning("Tasks that still run beside the updates are cancelled")
        stopping.cancel()
    await asyncio.gather(stopping, return_exceptions=True)
