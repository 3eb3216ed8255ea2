"""The cards of inline mode: how a passage looks in the list, and as the message that is sent.

The message is the same card as below a question in a chat. A card's id names its passage, so that
it is known again when Telegram tells that it was sent.
"""

import hashlib
from collections.abc import Callable

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    LinkPreviewOptions,
)
from telegram.constants import ParseMode

from bot.chat.cards.answer_card import find_excerpt, find_short, render_hit_card
from bot.chat.cards.fitting import shorten
from bot.chat.cards.keyboards import Keyboards
from bot.chat.cards.markup import Markup, neutralise, text
from bot.chat.cards.start_links import encode_question, link_to_chat
from bot.language import name_language
from bot.model import Answer, Hit
from bot.wording.examples import Examples, digest_question
from bot.wording.phrases import Phrases

_TITLE_UNITS = 100
_DESCRIPTION_UNITS = 200
_ID_CHARACTERS = 32
_EXAMPLE = "example-"
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class InlineCards:
    """Lays out cards."""

    def __init__(self, keyboards: Keyboards, find_username: Callable[[], str]) -> None:
        """Ask ``find_username`` for the bot's name when it is needed: Telegram tells it after the start."""
        self._keyboards = keyboards
        self._find_username = find_username

    def render(self, hit: Hit, phrases: Phrases, words: str) -> InlineQueryResultArticle:
        """Lay out a passage that answers a question."""
        return InlineQueryResultArticle(
            identify(hit),
            _fit(find_short(hit) or _name_source(hit, phrases), _TITLE_UNITS),
            _make_content(render_hit_card(hit, phrases)),
            description=_fit(_describe(hit, phrases), _DESCRIPTION_UNITS),
            reply_markup=self._make_keyboard(hit, phrases, words),
        )

    def render_example(self, answer: Answer, phrases: Phrases) -> InlineQueryResultArticle:
        """Lay out an example question with its best passage; unanswered, it is sent as it stands."""
        words = answer.question.text
        best = answer.hits[0] if answer.is_answered else None
        return InlineQueryResultArticle(
            _EXAMPLE + digest_question(words),
            words,
            _make_content(render_hit_card(best, phrases) if best else text(words)),
            description=_fit(_describe(best, phrases), _DESCRIPTION_UNITS) if best else None,
            reply_markup=self._make_keyboard(best, phrases, words) if best else None,
        )

    def _make_keyboard(self, hit: Hit, phrases: Phrases, words: str) -> InlineKeyboardMarkup | None:
        """Return the button that leads to the other passages, and the one that translates this one."""
        row = self._keyboards.for_passage(hit.passage, phrases)
        payload = encode_question(words)
        if payload:
            address = link_to_chat(self._find_username(), payload)
            row = [InlineKeyboardButton(phrases.say("button.more"), url=address), *row]
        return InlineKeyboardMarkup([row]) if row else None


def identify(hit: Hit) -> str:
    """Return the id of a passage's card."""
    return hashlib.sha256(hit.passage.id.encode()).hexdigest()[:_ID_CHARACTERS]


def read_example(card_id: str, examples: Examples) -> str | None:
    """Return the example question of a card, or None if the card is not an example."""
    if not card_id.startswith(_EXAMPLE):
        return None
    return examples.find(card_id.removeprefix(_EXAMPLE))


def _name_source(hit: Hit, phrases: Phrases) -> str:
    article = hit.passage.article
    return f"{article.outlet} · {name_language(article.language, phrases.language)}"


def _describe(hit: Hit, phrases: Phrases) -> str:
    """Return what stands below the title: the sentence, behind its source unless that is the title."""
    excerpt = hit.highlight or find_excerpt(hit)
    return f"{_name_source(hit, phrases)} · {excerpt}" if find_short(hit) else excerpt


def _make_content(card: Markup) -> InputTextMessageContent:
    return InputTextMessageContent(card.html, ParseMode.HTML, link_preview_options=_NO_PREVIEW)


def _fit(line: str, units: int) -> str:
    return shorten(" ".join(neutralise(line).split()), units)
