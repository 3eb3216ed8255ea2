"""Polling: updates fetched by asking for them, which needs no address on the internet.

The polling of python-telegram-bot cannot be stopped during a pause after an error, stops receiving
when the token is revoked, repeats a conflict for ever, and confirms updates that it has not kept; so
the loop is here. A batch is confirmed by asking for the next one, once it is in the inbox.
"""

import asyncio
import logging
from datetime import timedelta
from typing import NoReturn

from telegram.constants import UpdateType
from telegram.error import Conflict, InvalidToken, TelegramError

from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.outages import Outage, connect, explain_invalid_token
from bot.chat.wire.bot_api import BotApplication, ChatError, RawUpdate
from bot.journal.inbox import InboxFullError

_LOG = logging.getLogger(__name__)
_CONFIRMING_S = 0.5

ALLOWED_UPDATES = (
    UpdateType.MESSAGE,
    UpdateType.EDITED_MESSAGE,
    UpdateType.CALLBACK_QUERY,
    UpdateType.INLINE_QUERY,
    UpdateType.CHOSEN_INLINE_RESULT,
    UpdateType.MY_CHAT_MEMBER,
)
"""The kinds of updates to ask for, in every call: otherwise the choice of an earlier run holds."""


class Polling:
    """Fetches updates and hands them to the dispatcher."""

    def __init__(  # noqa: PLR0913 - three of them are pauses and limits
        self,
        application: BotApplication,
        dispatcher: Dispatcher,
        *,
        outage: Outage,
        poll_s: float,
        most_conflicts: int,
        full_pause_s: float,
    ) -> None:
        """Fetch the updates of an application, and hand them to a dispatcher.

        Telegram waits for up to ``poll_s`` for the first update. ``most_conflicts`` with another
        instance end the bot. While memory can hold no more, polling pauses for ``full_pause_s``.
        """
        self._application = application
        self._dispatcher = dispatcher
        self._outage = outage
        self._poll = timedelta(seconds=poll_s)
        self._most_conflicts = most_conflicts
        self._full_pause_s = full_pause_s
        self._offset: int | None = None
        self._is_answered = False

    @property
    def is_receiving(self) -> bool:
        """Whether Telegram answered the last call."""
        return self._is_answered

    async def connect(self) -> None:
        """Check the token and remove any webhook, however long that takes."""
        await connect(self._application, self._application.bot.delete_webhook, self._outage)

    async def run(self) -> NoReturn:
        """Fetch updates for ever."""
        conflicts = 0
        while True:
            # After a failure a short poll tells soon whether Telegram answers.
            wait = self._poll if self._is_answered else timedelta()
            try:
                raws = await self._fetch(wait)
            except InvalidToken:
                raise explain_invalid_token() from None
            except TelegramError as error:
                self._is_answered = False
                conflicts += isinstance(error, Conflict)
                if conflicts == self._most_conflicts:
                    message = (
                        "another instance of the bot runs with this token and does not end; stop one of them"
                    )
                    raise ChatError(message) from None
                await self._outage.wait(error)
                continue
            self._is_answered = True
            if wait or not conflicts:
                # Two instances end each other's long polls in turn; that a short one works proves nothing.
                self._outage.end()
                conflicts = 0
            await self._pass_on(raws)

    async def leave(self) -> None:
        """Confirm all fetched updates, if they are on disk and Telegram answers at once."""
        if self._offset is None or not self._dispatcher.is_durable:
            return
        try:
            async with asyncio.timeout(_CONFIRMING_S):
                await self._fetch(timedelta())
        except (TelegramError, TimeoutError):
            _LOG.info("The last updates were not confirmed; Telegram may deliver them again")

    async def _pass_on(self, raws: list[RawUpdate]) -> None:
        """Hand updates over, and confirm them only after that."""
        if not raws:
            return
        try:
            await self._dispatcher.receive(raws)
        except InboxFullError:
            _LOG.warning("Memory can hold no more updates; Telegram keeps them for now")
            await asyncio.sleep(self._full_pause_s)
            return
        self._offset = max(raw["update_id"] for raw in raws) + 1

    async def _fetch(self, wait: timedelta) -> list[RawUpdate]:
        return await self._application.bot.fetch_updates(self._offset, wait, ALLOWED_UPDATES)
