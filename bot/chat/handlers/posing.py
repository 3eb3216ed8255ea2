"""Questions that somebody asks without typing them: from an example, a link, or their history.

The bot writes the question into the chat first and answers that message, so that the chat reads
like any other. It answers nothing itself.
"""

from collections.abc import Awaitable, Callable

from telegram import Message, User

from bot.chat.cards.markup import text
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import reply
from bot.chat.wire.update_in_hand import in_hand

_POSED = "posed"

Answering = Callable[[Message, str, User], Awaitable[None]]
"""Answers a message of the bot that asks these words for somebody."""


class Posing:
    """Asks questions in somebody's name."""

    def __init__(self, *, readings: ReaderLanguages, answer: Answering) -> None:
        """Take the texts, and who answers."""
        self._readings = readings
        self._answer = answer

    async def pose(self, near: Message, asker: User, words: str) -> None:
        """Write a question as a reply to a message, and have it answered."""
        handling = in_hand.get()
        posed = handling.done.get(_POSED) if handling else None
        if not isinstance(posed, Message):
            phrases = await self._readings.phrases_for(asker)
            posed = await reply(near, text(phrases.say("asked", question=words)))
        if handling:
            # Where only the answer has to wait, the question is not written again.
            handling.done[_POSED] = posed
        if posed is not None:
            await self._answer(posed, words, asker)
