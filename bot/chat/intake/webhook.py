"""The webhook: a web server to which Telegram sends updates, behind a reverse proxy that does TLS.

An update is confirmed once it is in the inbox; until then Telegram sends it again. Calls without the
secret are rejected.
"""

import asyncio
import hmac
import json
import logging
import time
from urllib.parse import urlsplit

from aiohttp import web
from telegram.error import BadRequest

from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.http_server import HttpServer
from bot.chat.intake.outages import Outage, connect
from bot.chat.intake.polling import ALLOWED_UPDATES
from bot.chat.wire.bot_api import BotApplication, ChatError, is_update
from bot.journal.inbox import InboxFullError

_LOG = logging.getLogger(__name__)
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_MOST_BYTES = 1_048_576
_CONNECTIONS = 40
# The name servers that Telegram asks may be down for a while.
_UNRESOLVED = "resolve host"


class Webhook:
    """Receives updates at an address, and hands them to the dispatcher."""

    def __init__(  # noqa: PLR0913 - most of them are parts of the address
        self,
        application: BotApplication,
        dispatcher: Dispatcher,
        *,
        url: str,
        host: str,
        port: int,
        secret: str,
        outage: Outage,
        log_rejected_every_s: float,
    ) -> None:
        """``url`` is the public address; ``host`` and ``port`` are where the reverse proxy connects."""
        self._application = application
        self._outage = outage
        self._dispatcher = dispatcher
        self._url = url
        self._path = urlsplit(url).path or "/"
        self._secret = secret
        self._host = host
        self._port = port
        self._rejections = _Rejections(log_rejected_every_s)
        self._server = HttpServer(self._answer, most_bytes=_MOST_BYTES)
        self._is_receiving = False

    @property
    def is_receiving(self) -> bool:
        """Whether the server listens and Telegram knows its address."""
        return self._is_receiving

    async def connect(self) -> None:
        """Check the token and listen, however long that takes.

        Raises:
            ChatError: the port is taken, or Telegram does not know the token.
        """
        await connect(self._application, self._application.bot.get_me, self._outage)
        try:
            await self._server.listen(self._host, self._port)
        except OSError as error:
            message = f"BOT_WEBHOOK_PORT: cannot listen at {self._host}:{self._port}: {error.strerror}"
            raise ChatError(message) from None

    async def run(self) -> None:
        """Tell Telegram the address, and receive updates for ever.

        Raises:
            ChatError: Telegram refuses the address.
        """
        await connect(self._application, self._announce, self._outage)
        self._is_receiving = True
        _LOG.info("Receiving updates from Telegram at %s:%d", self._host, self._port)
        await asyncio.Event().wait()

    async def leave(self) -> None:
        """Close the server; Telegram keeps new updates meanwhile, since the address stays set."""
        self._is_receiving = False
        await self._server.close()

    async def _announce(self) -> None:
        """Tell Telegram the address; one that it refuses ends the bot, since it would refuse it again."""
        try:
            await self._application.bot.set_webhook(
                self._url,
                secret_token=self._secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_CONNECTIONS,
            )
        except BadRequest as error:
            if _UNRESOLVED in error.message.lower():
                raise
            message = f"BOT_WEBHOOK_URL: Telegram refuses the address: {error.message}"
            raise ChatError(message) from None

    async def _answer(self, request: web.Request, body: bytes) -> web.Response:
        """Keep an update: 200 once it is on disk, 503 if Telegram must send it again."""
        if request.raw_path.partition("?")[0] != self._path:
            return web.Response(status=404)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "POST"})
        given = request.headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret.encode()):
            self._rejections.count()
            return web.Response(status=403)
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError):
            raw = None
        if not is_update(raw):
            return web.Response(status=400)
        try:
            await self._dispatcher.receive([raw])
        except InboxFullError:
            return web.Response(status=503)
        return web.Response()


class _Rejections:
    """Counts calls without the secret; logs only their number, now and then, since anybody may call."""

    def __init__(self, log_every_s: float) -> None:
        self._log_every_s = log_every_s
        self._unlogged = 0
        self._logged_at: float | None = None

    def count(self) -> None:
        self._unlogged += 1
        now = time.monotonic()
        if self._logged_at is None or now - self._logged_at >= self._log_every_s:
            _LOG.warning("Rejected webhook calls without the secret: %d", self._unlogged)
            self._unlogged, self._logged_at = 0, now
