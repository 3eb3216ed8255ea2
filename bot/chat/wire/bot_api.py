"""The connection to the Bot API: how long calls may take, and updates as raw JSON.

python-telegram-bot parses a batch of updates as a whole, so one that it cannot parse would block all
that follow for ever; and it drops the JSON, which the inbox keeps. This module does not interpret
updates.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias, TypeGuard, cast

from telegram import Bot
from telegram.ext import Application, BaseRateLimiter, ContextTypes, ExtBot

from bot.chat.wire.transport import Transport
from bot.metrics import Metrics
from bot.model import Trouble

RawUpdate: TypeAlias = dict[str, Any]
"""An update as Telegram's JSON has it."""

RawMessage: TypeAlias = dict[str, Any]
"""A message as Telegram's JSON has it."""

_Data: TypeAlias = dict[Any, Any]

_CONNECTIONS = 64
_IDS = 2**63


class ChatError(Exception):
    """The bot cannot be on Telegram, or no longer; the message says why, without any secret."""


class Connection(ExtBot[None]):
    """A bot that fetches updates without parsing them, and passes on reports of trouble."""

    def __init__(
        self,
        *,
        report: Callable[[Trouble], None],
        timeout_s: float,
        resend_pause_s: float,
        longest_wait_s: float,
        transports: tuple[Transport, Transport],
        **arguments: Any,  # noqa: ANN401 - the library's
    ) -> None:
        """Report trouble to ``report``; call and fetch updates with ``transports``.

        ``arguments`` are those of ``ExtBot``.
        """
        calling, fetching = self._transports = transports
        super().__init__(request=calling, get_updates_request=fetching, **arguments)
        self._report = report
        self._timeout_s = timeout_s
        self._resend_pause_s = resend_pause_s
        self._longest_wait_s = longest_wait_s

    async def shutdown(self) -> None:
        """Close the connections, also those of a start that was given up half-way."""
        await super().shutdown()
        for transport in self._transports:
            await transport.shutdown()

    async def post_message(self, **parameters: object) -> RawMessage:
        """Send a text and return the message as Telegram's JSON has it; most callers need only its id.

        Raises:
            TelegramError: Telegram cannot be reached or refuses.
        """
        return cast("RawMessage", await self._post("sendMessage", parameters))

    @property
    def resend_pause_s(self) -> float:
        """How long to pause before a message is sent again, the first time."""
        return self._resend_pause_s

    @property
    def longest_wait_s(self) -> float:
        """How long a message waits at most where Telegram asks for it; else it is postponed."""
        return self._longest_wait_s

    @property
    def bot_id(self) -> int:
        """The bot's user id, which is the part of its token before the colon."""
        return int(self.token.partition(":")[0])

    def report_trouble(self, trouble: Trouble) -> None:
        """Pass on that something goes wrong on Telegram, or works again."""
        self._report(trouble)

    async def fetch_updates(
        self, offset: int | None, wait: timedelta, allowed_updates: Sequence[str]
    ) -> list[RawUpdate]:
        """Confirm the updates below ``offset`` and return the next ones, waiting for the first of them.

        Raises:
            TelegramError: Telegram cannot be reached or refuses.
        """
        result = await self._post(
            "getUpdates",
            {"timeout": wait, "offset": offset, "allowed_updates": allowed_updates},
            read_timeout=wait.total_seconds() + self._timeout_s,
        )
        return [raw for raw in result if is_update(raw)] if isinstance(result, list) else []


BotApplication: TypeAlias = Application[Connection, ContextTypes.DEFAULT_TYPE, _Data, _Data, _Data, None]
"""The application of python-telegram-bot with this connection."""


def is_update(raw: object) -> TypeGuard[RawUpdate]:
    """Tell whether something has an id, as every update has."""
    return isinstance(raw, dict) and is_id(raw.get("update_id"))


def is_id(value: object) -> TypeGuard[int]:
    """Tell whether something is an id as Telegram assigns them, small enough for the inbox."""
    return isinstance(value, int) and abs(value) < _IDS


def connection_of(bot: Bot) -> Connection:
    """Return the connection that python-telegram-bot knows as a bot."""
    if not isinstance(bot, Connection):
        message = f"a bot of this application is a Connection, not {type(bot).__name__}"
        raise TypeError(message)
    return bot


def open_connection(  # noqa: PLR0913 - the assembly passes each by name
    *,
    token: str,
    api_url: str,
    proxy: str | None,
    pacing: BaseRateLimiter[None],
    metrics: Metrics,
    report: Callable[[Trouble], None],
    timeout_s: float,
    resend_pause_s: float,
    longest_wait_s: float,
) -> Connection:
    """Make the bot for a token; ``api_url`` is the base of a Bot API server. Nothing is called yet.

    ``timeout_s`` bounds each step of a call.

    Raises:
        ChatError: BOT_PROXY is not a proxy URL.
    """
    base = api_url.rstrip("/")
    return Connection(
        report=report,
        timeout_s=timeout_s,
        resend_pause_s=resend_pause_s,
        longest_wait_s=longest_wait_s,
        token=token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        transports=(
            _build_request(metrics, proxy, _CONNECTIONS, timeout_s),
            _build_request(metrics, proxy, 1, timeout_s),
        ),
        rate_limiter=pacing,
    )


def _build_request(metrics: Metrics, proxy: str | None, connections: int, timeout_s: float) -> Transport:
    try:
        return Transport(metrics, proxy=proxy, connections=connections, timeout_s=timeout_s)
    except (ValueError, RuntimeError):
        # The original error repeats the URL, which may hold a password.
        message = (
            "BOT_PROXY is not the URL of a proxy, such as socks5://127.0.0.1:1080 or http://127.0.0.1:3128"
        )
        raise ChatError(message) from None
