"""The first calls to Telegram, repeated until they work: no outage ends the bot, a wrong token does."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.chat.wire.bot_api import BotApplication, ChatError, Connection
from bot.chat.wire.sending import seconds_to_wait
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)
_LONGEST_PAUSE_S = 30.0
_TOLD_AFTER_S = 60.0


async def connect(application: BotApplication, prepare: Callable[[], Awaitable[object]]) -> None:
    """Make sure of the token and prepare how updates arrive, however long it takes.

    Raises:
        ChatError: Telegram does not know the token.
    """
    weather = Outage(application.bot)
    while True:
        try:
            await application.initialize()
            await prepare()
        except InvalidToken:
            raise explain_invalid_token() from None
        except TelegramError as error:
            await weather.sit_out(error)
        else:
            weather.clear()
            return


class Outage:
    """How calls fare that are repeated for ever: it pauses ever longer, and says so in single lines."""

    def __init__(self, connection: Connection) -> None:
        """Begin under a clear sky."""
        self._connection = connection
        self._pauses = _grow_pauses()
        self._failing_since: float | None = None
        self._told: set[TroubleKind] = set()

    async def sit_out(self, error: TelegramError) -> None:
        """Say in one line what went wrong, and wait a while."""
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        pause = seconds_to_wait(error) if isinstance(error, RetryAfter) else next(self._pauses)
        if isinstance(error, Conflict):
            detail = f"Another instance of the bot uses this token ({error.message})"
            self._tell(TroubleKind.OTHER_INSTANCE, detail)
        else:
            detail = f"Telegram cannot be reached ({error.message})"
            if now - self._failing_since > _TOLD_AFTER_S:
                self._tell(TroubleKind.TELEGRAM_UNREACHABLE, detail)
        _LOG.warning("%s; trying again in %.0f s", detail, pause)
        await asyncio.sleep(pause)

    def clear(self) -> None:
        """Take notice that a call worked."""
        if self._failing_since is None:
            return
        seconds = time.monotonic() - self._failing_since
        _LOG.info("Telegram answers again, after %.0f s", seconds)
        for kind in self._told:
            detail = "Telegram answers again"
            self._connection.report_trouble(Trouble(kind, detail, is_over=True, lasted_s=seconds))
        self._told.clear()
        self._failing_since, self._pauses = None, _grow_pauses()

    def _tell(self, kind: TroubleKind, detail: str) -> None:
        self._told.add(kind)
        self._connection.report_trouble(Trouble(kind, detail))


def explain_invalid_token() -> ChatError:
    """Return what ends the bot where Telegram does not know its token."""
    return ChatError(
        "Telegram does not know the token: set BOT_TOKEN to the one that @BotFather gives"
        " (or BOT_API_URL, if that is no Bot API server)"
    )


def _grow_pauses() -> Iterator[float]:
    pause = 1.0
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE_S)
