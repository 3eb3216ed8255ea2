"""Calls that are repeated until they work: an outage does not end the bot, a wrong token does."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.chat.wire.bot_api import BotApplication, ChatError, Connection
from bot.chat.wire.sending import seconds_to_wait
from bot.model import Trouble, TroubleKind
from bot.pauses import GrowingPause

_LOG = logging.getLogger(__name__)
_FIRST_PAUSE_S = 1.0


async def connect(
    application: BotApplication, prepare: Callable[[], Awaitable[object]], outage: "Outage"
) -> None:
    """Check the token and prepare to receive updates, however long that takes.

    Raises:
        ChatError: Telegram does not know the token.
    """
    while True:
        try:
            await application.initialize()
            await prepare()
        except InvalidToken:
            raise explain_invalid_token() from None
        except TelegramError as error:
            await outage.wait(error)
        else:
            outage.end()
            return


class Outage:
    """A time in which calls fail: the pauses between them grow, and each failure is one line of the log.

    Admins are told of an outage that lasts, and at once of another instance with the same token.
    """

    def __init__(self, connection: Connection, *, longest_pause_s: float, report_after_s: float) -> None:
        self._connection = connection
        self._pause = GrowingPause(_FIRST_PAUSE_S, longest_pause_s)
        self._report_after_s = report_after_s
        self._failing_since: float | None = None
        self._reported: set[TroubleKind] = set()

    async def wait(self, error: TelegramError) -> None:
        """Log in one line why a call failed, and wait before the next attempt."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        pause = seconds_to_wait(error) if isinstance(error, RetryAfter) else self._pause.grow()
        if isinstance(error, Conflict):
            detail = f"Another instance of the bot uses this token ({error.message})"
            self._report(TroubleKind.OTHER_INSTANCE, detail)
        else:
            detail = f"Telegram cannot be reached ({error.message})"
            if now - self._failing_since > self._report_after_s:
                self._report(TroubleKind.TELEGRAM_UNREACHABLE, detail)
        _LOG.warning("%s; trying again in %.0f s", detail, pause)
        await asyncio.sleep(pause)

    def end(self) -> None:
        """Note that a call worked: the outage is over, if there was one."""
        if self._failing_since is None:
            return
        seconds = time.monotonic() - self._failing_since
        _LOG.info("Telegram answers again, after %.0f s", seconds)
        for kind in self._reported:
            detail = "Telegram answers again"
            self._connection.report_trouble(Trouble(kind, detail, is_over=True, lasted_s=seconds))
        self._reported.clear()
        self._failing_since = None
        self._pause.reset()

    def _report(self, kind: TroubleKind, detail: str) -> None:
        self._reported.add(kind)
        self._connection.report_trouble(Trouble(kind, detail))


def explain_invalid_token() -> ChatError:
    """Return the error that ends the bot if Telegram does not know its token."""
    return ChatError(
        "Telegram does not know the token: set BOT_TOKEN to the one that @BotFather gives"
        " (or BOT_API_URL, if that is not a Bot API server)"
    )
