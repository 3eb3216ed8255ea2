"""Questions that lean on an earlier one: "and when?", or a reply to one of the bot's answers.

Finds what was asked before and what answered it; whether a question needs it, and how it is used, is
decided where answers are found.
"""

from dataclasses import dataclass
from datetime import timedelta

from telegram import Message, User

from bot.chat.addressing import is_reply_to_bot
from bot.chat.wire.sending import topic_of
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.model import Earlier, Exchange

REMEMBERED = timedelta(minutes=15)
"""For how long the next question may lean on one; a reply to its answer always may."""


@dataclass(frozen=True, slots=True)
class Preceding:
    """What came before a message, in which exchange, and whether the same person asked it."""

    exchange: Exchange
    earlier: Earlier
    is_own: bool


class FollowUps:
    """Finds what came before a message."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def find_preceding(self, message: Message, asker: User | None) -> Preceding | None:
        """Return what the message may lean on: the answer it replies to, or else the person's latest.

        An edited message leans on what it leant on before. Where the journal cannot be read, the message
        stands alone.
        """
        if asker is None:
            return None
        try:
            answered = await self._find_answered(message)
            exchange = answered or await self._find_recent(message, asker)
        except DatabaseUnavailableError:
            return None
        earlier = exchange.answer.recall(is_reply=answered is not None) if exchange else None
        if exchange is None or earlier is None:
            return None
        return Preceding(exchange, earlier, is_own=exchange.user_id == asker.id)

    async def _find_answered(self, message: Message) -> Exchange | None:
        replied = message.reply_to_message
        if replied is None or not is_reply_to_bot(message):
            return None
        return await self._journal.find_by_answer(message.chat_id, replied.message_id)

    async def _find_recent(self, message: Message, asker: User) -> Exchange | None:
        since, topic_id = message.date - REMEMBERED, topic_of(message)
        if message.edit_date is None:
            return await self._journal.find_latest(asker.id, message.chat_id, since, topic_id=topic_id)
        return await self._journal.find_before(
            asker.id, message.chat_id, message.message_id, since, topic_id=topic_id
        )
