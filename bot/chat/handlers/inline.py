"""Inline mode: "@bot question" in any chat gives cards to choose from, one for each passage.

Without a question the examples are offered; where the articles do not answer, a button leads to
the private chat with the question. Telegram tells which card was sent only where the owner
switched that on (/setinlinefeedback); then it is written down as an exchange.
"""

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime

from cachetools import LRUCache
from telegram import (
    ChosenInlineResult,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    User,
)
from telegram.error import TelegramError

from bot.answering import Desk
from bot.chat.addressing import make_whole
from bot.chat.cards.fitting import count_units
from bot.chat.cards.inline_card import InlineCards, identify, read_example
from bot.chat.cards.start_links import encode_question
from bot.chat.handlers.allowance import Allowance, Verdict
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import InlineTurn
from bot.journal.exchanges import Journal
from bot.model import Answer, AnswerKind, Exchange, Origin
from bot.wording.about import About
from bot.wording.examples import Examples
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_PAGE = 10
_MOST = 50
# A phone shows about this much.
_BUTTON_UNITS = 64
_CACHE_S = 10
_REMEMBERED = 1_000

_INVITED = "invited"
RESUME = "inline"
"""The payload of /start for a question that is too long for a link."""


class Inline:
    """Answers inline queries, and records which cards were sent."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        *,
        desk: Desk,
        journal: Journal,
        reader_languages: ReaderLanguages,
        about: About,
        examples: Examples,
        cards: InlineCards,
        allowance: Allowance,
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._reader_languages = reader_languages
        self._about = about
        self._examples = examples
        self._cards = cards
        self._allowance = allowance
        self._unanswered: LRUCache[int, str] = LRUCache(_REMEMBERED)

    async def on_query(self, turn: InlineTurn) -> None:
        """Show the cards of a query, or the next page of them.

        Nothing is shown to who types faster than is answered.
        """
        query, phrases = turn.query, turn.phrases
        if self._allowance.judge(query.from_user.id, datetime.now(UTC)) is not Verdict.ANSWERED:
            await _show(query, [], "", None)
            return
        words = " ".join(make_whole(query.query).split())
        reads = await self._reader_languages.find_reads(query.from_user)
        answer = await self._find_answer(words, query.from_user) if words else None
        self.forget(query.from_user.id)
        if answer is None or answer.kind is AnswerKind.SMALL_TALK:
            cards = await self._offer_examples(query.from_user, phrases, reads)
            await _show(query, cards, "", _make_button(self._invite(phrases), _INVITED))
        elif answer.kind is AnswerKind.ANSWER:
            first = int(query.offset) if query.offset.isdecimal() else 0
            page = answer.hits[first : first + _PAGE]
            further = str(first + _PAGE) if first + _PAGE < len(answer.hits) else ""
            cards = [self._cards.render(hit, phrases, words, reads) for hit in page]
            await _show(query, cards, further, None)
        else:
            payload = encode_question(words) or self._remember(query.from_user, words)
            await _show(query, [], "", _make_button(turn.say("inline.not-found"), payload))

    async def on_chosen(self, chosen: ChosenInlineResult) -> None:
        """Record the card that was sent."""
        asker = chosen.from_user
        words = read_example(chosen.result_id, self._examples) or " ".join(make_whole(chosen.query).split())
        answer = await self._find_answer(words, asker)
        hits = tuple(hit for hit in answer.hits if identify(hit) == chosen.result_id) or answer.hits[:1]
        self._journal.record(
            Exchange(
                asked_at=datetime.now(UTC),
                origin=Origin.TELEGRAM,
                answer=replace(answer, hits=hits),
                user_id=asker.id,
            )
        )

    def take_unanswered(self, user_id: int) -> str | None:
        """Return a reader's last unanswered inline question, once."""
        return self._unanswered.pop(user_id, None)

    def forget(self, user_id: int) -> None:
        """Forget a reader."""
        self._unanswered.pop(user_id, None)

    def _remember(self, reader: User, words: str) -> str:
        """Keep a question that is too long for a link, and return the payload that stands for it."""
        self._unanswered[reader.id] = words
        return RESUME

    async def _find_answer(self, words: str, asker: User) -> Answer:
        reads = await self._reader_languages.find_reads(asker)
        return await asyncio.to_thread(
            self._desk.ask, words, hint=asker.language_code, reads=reads, limit=_MOST
        )

    def _invite(self, phrases: Phrases) -> str:
        """Return the line above the examples: what can be asked about, if it fits."""
        topic = self._about.find_topic(phrases.language)
        label = phrases.say("about.inline", topic=topic) if topic else ""
        return label if 0 < count_units(label) <= _BUTTON_UNITS else phrases.say("inline.ask")

    async def _offer_examples(
        self, reader: User, phrases: Phrases, reads: tuple[str, ...]
    ) -> list[InlineQueryResultArticle]:
        questions = self._examples.choose(phrases.language)
        answers = [await self._find_answer(question, reader) for question in questions]
        return [self._cards.render_example(answer, phrases, reads) for answer in answers]


async def _show(
    query: InlineQuery,
    cards: list[InlineQueryResultArticle],
    next_offset: str,
    button: InlineQueryResultsButton | None,
) -> None:
    try:
        await query.answer(
            cards, cache_time=_CACHE_S, is_personal=True, next_offset=next_offset, button=button
        )
    except TelegramError as error:
        # Most likely the person has typed on.
        _LOG.info("Could not answer an inline query of %s: %s", query.from_user.id, error)


def _make_button(label: str, payload: str) -> InlineQueryResultsButton:
    return InlineQueryResultsButton(label, start_parameter=payload)
