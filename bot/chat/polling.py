"""The bot's time on Telegram: connect, fetch messages, and end in time.

python-telegram-bot's own polling cannot be stopped within a pause after an error, goes deaf when
the token is revoked, and repeats a conflict for ever; so the loop is here. A batch of updates is
confirmed by asking for the next one. It handles no update itself.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Coroutine, Iterator
from datetime import timedelta
from typing import NoReturn

from telegram import Update
from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.chat.application import BotApplication, ChatError
from bot.chat.sending import seconds_to_wait

_LOG = logging.getLogger(__name__)
_POLL = timedelta(seconds=30)
_LONGEST_PAUSE_S = 30.0
_CONFLICTS = 20
# What follows is the whole page that a gateway sent instead of an answer.
_PAGE = ". Parsing the server response"
# Together less than the five seconds after which a service manager may lose patience.
_HANDLING_S = 3.0
_BREAKING_OFF_S = 0.5
_CONFIRMING_S = 0.5

ALLOWED_UPDATES = (
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.INLINE_QUERY,
    UpdateType.CHOSEN_INLINE_RESULT,
    UpdateType.MY_CHAT_MEMBER,
)
"""What Telegram is asked for; left out of a call, the setting of an earlier run would hold."""


async def serve(application: BotApplication, stop: asyncio.Event) -> None:
    """Be on Telegram until ``stop`` is set; then end within five seconds.

    Raises:
        ChatError: Telegram does not know the token, or another instance uses it for good.
    """
    polling = _Polling(application)
    try:
        await _unless(stop, polling.connect())
        if not stop.is_set():
            await application.start()
            _LOG.info("Answering as @%s", application.bot.username)
            async with _beside(application):
                await _unless(stop, polling.run())
    finally:
        if application.running and await _finish(application):
            await polling.confirm()
        await application.shutdown()
        # Where connecting failed, the application has nothing to shut down, but the bot has.
        await application.bot.shutdown()


class _Polling:
    """Fetches updates and puts them into the application's queue."""

    def __init__(self, application: BotApplication) -> None:
        self._application = application
        self._offset: int | None = None

    async def connect(self) -> None:
        """Make sure of the token and that no webhook takes the updates, however long it takes."""
        pauses = _grow_pauses()
        while True:
            try:
                await self._application.initialize()
                await self._application.bot.delete_webhook()
            except InvalidToken:
                raise _explain_invalid_token() from None
            except TelegramError as error:
                await _pause(error, pauses)
            else:
                return

    async def run(self) -> NoReturn:
        """Fetch updates for ever."""
        pauses = _grow_pauses()
        conflicts = 0
        is_failing = False
        while True:
            try:
                updates = await self._fetch(_POLL)
            except InvalidToken:
                raise _explain_invalid_token() from None
            except TelegramError as error:
                conflicts = conflicts + 1 if isinstance(error, Conflict) else 0
                if conflicts == _CONFLICTS:
                    message = (
                        "another instance of the bot runs with this token and does not end; stop one of them"
                    )
                    raise ChatError(message) from None
                is_failing = True
                await _pause(error, pauses)
                continue
            if is_failing:
                _LOG.info("Telegram answers again")
                pauses, conflicts, is_failing = _grow_pauses(), 0, False
            for update in updates:
                self._application.update_queue.put_nowait(update)
                self._offset = update.update_id + 1

    async def confirm(self) -> None:
        """Tell Telegram that all that was fetched is handled, if it listens at once."""
        if self._offset is None:
            return
        try:
            async with asyncio.timeout(_CONFIRMING_S):
                await self._fetch(timedelta())
        except (TelegramError, TimeoutError):
            _LOG.info("The last messages were not confirmed; Telegram may deliver them again")

    async def _fetch(self, wait: timedelta) -> tuple[Update, ...]:
        return await self._application.bot.get_updates(
            offset=self._offset, timeout=wait, allowed_updates=ALLOWED_UPDATES
        )


@contextlib.asynccontextmanager
async def _beside(application: BotApplication) -> AsyncIterator[None]:
    """Do what the application has to do once it is there, for as long as the work within lasts."""
    if application.post_init is None:
        yield
        return
    doing = asyncio.create_task(application.post_init(application))
    doing.add_done_callback(_report)
    try:
        yield
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.error("The menus and descriptions were not set", exc_info=error)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> None:
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


async def _finish(application: BotApplication) -> bool:
    """Let what was fetched be handled, and tell whether it was within the time there is."""
    finishing = asyncio.create_task(application.stop())
    await asyncio.wait({finishing}, timeout=_HANDLING_S)
    if finishing.done():
        finishing.result()
        return True
    _LOG.warning("What was still being handled after %.0f s is broken off", _HANDLING_S)
    await application.update_processor.shutdown()
    await asyncio.wait({finishing}, timeout=_BREAKING_OFF_S)
    finishing.cancel()
    await asyncio.wait({finishing}, timeout=_BREAKING_OFF_S)
    return False


async def _pause(error: TelegramError, pauses: Iterator[float]) -> None:
    """Say in one line what went wrong, and wait a while."""
    pause = next(pauses)
    if isinstance(error, RetryAfter):
        pause = seconds_to_wait(error)
    reason = error.message.partition(_PAGE)[0]
    if isinstance(error, Conflict):
        _LOG.warning(
            "Another instance of the bot uses this token (%s); trying again in %.0f s", reason, pause
        )
    else:
        _LOG.warning("Telegram cannot be reached (%s); trying again in %.0f s", reason, pause)
    await asyncio.sleep(pause)


def _grow_pauses() -> Iterator[float]:
    pause = 1.0
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _explain_invalid_token() -> ChatError:
    return ChatError(
        "Telegram does not know the token: set BOT_TOKEN to the one that @BotFather gives"
        " (or BOT_API_URL, if that is no Bot API server)"
    )
