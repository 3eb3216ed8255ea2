"""Answers and articles laid out as messages: the answer card and its pages.

Pure functions from the nouns of the bot to ``Markup``, never longer than a message may be: first
the further passages give way, then the end of the best one. Passages are quoted word for word;
everything else comes from ``Phrases``. It does not send anything, and knows no buttons.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from babel.dates import format_date

from bot.chat.cards.fitting import MESSAGE_UNITS, shorten, shorten_start
from bot.chat.cards.markup import EMPTY, Markup, bold, fold, italic, join, link, neutralise, text
from bot.language import name_language
from bot.model import Answer, Article, Hit
from bot.wording.phrases import Phrases

_OUTLET_UNITS = 64
_TITLE_UNITS = 120
_AGREEING_ARTICLES = 5


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer as one message: the hits from ``first`` up to and without ``end``."""

    content: Markup
    first: int
    end: int


def render_answer(answer: Answer, phrases: Phrases, limit: int, *, is_late: bool = False) -> Page:
    """Lay out an answer: the best passage in full, up to ``limit`` in all, the others folded.

    Where the articles do not answer, it says so, and all the nearest passages are folded. A late
    answer begins with an apology.
    """
    apology = text(phrases.say("answer.late") + "\n\n") if is_late else EMPTY
    if answer.small_talk is not None:
        return Page(apology + text(phrases.say(f"small-talk.{answer.small_talk.value}")), 0, 0)
    if not answer.hits:
        return Page(apology + text(phrases.say("not-found-nothing-near")), 0, 0)
    best, *further = _find_shown(answer)[:limit]
    cards = [_render_hit(hit, None, phrases) for hit in further]
    if not answer.is_answered:
        heading = apology + text(phrases.say("not-found") + "\n")
        nearest = _render_hit(best, MESSAGE_UNITS - heading.units, phrases)
        folded, shown = _fold_fitting(heading, [nearest, *cards])
        return Page(heading + folded, 0, shown)
    top = apology + _render_hit(best, MESSAGE_UNITS - apology.units, phrases)
    heading = text("\n\n" + phrases.say("answer.further") + "\n")
    folded, shown = _fold_fitting(top + heading, cards)
    return Page(top + heading + folded if shown else top, 0, 1 + shown)


def render_further(answer: Answer, first: int, phrases: Phrases, limit: int) -> Page:
    """Lay out up to ``limit`` passages of an answer from ``first`` on, as many as a message holds."""
    content = text(phrases.say("answer.further" if answer.is_answered else "not-found") + "\n\n")
    best, *further = _find_shown(answer)[first : first + limit]
    content += _render_hit(best, MESSAGE_UNITS - content.units, phrases)
    end = first + 1
    for hit in further:
        longer = content + text("\n\n") + _render_hit(hit, None, phrases)
        if not longer.is_sendable:
            break
        content = longer
        end += 1
    return Page(content, first, end)


def render_hit_card(hit: Hit, phrases: Phrases) -> Markup:
    """Lay out one passage as a message: the clause that answers in bold, outlet, date and language."""
    return _render_hit(hit, MESSAGE_UNITS, phrases)


def render_context(answer: Answer, number: int, phrases: Phrases) -> Markup:
    """Lay out a passage among the sentences around it, which are in italics and give way first."""
    hit = _find_shown(answer)[number]
    card = _render_hit(hit, MESSAGE_UNITS, phrases)
    room = max(0, MESSAGE_UNITS - card.units - 2)
    before = shorten_start(neutralise(hit.passage.before), room // 2)
    after = shorten(neutralise(hit.passage.after), room // 2)
    sources = _render_sources_of(hit, phrases)
    quoted = _render_quotation(hit, MESSAGE_UNITS - sources.units)
    around = join(" ", filter(_is_shown, [italic(text(before)), quoted, italic(text(after))]))
    whole = around + sources
    return whole if whole.is_sendable else card


def render_article(article: Article, phrases: Phrases) -> Markup:
    """Return an article's line in the list: its title, or its outlet, leads to the source."""
    parts = [*_date_of(article, phrases), name_language(article.language, phrases.language)]
    start = text(phrases.line_start)
    if article.title is None:
        return start + _render_outlet(article) + text("".join(f" · {part}" for part in parts))
    title = start + link(text(shorten(article.title, _TITLE_UNITS)), article.source)
    return title + text("".join(f" · {part}" for part in [shorten(article.outlet, _OUTLET_UNITS), *parts]))


def _find_shown(answer: Answer) -> tuple[Hit, ...]:
    """Return the hits to show; those of a refusal have nothing in bold."""
    if answer.is_answered:
        return answer.hits
    return tuple(replace(hit, highlight=None) for hit in answer.hits)


def _fold_fitting(above: Markup, cards: Iterable[Markup]) -> tuple[Markup, int]:
    """Fold as many of the first cards as fit into one message below ``above``."""
    folded = EMPTY
    shown = 0
    for card in cards:
        longer = folded + text("\n\n") + card if shown else card
        if not (above + fold(longer)).is_sendable:
            break
        folded = longer
        shown += 1
    return (fold(folded), shown) if shown else (EMPTY, 0)


def _render_hit(hit: Hit, limit: int | None, phrases: Phrases) -> Markup:
    """Lay out a passage with its sources; its end gives way where ``limit`` units are too few."""
    sources = _render_sources_of(hit, phrases)
    return _render_quotation(hit, None if limit is None else limit - sources.units) + sources


def _render_quotation(hit: Hit, limit: int | None) -> Markup:
    """Quote a passage, with the clause that answers in bold."""
    quoted = neutralise(hit.passage.text)
    if limit is not None:
        quoted = shorten(quoted, limit)
    clause = neutralise(hit.highlight or "")
    start = quoted.find(clause) if clause else -1
    if start < 0:
        return text(quoted)
    end = start + len(clause)
    return text(quoted[:start]) + bold(text(quoted[start:end])) + text(quoted[end:])


def _render_sources_of(hit: Hit, phrases: Phrases) -> Markup:
    """Return the lines below a passage: "— VietnamPlus · Oct 26, 2025 · in French", "Also in: …"."""
    article = hit.passage.article
    language = phrases.say("answer.in-language", language=name_language(article.language, phrases.language))
    parts = "".join(f" · {part}" for part in [*_date_of(article, phrases), language])
    start = text(f"\n{phrases.line_start}— ")
    return start + _render_outlet(article) + text(parts) + _render_agreeing(hit, phrases)


def _render_agreeing(hit: Hit, phrases: Phrases) -> Markup:
    """Name the other articles that say the same, each once."""
    articles = {passage.article.id: passage.article for passage in hit.also}
    articles.pop(hit.passage.article.id, None)
    if not articles:
        return EMPTY
    outlets = [_render_outlet(article) for article in list(articles.values())[:_AGREEING_ARTICLES]]
    return text("\n" + phrases.say("answer.also-in") + " ") + join(", ", outlets)


def _render_outlet(article: Article) -> Markup:
    return _render_link(article.outlet, article.source)


@lru_cache(maxsize=1024)
def _render_link(outlet: str, source: str) -> Markup:
    return link(text(shorten(outlet, _OUTLET_UNITS)), source)


def _date_of(article: Article, phrases: Phrases) -> list[str]:
    """Return the date as the reader writes one, if there is one."""
    if article.published is None:
        return []
    return [_write_date(article.published, phrases.language)]


@lru_cache(maxsize=1024)
def _write_date(day: date, language: str) -> str:
    return format_date(day, "medium", locale=language)


def _is_shown(piece: Markup) -> bool:
    return bool(piece.units)
