"""Answers and articles laid out as messages: the answer card and its pages.

Pure functions from the nouns of the bot to ``Markup``, never longer than a message may be, and seldom than
a phone shows at once: first the further passages give way, then the end of the best one. Passages are
quoted word for word; everything else comes from ``Phrases``. It does not send anything, and knows no buttons.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, takewhile

from bot.chat.cards.excerpt import cut_excerpt, widen_to_clauses
from bot.chat.cards.fitting import MESSAGE_UNITS, shorten, shorten_start
from bot.chat.cards.markup import EMPTY, Markup, bold, fold, italic, join, link, neutralise, text
from bot.language import name_language
from bot.model import Answer, Article, Hit
from bot.search.highlight import find_short, find_sure_words
from bot.wording.phrases import Phrases

_NAME_UNITS = 64
_TITLE_UNITS = 120
_AGREEING_ARTICLES = 5
_QUESTION_UNITS = 80
_END_MARKS = " .!?…。！？"

# The reader's probability from which on a further passage is worth showing, too.
_ANSWERS_TOO = 0.7
_NEAR_MISS_WORDS = 20
# Where words are left out. The mark does not begin or end a line by itself.
_CUT_BEFORE, _CUT_AFTER = "…\u00a0", "\u00a0…"
_FOLDED = 2
# What a phone shows at once, in most languages (tests/phone.py).
_SCREEN_UNITS = 700


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer as one message: the hits from ``first`` up to and without ``end``."""

    content: Markup
    first: int
    end: int


def render_answer(answer: Answer, phrases: Phrases, limit: int, *, is_late: bool = False) -> Page:
    """Lay out an answer: the words that answer, the sentence, its source; further passages folded.

    There are at most ``limit`` passages. A question that asks two things has both answers in full. Where
    the articles do not answer, it says so. A late answer begins with an apology.
    """
    apology = text(phrases.say("answer.late") + "\n\n") if is_late else EMPTY
    if answer.small_talk is not None:
        return Page(apology + text(phrases.say(f"small-talk.{answer.small_talk.value}")), 0, 0)
    if not answer.is_answered or not answer.hits:
        return Page(apology + _render_refusal(answer, phrases), 0, 0)
    top, shown = _render_leads(answer, phrases, apology)
    if answer.unanswered:
        question = shorten(answer.unanswered, _QUESTION_UNITS)
        missing = text("\n\n" + phrases.say("answer.part-missing", question=question))
        top = top + missing if (top + missing).is_sendable else top
    heading = text("\n\n" + phrases.say("answer.further") + "\n")
    cards = [_render_hit(hit, None, phrases) for hit in find_further(answer.hits[shown:limit])]
    folded, count = _fold_fitting(top + heading, cards)
    return Page(top + heading + folded if count else top, 0, shown + count)


def _render_leads(answer: Answer, phrases: Phrases, top: Markup) -> tuple[Markup, int]:
    """Return ``top`` with the best passage below it, or the best one of each part, and how many they are."""
    top += _render_lead(answer.hits[0], MESSAGE_UNITS - top.units, phrases)
    for shown, hit in enumerate(answer.hits[1 : answer.leads], 1):
        longer = top + text("\n\n") + _render_lead(hit, None, phrases)
        if not longer.is_sendable:
            return top, shown
        top = longer
    return top, max(1, min(answer.leads, len(answer.hits)))


