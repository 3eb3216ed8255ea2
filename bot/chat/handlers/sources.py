"""The list of the articles, a page at a time, turned in place."""

from collections import Counter

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.answering import Desk
from bot.chat.cards.answer_card import render_article
from bot.chat.cards.markup import Markup, text
from bot.chat.turn import MessageTurn, PressTurn
from bot.model import Corpus
from bot.wording.about import About
from bot.wording.phrases import Phrases

_PAGE = 8

SOURCES_PATTERN = r"^sources:\d{1,12}$"
"""Matches the callback data of the list's buttons: the number of articles before the page."""


class Sources:
    """Answers /sources, and turns its pages."""

    def __init__(self, desk: Desk, about: About) -> None:
        self._desk = desk
        self._about = about

    async def sources(self, turn: MessageTurn) -> None:
        """Show the first page."""
        corpus = self._desk.corpus
        page = self._render_page(corpus, 0, turn.phrases)
        await turn.reply(page, _make_buttons(len(corpus.articles), 0, turn.phrases))

    async def on_press(self, turn: PressTurn) -> None:
        """Turn to the page of the button, or to the last one if there are fewer articles now."""
        await turn.acknowledge()
        corpus = self._desk.corpus
        before = min(int(turn.value), max(0, len(corpus.articles) - 1)) // _PAGE * _PAGE
        page = self._render_page(corpus, before, turn.phrases)
        await turn.show(page, _make_buttons(len(corpus.articles), before, turn.phrases))

    def _render_page(self, corpus: Corpus, before: int, phrases: Phrases) -> Markup:
        """Lay out the page that begins after the first ``before`` articles."""
        total = len(corpus.articles)
        topic = self._about.find_topic(phrases.language)
        if topic:
            page = text(phrases.say("sources.heading-about", count=total, topic=topic) + "\n")
        else:
            page = text(phrases.say("sources.heading", count=total) + "\n")
        sentences = Counter(passage.article.id for passage in corpus.passages)
        shown = corpus.articles[before : before + _PAGE]
        for number, article in enumerate(shown, before + 1):
            length = phrases.say("sources.sentences", count=sentences[article.id])
            page += (
                text(f"\n{number}. ")
                + render_article(article, phrases)
                + text(f"{phrases.separator}{length}")
            )
        if len(shown) < total:
            last = before + len(shown)
            page += text("\n\n" + phrases.say("sources.page", first=before + 1, last=last, total=total))
        return page


def _make_buttons(count: int, before: int, phrases: Phrases) -> InlineKeyboardMarkup | None:
    row = []
    if before:
        row.append(_make_button("sources.back", before - _PAGE, phrases))
    if before + _PAGE < count:
        row.append(_make_button("sources.next", before + _PAGE, phrases))
    return InlineKeyboardMarkup([row]) if row else None


def _make_button(key: str, before: int, phrases: Phrases) -> InlineKeyboardButton:
    return InlineKeyboardButton(phrases.say(key), callback_data=f"sources:{max(0, before)}")
