"""The rate of outgoing messages: limited in all and in each chat, and zero where Telegram says wait.

An edited message counts as a message. Where Telegram asks to wait with a chat, only that chat waits.
This module does not repeat calls, and does not know the messages.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from cachetools import LRUCache
from telegram.error import RetryAfter
from telegram.ext import BaseRateLimiter

from bot.chat.wire.sending import seconds_to_wait
from bot.rates import Rate

_MESSAGES = ("send", "edit", "copy", "forward")
_NO_MESSAGE = frozenset({"sendChatAction", "sendMessageDraft"})
_GROUP_BURST = 5
# Twenty a minute in all, some of which may come at once.
_GROUP_SECONDS = 60 / (20 - _GROUP_BURST)


class Pacing(BaseRateLimiter[None]):
    """Spaces the messages of the bot; a rate of 0 is no limit."""

    def __init__(
        self,
        *,
        messages_per_second: float,
        chat_messages_per_second: float,
        burst: int = 20,
        most_chats: int = 10_000,
    ) -> None:
        """Take the number of messages a second, in all and into one chat after a burst.

        Only the ``most_chats`` that were written to last are remembered.
        """
        self._all = Rate(1 / messages_per_second, 1) if messages_per_second else None
        self._chat_seconds = 1 / chat_messages_per_second if chat_messages_per_second else 0.0
        self._burst = burst
        self._chats: LRUCache[object, Rate] = LRUCache(most_chats)
        self._silent_until: LRUCache[object, float] = LRUCache(most_chats)

    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    async def shutdown(self) -> None:
        """Do nothing: there is nothing to close."""

    async def process_request(  # noqa: PLR0913, PLR0917 - as python-telegram-bot calls it
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,  # noqa: ANN401 - likewise
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,
    ) -> Any:  # noqa: ANN401 - whatever the call returns
        """Make a call when it is its turn.

        Raises:
            RetryAfter: Telegram wants the chat, or the bot, left alone for a while.
        """
        del rate_limit_args
        chat_id = data.get("chat_id")
        is_message = endpoint.startswith(_MESSAGES) and endpoint not in _NO_MESSAGE
        if is_message and chat_id is not None:
            self._refuse_silenced(chat_id)
            await self._await_turn(chat_id)
            # Telegram may have asked to wait while this message waited for its turn.
            self._refuse_silenced(chat_id)
        try:
            return await callback(*args, **kwargs)
        except RetryAfter as error:
            if chat_id is not None:
                self._silence(chat_id, seconds_to_wait(error))
            raise

    async def _await_turn(self, chat_id: object) -> None:
        now = time.monotonic()
        pause = self._rate_of(chat_id).reserve(now) if self._chat_seconds else 0.0
        if pause:
            await asyncio.sleep(pause)
        # A message takes a place among all only when its own chat is ready for it.
        if self._all is not None and (pause := self._all.reserve(time.monotonic())):
            await asyncio.sleep(pause)

    def _silence(self, chat_id: object, seconds: float) -> None:
        self._silent_until[chat_id] = time.monotonic() + seconds

    def _refuse_silenced(self, chat_id: object) -> None:
        until = self._silent_until.get(chat_id)
        if until is None:
            return
        left = until - time.monotonic()
        if left <= 0:
            del self._silent_until[chat_id]
            return
        raise RetryAfter(max(1, round(left)))

    def _rate_of(self, chat_id: object) -> Rate:
        rate = self._chats.get(chat_id)
        if rate is None:
            if isinstance(chat_id, int) and chat_id < 0:
                rate = Rate(max(_GROUP_SECONDS, self._chat_seconds), _GROUP_BURST)
            else:
                rate = Rate(self._chat_seconds, self._burst)
            self._chats[chat_id] = rate
        return rate
