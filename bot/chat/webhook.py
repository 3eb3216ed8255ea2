"""Updates that Telegram brings: a web server that takes them, behind a proxy that has the certificate.

Telegram is told that an update has arrived once it is in the inbox; until then it brings it
again. Only who knows the secret is listened to. It ends no TLS: a reverse proxy does.
"""

import asyncio
import hmac
import json
import logging
import socket
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from bot.chat.connecting import connect
from bot.chat.connection import BotApplication, ChatError, is_update
from bot.chat.dispatching import Dispatcher
from bot.chat.polling import ALLOWED_UPDATES
from bot.journal.inbox import InboxFullError

_LOG = logging.getLogger(__name__)
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_MOST_BYTES = 1_048_576
_CONNECTIONS = 40


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
        path = urlsplit(url).path or "/"
        self._server = HTTPServer(
            Application([(path, _Door, {"dispatcher": dispatcher, "secret": secret})], log_function=_ignore),
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
        """Take updates for ever."""
        bot = self._application.bot
        await connect(
            self._application,
            lambda: bot.set_webhook(
                self._url,
                secret_token=self._secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_CONNECTIONS,
            ),
        )
        self._is_receiving = True
        _LOG.info("Telegram brings updates to %s:%d", self._host, self._port)
        await asyncio.Event().wait()

    async def leave(self) -> None:
        """Close the door; Telegram keeps what comes meanwhile, since the address stays set."""
        self._is_receiving = False
        self._server.stop()
        await self._server.close_all_connections()


class _Door(RequestHandler):
    """Where Telegram knocks."""

    def initialize(self, dispatcher: Dispatcher, secret: str) -> None:
        """Take who keeps updates, and what only Telegram knows."""
        self._dispatcher = dispatcher
        self._secret = secret

    async def post(self) -> None:
        """Keep an update: 200 once it is on disk, 503 where it must be brought again."""
        given = self.request.headers.get(_SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            _LOG.warning("Somebody without the secret knocked at the webhook")
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