def find_further(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Yield the passages worth showing below the best: those that the reader believes to answer, too."""
    return islice(takewhile(lambda hit: (hit.answers or 0.0) >= _ANSWERS_TOO, hits), _FOLDED)


def _render_refusal(answer: Answer, phrases: Phrases) -> Markup:
    """Say that the articles do not answer, and name the nearest one; quote a near miss, as such."""
    if not answer.hits:
        return text(phrases.say("not-found-nothing-near"))
    nearest = answer.hits[0]
    article = _render_article_link(nearest.passage.article)
    if not answer.is_near:
        return text(phrases.introduce("not-found-nearest")) + article
    quoted = phrases.say("asked", question=quote_near_miss(nearest))
    return text(phrases.say("not-found-near") + f"\n{quoted}\n{phrases.line_start}— ") + article


def quote_near_miss(hit: Hit) -> str:
    """Return what is quoted of a passage that is about what was asked but does not answer it."""
    words = neutralise(hit.passage.text)
    begin, end = cut_excerpt(words, _find_focus(hit, words), _NEAR_MISS_WORDS)
    return shorten(_mark_cuts(words, begin, end), MESSAGE_UNITS // 2)


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
    """Lay out one passage as a message, like the top of an answer."""
    return _render_lead(hit, MESSAGE_UNITS, phrases)


def is_cut(hit: Hit) -> bool:
    """Tell whether the top of an answer shows only a part of the sentence."""
    words = neutralise(hit.passage.text)
    return cut_excerpt(words, _find_focus(hit, words)) != (0, len(words))


def find_excerpt(hit: Hit) -> str:
    """Return what the top of an answer quotes, as plain text."""
    words = neutralise(hit.passage.text)
    return _mark_cuts(words, *cut_excerpt(words, _find_focus(hit, words)))


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
    """Return an article of the list: its title, above its outlet and so on, or its outlet, with a link."""
    parts = [*_date_of(article, phrases), name_language(article.language, phrases.language)]
    start = text(phrases.line_start)
    if article.title is None:
        return start + _render_outlet(article) + text("".join(f"{phrases.separator}{part}" for part in parts))
    title = start + link(text(shorten(article.title, _TITLE_UNITS)), article.source)
    details = phrases.separator.join([shorten(article.outlet, _NAME_UNITS), *parts])
    return title + text(f"\n{phrases.line_start}{details}")


def _find_shown(answer: Answer) -> tuple[Hit, ...]:
    """Return the hits to show; those of a refusal have nothing in bold."""
    if answer.is_answered:
        return answer.hits
    return tuple(replace(hit, highlight=None, short=None) for hit in answer.hits)


def _fold_fitting(above: Markup, cards: Iterable[Markup]) -> tuple[Markup, int]:
    """Fold as many of the first cards as fit on a screen, unfolded, below ``above``."""
    folded = EMPTY
    shown = 0
    for card in cards:
        longer = folded + text("\n\n") + card if shown else card
        whole = above + fold(longer)
        if whole.units > _SCREEN_UNITS or not whole.is_sendable:
            break
        folded = longer
        shown += 1
    return (fold(folded), shown) if shown else (EMPTY, 0)


def _render_hit(hit: Hit, limit: int | None, phrases: Phrases) -> Markup:
    """Lay out a passage with its sources; its end gives way where ``limit`` units are too few."""
    sources = _render_sources_of(hit, phrases)
    return _render_quotation(hit, None if limit is None else limit - sources.units) + sources


def _render_lead(hit: Hit, limit: int | None, phrases: Phrases) -> Markup:
    """Lay out a passage as the answer: the words that answer, the sentence around them, its sources."""
    words = neutralise(hit.passage.text)
    marked = _find_words(hit, words)
    begin, end = cut_excerpt(words, _find_focus(hit, words))
    sources = _render_sources_of(hit, phrases)
    short = neutralise(find_short(hit) or "")
    heading = bold(text(short)) + text("\n") if short and short != words.rstrip(_END_MARKS) else EMPTY
    shown = shorten(words[:end], limit - sources.units - heading.units - 2 + begin) if limit else words[:end]
    before = text(_CUT_BEFORE) if begin else EMPTY
    after = text(_CUT_AFTER) if shown == words[:end] != words else EMPTY
    return heading + before + _mark(shown, begin, marked) + after + sources


def _render_quotation(hit: Hit, limit: int | None) -> Markup:
    """Quote a passage, with the words that answer in bold, or else the clause."""
    words = neutralise(hit.passage.text)
    quoted = words if limit is None else shorten(words, limit)
    return _mark(quoted, 0, _find_words(hit, words))


def _mark(quoted: str, begin: int, marked: tuple[int, int] | None) -> Markup:
    """Return a text from ``begin`` on, with what is marked in bold, if it was not cut off."""
    if marked is None or marked[1] > len(quoted):
        return text(quoted[begin:])
    start, end = max(begin, marked[0]), marked[1]
    return text(quoted[begin:start]) + bold(text(quoted[start:end])) + text(quoted[end:])


def _find_words(hit: Hit, quoted: str) -> tuple[int, int] | None:
    """Return where the words that answer are in a quotation; the clause, if the reader is unsure of them."""
    clause = neutralise(hit.highlight or "")
    start = quoted.find(clause) if clause else -1
    words = neutralise(find_sure_words(hit) or "")
    if words and (at := quoted.find(words, max(0, start))) >= 0:
        return at, at + len(words)
    return widen_to_clauses(quoted, (start, start + len(clause))) if start >= 0 else None


def _find_focus(hit: Hit, quoted: str) -> tuple[int, int]:
    """Return around what a quotation may be cut: the words that answer, or the clause; else its beginning."""
    clause = neutralise(hit.highlight or "")
    start = max(0, quoted.find(clause))
    return _find_words(hit, quoted) or (start, start + len(clause))


def _mark_cuts(words: str, begin: int, end: int) -> str:
    """Return a part of a sentence, with "…" where words are left out."""
    return (_CUT_BEFORE if begin else "") + words[begin:end] + (_CUT_AFTER if end < len(words) else "")


def _render_sources_of(hit: Hit, phrases: Phrases) -> Markup:
    """Return the lines below a passage: "— VietnamPlus · Oct 26, 2025 · in French", "Also in: …"."""
    article = hit.passage.article
    details = [*_date_of(article, phrases), name_languages(article, phrases)]
    parts = "".join(f"{phrases.separator}{detail}" for detail in details)
    start = text(f"\n{phrases.line_start}— ")
    return start + _render_article_link(article) + text(parts) + _render_agreeing(hit, phrases)


def name_languages(article: Article, phrases: Phrases) -> str:
    """Name the language of an article, and that of its source if it is a translation."""
    language = name_language(article.language, phrases.language)
    if article.original is None:
        return phrases.say("answer.in-language", language=language)
    original = name_language(article.original, phrases.language)
    return phrases.say("answer.in-language-translated", language=language, original=original)


def _render_agreeing(hit: Hit, phrases: Phrases) -> Markup:
    """Name the other articles that say the same, each once."""
    articles = {passage.article.id: passage.article for passage in hit.also}
    articles.pop(hit.passage.article.id, None)
    if not articles:
        return EMPTY
    outlets = [_render_outlet(article) for article in list(articles.values())[:_AGREEING_ARTICLES]]
    return text("\n" + phrases.introduce("answer.also-in")) + join(", ", outlets)


def _render_article_link(article: Article) -> Markup:
    """Return the article's title, or its outlet, as a link."""
    return _render_link(article.title or article.outlet, article.source)


def _render_outlet(article: Article) -> Markup:
    return _render_link(article.outlet, article.source)


@lru_cache(maxsize=1024)
def _render_link(name: str, source: str) -> Markup:
    return link(text(shorten(name, _NAME_UNITS)), source)


def _date_of(article: Article, phrases: Phrases) -> list[str]:
    """Return the date as the reader writes one, if there is one."""
    if article.published is None:
        return []
    return [phrases.write_date(article.published)]


def _is_shown(piece: Markup) -> bool:
    return bool(piece.units)
