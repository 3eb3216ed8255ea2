"""Answers: found, laid out, sent or put in the place of an older one, and recorded.

The search runs in a worker thread, so that other chats go on meanwhile. It decides neither what
the answer is nor how it looks, nor which messages are questions.

"Tell me more" shows more of the answer just before, as its button does; like a press, it is no exchange
of its own.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cachetools import LRUCache
from telegram import InlineKeyboardMarkup, Message, User
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError

from bot.answering import Desk
from bot.chat.cards.answer_card import render_answer, render_further
from bot.chat.cards.keyboards import Card, Keyboards
from bot.chat.cards.markup import Markup
from bot.chat.handlers.follow_ups import Preceding
from bot.chat.handlers.suggestions import Suggestions
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import MessageTurn
from bot.chat.wire.sending import edit_at, place_reply, topic_of
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.votes import Votes
from bot.metrics import Metrics
from bot.model import Answer, Exchange, Origin, SmallTalk, Vote, make_exchange_key

_LOG = logging.getLogger(__name__)
_SILENCE_S = 0.5
# The second page is behind a button.
_PAGES = 2
# Of so many answers it is known how far they were told; the others are told from their second page.
_TOLD = 1_000


class Answers:
    """Answers questions in the chats where they are asked."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        *,
        desk: Desk,
        journal: Journal,
        votes: Votes,
        reader_languages: ReaderLanguages,
        suggestions: Suggestions,
        keyboards: Keyboards,
        metrics: Metrics,
        limit: int,
        late_after_s: float,
    ) -> None:
        """Take, among others, the most passages shown at first, and when an answer is late."""
        self._desk = desk
        self._journal = journal
        self._votes = votes
        self._reader_languages = reader_languages
        self._suggestions = suggestions
        self._keyboards = keyboards
        self._metrics = metrics
        self._limit = limit
        self._late_after = timedelta(seconds=late_after_s)
        self._told: LRUCache[str, int] = LRUCache(_TOLD)

    async def give(
        self,
        turn: MessageTurn,
        words: str,
        *,
        preceding: Preceding | None = None,
        replaced: Exchange | None = None,
    ) -> None:
        """Answer a question, in the place of an older answer if there is one."""
        message, asker, phrases = turn.message, turn.asker, turn.phrases
        with _typing(message):
            reads = await self._reader_languages.find_reads(asker)
            candidates = await self._suggestions.list_candidates(phrases.language)

            def find() -> tuple[Answer, tuple[str, ...]]:
                found = self._find_answer(words, asker, reads, preceding)
                return found, self._suggestions.choose(found, candidates, phrases.language)

            answer, suggested = await asyncio.to_thread(find)
            if (
                answer.small_talk is SmallTalk.TELL_ME_MORE
                and preceding
                and await self._tell_more(turn, preceding.exchange, reads, replaced)
            ):
                return
        turn.once("counted", lambda: self._metrics.count_answer(answer))
        # Of copies that arrived unnoticed the buttons work, too.
        key = turn.once("key", make_exchange_key)
        exchange = Exchange(
            key=key,
            asked_at=message.edit_date or message.date,
            origin=Origin.TELEGRAM,
            answer=_without_others(answer, preceding),
            user_id=asker.id if asker else None,
            chat_id=message.chat_id,
            topic_id=topic_of(message),
            question_message_id=message.message_id,
        )
        is_late = datetime.now(UTC) - exchange.asked_at > self._late_after
        page = render_answer(answer, phrases, self._limit, is_late=is_late)
        rows = self._keyboards.for_page(
            Card(exchange.key, answer, phrases, suggested=suggested, reads=reads), page
        )
        keyboard = InlineKeyboardMarkup(rows) if rows else None
        try:
            exchange = await _deliver(message, page.content, keyboard, exchange, replaced)
        except BadRequest:
            # Telegram refused the reply for good, but the question was asked. An answer that only has
            # to wait is recorded when it is delivered.
            self._journal.record(exchange)
            raise
        self._journal.record(exchange)

    async def _tell_more(
        self, turn: MessageTurn, told: Exchange, reads: tuple[str, ...], replaced: Exchange | None
    ) -> bool:
        """Show the next page of an answer, and tell whether there was one."""
        answer, phrases = told.answer, turn.phrases
        if not answer.is_answered:
            return False
        first = self._told.get(told.key) or render_answer(answer, phrases, self._limit).end
        first = turn.once("first", lambda: first)
        if first >= len(answer.hits):
            return False
        page = render_further(answer, first, phrases, self._limit)
        vote = await self._find_vote(turn, told)
        rows = self._keyboards.for_page(Card(told.key, answer, phrases, vote, reads=reads), page)
        await _deliver(turn.message, page.content, InlineKeyboardMarkup(rows), told, replaced)
        self._told[told.key] = page.end
        return True

    async def _find_vote(self, turn: MessageTurn, exchange: Exchange) -> Vote | None:
        """Return the asker's vote, which only a private chat shows."""
        if not turn.is_private or turn.asker is None:
            return None
        try:
            return await self._votes.find(exchange.key, turn.asker.id)
        except DatabaseUnavailableError:
            return None

    def _find_answer(
        self, words: str, asker: User | None, reads: tuple[str, ...], preceding: Preceding | None
    ) -> Answer:
        """Search; the language of the asker's Telegram is a hint."""
        return self._desk.ask(
            words,
            hint=asker.language_code if asker else None,
            earlier=preceding.earlier if preceding else None,
            reads=reads,
            limit=_PAGES * self._limit,
        )


async def _deliver(
    message: Message,
    content: Markup,
    keyboard: InlineKeyboardMarkup | None,
    exchange: Exchange,
    replaced: Exchange | None,
) -> Exchange:
    """Show an answer, and return the exchange with the place where it stands."""
    place = replaced.answer_message_id if replaced else None
    if place is not None and await edit_at(message.get_bot(), message.chat_id, place, content, keyboard):
        return replace(exchange, answer_message_id=place)
    sent = await place_reply(message, content, keyboard)
    if sent is None:
        return exchange
    if sent.chat_id != message.chat_id:
        # The group has become a supergroup, where the question has another id.
        exchange = replace(exchange, chat_id=sent.chat_id, question_message_id=None)
    return replace(exchange, answer_message_id=sent.message_id)


def _without_others(answer: Answer, preceding: Preceding | None) -> Answer:
    """Return the answer to record, without what somebody else asked before."""
    if preceding is None or preceding.is_own:
        return answer
    return replace(answer, question=replace(answer.question, earlier=None))


@contextlib.contextmanager
def _typing(message: Message) -> Iterator[None]:
    """Show that the bot is typing if the work takes longer than a moment."""
    loop = asyncio.get_running_loop()
    showing: list[asyncio.Task[None]] = []
    timer = loop.call_later(_SILENCE_S, lambda: showing.append(loop.create_task(_show_typing(message))))
    try:
        yield
    finally:
        timer.cancel()
        for task in showing:
            task.cancel()


async def _show_typing(message: Message) -> None:
    try:
        await message.get_bot().send_chat_action(
            message.chat_id, ChatAction.TYPING, message_thread_id=topic_of(message)
        )
    except TelegramError as error:
        _LOG.info("Could not show chat %s that the bot is typing: %s", message.chat_id, error)
