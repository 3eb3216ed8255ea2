"""Calls to Telegram that fail, counted where all of them pass: in the HTTP request.

It changes nothing about the calls, and nothing about what is raised.
"""

from http import HTTPStatus
from typing import Any

from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.metrics import Metrics

# What python-telegram-bot raises for them, by the status that Telegram answers with.
_NAMES: dict[int, str] = {
    HTTPStatus.BAD_REQUEST: "BadRequest",
    HTTPStatus.UNAUTHORIZED: "InvalidToken",
    HTTPStatus.FORBIDDEN: "Forbidden",
    HTTPStatus.NOT_FOUND: "InvalidToken",
    HTTPStatus.CONFLICT: "Conflict",
    HTTPStatus.TOO_MANY_REQUESTS: "RetryAfter",
}
_OTHER = "NetworkError"


class CountingRequest(HTTPXRequest):
    """Makes HTTP requests, and counts those that fail by the name of what is then raised."""

    def __init__(self, metrics: Metrics, **options: Any) -> None:  # noqa: ANN401 - those of HTTPXRequest
        """Take where to count; the options are those of ``HTTPXRequest``."""
        super().__init__(**options)
        self._metrics = metrics

    async def do_request(self, *arguments: Any, **options: Any) -> tuple[int, bytes]:  # noqa: ANN401 - likewise
        """Make a request, and return its status and what was answered."""
        try:
            status, content = await super().do_request(*arguments, **options)
        except TelegramError as error:
            self._metrics.count_api_error(type(error).__name__)
            raise
        if status >= HTTPStatus.BAD_REQUEST:
            self._metrics.count_api_error(_NAMES.get(status, _OTHER))
        return status, content
