"""Questions: a message in, an answer out, and a line in the log.

The one way through the bot, as it looks from Telegram. The search runs in a worker thread, so
that other chats go on meanwhile. It decides neither what the answer is nor how it looks.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator

from telegram import Message
from telegram.constants import ChatAction
from telegram.error import TelegramError

from bot.answering import Answerer
from bot.chat.addressing import read_question, read_replied_text
from bot.chat.markup import text
from bot.chat.rendering import render_answer
from bot.chat.sending import reply, topic_of
from bot.journal.exchanges import Journal
from bot.language import LanguageDetector
from bot.model import Answer, Exchange, Origin, Question
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_QUESTION_CHARACTERS = 1000
_SILENCE_S = 0.5
_ALBUMS = 64


class Questions:
    """Answers messages from the articles, and writes down what was asked and answered."""

    def __init__(
        self,
        *,
        answerer: Answerer,
        journal: Journal,
        detector: LanguageDetector,
        phrases: Phrases,
        limit: int,
    ) -> None:
        """Take who answers and who writes down; ``limit`` is the most passages of an answer."""
        self._answerer = answerer
        self._journal = journal
        self._detector = detector
        self._phrases = phrases
        self._limit = limit
        self._albums: deque[str] = deque(maxlen=_ALBUMS)

    async def on_question(self, message: Message) -> None:
        """Answer a text message; the bot's bare name asks what the message replied to asks."""
        await self._answer(message, read_question(message) or read_replied_text(message))

    async def ask(self, message: Message) -> None:
        """Answer the words behind the command, or else the message that it replies to."""
        _command, _space, words = read_question(message).partition(" ")
        await self._answer(message, words or read_replied_text(message))

    async def on_other(self, message: Message) -> None:
        """Say that only text is read, once for all pictures of an album."""
        album = message.media_group_id
        if album is None or album not in self._albums:
            if album is not None:
                self._albums.append(album)
            await reply(message, text(self._phrases.say("question.only-text")))

    async def _answer(self, message: Message, words: str) -> None:
        if not words:
            await reply(message, text(self._phrases.say("question.usage")))
            return
        if len(words) > _QUESTION_CHARACTERS:
            await reply(message, text(self._phrases.say("question.too-long", limit=_QUESTION_CHARACTERS)))
            return
        hint = message.from_user.language_code if message.from_user else None
        async with _typing(message):
            answer = await asyncio.to_thread(self._find_answer, words, hint)
        try:
            await reply(message, render_answer(answer, self._phrases))
        finally:
            self._record(message, answer)

    def _find_answer(self, words: str, hint: str | None) -> Answer:
        """Answer in a worker thread; ``hint`` is the language of the asker's Telegram."""
        question = Question(words, self._detector.detect(words, hint))
        return self._answerer.answer(question, self._limit)

    def _record(self, message: Message, answer: Answer) -> None:
        # Behind an anonymous admin and a channel is an account that everybody shares.
        asker = message.from_user if message.sender_chat is None else None
        self._journal.record(
            Exchange(
                asked_at=message.date,
                origin=Origin.TELEGRAM,
                answer=answer,
                user_id=asker.id if asker else None,
                chat_id=message.chat_id,
            )
        )


@contextlib.asynccontextmanager
async def _typing(message: Message) -> AsyncIterator[None]:
    """Show that the bot is typing, should the work within take longer than a moment."""
    showing = asyncio.create_task(_show_typing(message))
    try:
        yield
    finally:
        showing.cancel()


async def _show_typing(message: Message) -> None:
    await asyncio.sleep(_SILENCE_S)
    try:
        await message.get_bot().send_chat_action(
            message.chat_id, ChatAction.TYPING, message_thread_id=topic_of(message)
        )
    except TelegramError as error:
        _LOG.info("Chat %s does not see the bot typing: %s", message.chat_id, error)
