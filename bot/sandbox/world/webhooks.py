"""Delivery of updates to a webhook: one after the other, each again until the bot says 200.

Telegram delivers on several connections at once and waits longer between attempts; a method in the
bot's answer is not carried out here.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from bot.sandbox.limits.refusals import Json, refuse

if TYPE_CHECKING:
    from bot.sandbox.world.updates import UpdateQueue
    from bot.sandbox.world.waiting import Clock

RETRY_SECONDS = 0.1
_MAX_SECRET = 256
_DEFAULT_CONNECTIONS = 40


class Webhook:
    """Where updates go while the bot does not poll."""

    def __init__(self, updates: UpdateQueue, clock: Clock) -> None:
        """Begin without an address."""
        self.url = ""
        self._updates, self._clock = updates, clock
        self._secret = ""
        self._max_connections = _DEFAULT_CONNECTIONS
        self._last_error: tuple[int, str] | None = None
        self._task: asyncio.Task[None] | None = None

    def set(self, url: str, secret: str, max_connections: int | None) -> str:
        """Deliver to this address from now on, or with an empty one no more; say what was done."""
        if not url:
            description = "Webhook was deleted" if self.url else "Webhook is already deleted"
            self._stop()
            return description
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            refuse("invalid webhook URL specified")
        if len(secret) > _MAX_SECRET:
            refuse("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            refuse("secret token contains unallowed characters")
        if (url, secret) == (self.url, self._secret):
            return "Webhook is already set"
        self._stop()
        self.url, self._secret = url, secret
        self._max_connections = max_connections or _DEFAULT_CONNECTIONS
        self._updates.end_poll("terminated by setWebhook request")
        self._task = asyncio.create_task(self._deliver())
        return "Webhook was set"

    def to_json(self) -> Json:
        """Return what getWebhookInfo tells."""
        info: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.pending()),
        }
        if self.url:
            info |= {"max_connections": self._max_connections, "ip_address": "127.0.0.1"}
        if self._last_error:
            info["last_error_date"], info["last_error_message"] = self._last_error
        return info

    async def close(self) -> None:
        """End the delivery."""
        task = self._task
        self._stop()
        if task:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _stop(self) -> None:
        if self._task:
            self._task.cancel()
        self._task, self._last_error = None, None
        self.url = self._secret = ""

    async def _deliver(self) -> None:
        headers = {"Content-Type": "application/json"}
        if self._secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self._secret
        async with aiohttp.ClientSession(headers=headers) as session:
            while True:
                update = self._updates.first()
                if update is None:
                    await self._updates.bell.until(self._updates.first, 60)
                elif problem := await self._send(session, update.body):
                    self._last_error = (self._clock.date(), problem)
                    await asyncio.sleep(RETRY_SECONDS)
                else:
                    self._updates.forget(update.id + 1)

    async def _send(self, session: aiohttp.ClientSession, body: str) -> str | None:
        """Deliver one update; return what went wrong."""
        try:
            async with session.post(self.url, data=body.encode(), allow_redirects=False) as answer:
                if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls successful
                    return None
                return f"Wrong response from the webhook: {answer.status} {answer.reason}"
        except aiohttp.ClientError:
            return "Connection refused"
        except TimeoutError:
            return "Connection timed out"
