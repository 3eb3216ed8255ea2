"""The list of the articles, a page at a time, turned in place."""

from collections import Counter

from telegram import InlineKeyboardMarkup

from bot.answering import Desk
from bot.chat.cards.answer_card import render_article
from bot.chat.cards.markup import Markup, text
from bot.chat.cards.paging import begin_page, say_page, turn_rows
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
        before = begin_page(int(turn.value), len(corpus.articles), _PAGE)
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
            page += text("\n\n" + say_page(before, len(shown), total, phrases))
        return page


def _make_buttons(count: int, before: int, phrases: Phrases) -> InlineKeyboardMarkup | None:
    rows = turn_rows("sources", before, count, _PAGE, phrases)
    return InlineKeyboardMarkup(rows) if rows else None
