"""Questions that lean on an earlier one: "and when?", or a reply to one of the bot's answers.

Finds what was asked before; whether a question needs it, and how it is used, is decided where
answers are found.
"""

from dataclasses import dataclass
from datetime import timedelta

from telegram import Message, User

from bot.chat.addressing import is_reply_to_bot
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.model import AnswerKind, Exchange

REMEMBERED = timedelta(minutes=15)
"""For how long the next question may lean on one; a reply to its answer always may."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier question, and whether the same person asked it."""

    question: str
    is_own: bool


class FollowUps:
    """Finds the question before a message."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def find_earlier(
        self, message: Message, asker: User | None, edited: Exchange | None = None
    ) -> Earlier | None:
        """Return the question that the message may lean on: of the answer it replies to, or the latest.

        ``edited`` is the exchange that the message began before it was edited. Where the journal
        cannot be read, the message stands alone.
        """
        if asker is None:
            return None
        try:
            exchange = await self._find_answered(message)
            if exchange is None and edited is not None:
                question = edited.answer.question.earlier
                return Earlier(question, is_own=True) if question else None
            exchange = exchange or await self._find_recent(message, asker)
        except DatabaseUnavailableError:
            return None
        if exchange is None or exchange.answer.kind is AnswerKind.SMALL_TALK:
            return None
        return Earlier(exchange.answer.question.text, is_own=exchange.user_id == asker.id)

    async def _find_answered(self, message: Message) -> Exchange | None:
        replied = message.reply_to_message
        if replied is None or not is_reply_to_bot(message):
            return None
        return await self._journal.find_by_answer(message.chat_id, replied.message_id)

    async def _find_recent(self, message: Message, asker: User) -> Exchange | None:
        return await self._journal.find_latest(asker.id, message.chat_id, message.date - REMEMBERED)
