"""Updates that Telegram brings: a web server that takes them, behind a proxy that has the certificate.

Telegram is told that an update has arrived once it is in the inbox; until then it brings it
again. Only who knows the secret is listened to. It ends no TLS: a reverse proxy does.
"""

import asyncio
import hmac
import json
import logging
import re
import socket
import time
from urllib.parse import urlsplit

from telegram.error import BadRequest
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.outages import connect
from bot.chat.intake.polling import ALLOWED_UPDATES
from bot.chat.wire.bot_api import BotApplication, ChatError, is_update
from bot.journal.inbox import InboxFullError

_LOG = logging.getLogger(__name__)
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_MOST_BYTES = 1_048_576
_CONNECTIONS = 40
_TOLD_EVERY_S = 60.0
# Telegram's nameservers may be away as any other.
_UNRESOLVED = "resolve host"


class Webhook:
    """Takes updates at an address, and hands them to the dispatcher."""

    def __init__(  # noqa: PLR0913 - what an address is made of
        self,
        application: BotApplication,
        dispatcher: Dispatcher,
        *,
        url: str,
        host: str,
        port: int,
        secret: str,
    ) -> None:
        """Take the public ``url``, and where the server listens for what the proxy passes on."""
        self._application = application
        self._url = url
        self._secret = secret
        self._host = host
        self._port = port
        path = re.escape(urlsplit(url).path or "/")
        inside = {"dispatcher": dispatcher, "secret": secret, "strangers": _Strangers()}
        self._server = HTTPServer(
            Application([(path, _Door, inside)], log_function=_ignore),
            max_body_size=_MOST_BYTES,
        )
        self._is_receiving = False

    @property
    def is_receiving(self) -> bool:
        """Whether the server listens and Telegram knows its address."""
        return self._is_receiving

    async def connect(self) -> None:
        """Make sure of the token, listen, and have Telegram bring updates here, however long it takes.

        Raises:
            ChatError: the port is taken, or Telegram does not know the token.
        """
        await connect(self._application, self._application.bot.get_me)
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            # Tornado's own listen leaks the socket where the port is taken.
            listening = socket.create_server((self._host, self._port), family=family)
        except OSError as error:
            message = f"BOT_WEBHOOK_PORT: nothing can listen at {self._host}:{self._port}: {error.strerror}"
            raise ChatError(message) from None
        listening.settimeout(0)
        self._server.add_socket(listening)

    async def run(self) -> None:
        """Take updates for ever.

        Raises:
            ChatError: Telegram brings nothing to such an address.
        """
        await connect(self._application, self._announce)
        self._is_receiving = True
        _LOG.info("Telegram brings updates to %s:%d", self._host, self._port)
        await asyncio.Event().wait()

    async def leave(self) -> None:
        """Close the door; Telegram keeps what comes meanwhile, since the address stays set."""
        self._is_receiving = False
        self._server.stop()
        await self._server.close_all_connections()

    async def _announce(self) -> None:
        """Tell Telegram the address; one that it refuses is no better when it is told again."""
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


class _Strangers:
    """Who knocks without the secret: said now and then with a number, since anybody may, and often."""

    def __init__(self) -> None:
        self._unsaid = 0
        self._said_at: float | None = None

    def count(self) -> None:
        self._unsaid += 1
        now = time.monotonic()
        if self._said_at is None or now - self._said_at >= _TOLD_EVERY_S:
            _LOG.warning("Somebody without the secret knocked at the webhook, times: %d", self._unsaid)
            self._unsaid, self._said_at = 0, now


class _Door(RequestHandler):
    """Where Telegram knocks."""

    def initialize(self, dispatcher: Dispatcher, secret: str, strangers: _Strangers) -> None:
        """Take who keeps updates, what only Telegram knows, and who counts those who do not."""
        self._dispatcher = dispatcher
        self._secret = secret
        self._strangers = strangers

    async def post(self) -> None:
        """Keep an update: 200 once it is on disk, 503 where it must be brought again."""
        given = self.request.headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            self._strangers.count()
            self._answer(403)
            return
        try:
            raw = json.loads(self.request.body)
        except (ValueError, RecursionError):
            raw = None
        if not is_update(raw):
            self._answer(400)
            return
        try:
            await self._dispatcher.receive([raw])
        except InboxFullError:
            self._answer(503)

    def _answer(self, status: int) -> None:
        self.set_status(status)
        self.finish()

    def write_error(self, status_code: int, **_arguments: object) -> None:
        """Say nothing about what went wrong but the status."""
        self._answer(status_code)


def _ignore(_handler: RequestHandler) -> None:
    """Log no line for each request: what is done about an update is logged where it is done."""
