"""Answers and articles laid out as messages.

Pure functions from the nouns of the bot to ``Markup``, never longer than a message may be: first
the further passages give way, then the end of the best one. Passages are quoted word for word;
everything else comes from ``Phrases``. It does not send anything.
"""

from collections.abc import Iterable, Sequence

from babel.dates import format_date

from bot.chat.limits import MESSAGE_UNITS, shorten
from bot.chat.markup import EMPTY, Markup, bold, fold, join, link, neutralise, text
from bot.language import name_language
from bot.model import Answer, Article, Hit
from bot.wording.phrases import Phrases

_OUTLET_UNITS = 64
_TITLE_UNITS = 200
_AGREEING_ARTICLES = 5
_MESSAGES = 4


def render_answer(answer: Answer, phrases: Phrases) -> Markup:
    """Lay out an answer: the best passage in full, the others folded, each with its source.

    Where the articles do not answer, it says so, and all the nearest passages are folded.
    """
    if not answer.hits:
        return text(phrases.say("not-found-nothing-near"))
    best, *further = answer.hits
    cards = [_render_hit(hit, None, phrases) for hit in further]
    if not answer.is_answered:
        heading = text(phrases.say("not-found") + "\n")
        nearest = _render_hit(best, MESSAGE_UNITS - heading.units, phrases)
        return heading + _fold_fitting(heading, [nearest, *cards])
    top = _render_hit(best, MESSAGE_UNITS, phrases)
    heading = text("\n\n" + phrases.say("answer.further") + "\n")
    folded = _fold_fitting(top + heading, cards)
    return top + heading + folded if folded.units else top


def render_sources(articles: Sequence[Article], phrases: Phrases) -> list[Markup]:
    """List the articles, in as many messages as they need and at most four."""
    messages = [text(phrases.say("sources.heading", count=len(articles)) + "\n")]
    for number, article in enumerate(articles, 1):
        entry = text(f"\n{number}. ") + _render_entry(article, phrases)
        left_out = text("\n" + phrases.say("left-out", count=len(articles) - number + 1))
        if not (messages[-1] + entry + left_out).is_sendable:
            if len(messages) == _MESSAGES:
                messages[-1] += left_out
                break
            messages.append(EMPTY)
        messages[-1] += entry
    return messages


def _fold_fitting(above: Markup, cards: Iterable[Markup]) -> Markup:
    """Fold as many of the cards, from the first, as one message holds below what is above."""
    folded = EMPTY
    for card in cards:
        longer = folded + text("\n\n") + card if folded.units else card
        if not (above + fold(longer)).is_sendable:
            break
        folded = longer
    return fold(folded) if folded.units else EMPTY


def _render_hit(hit: Hit, limit: int | None, phrases: Phrases) -> Markup:
    """Lay out a passage with its sources; its end gives way where ``limit`` units are too few."""
    sources = text("\n— ") + _render_source(hit.passage.article, phrases) + _render_agreeing(hit, phrases)
    quoted = hit.passage.text
    if limit is not None:
        # What is neutralised could only have made it longer.
        quoted = shorten(neutralise(quoted), limit - sources.units)
    return _highlight(quoted, hit.highlight) + sources


def _highlight(quoted: str, clause: str | None) -> Markup:
    """Set the clause in bold within the quotation, as far as it is there."""
    start = quoted.find(clause) if clause else -1
    if clause is None or start < 0:
        return text(quoted)
    end = start + len(clause)
    return text(quoted[:start]) + bold(text(quoted[start:end])) + text(quoted[end:])


def _render_agreeing(hit: Hit, phrases: Phrases) -> Markup:
    """Name the other articles that say the same, each once."""
    articles = {passage.article.id: passage.article for passage in hit.also}
    articles.pop(hit.passage.article.id, None)
    if not articles:
        return EMPTY
    outlets = [_render_outlet(article) for article in list(articles.values())[:_AGREEING_ARTICLES]]
    return text("\n" + phrases.say("answer.also-in") + " ") + join(", ", outlets)


def _render_source(article: Article, phrases: Phrases) -> Markup:
    """Return outlet, date and language in one line: "VietnamPlus · Oct 26, 2025 · Vietnamese"."""
    return _render_outlet(article) + text("".join(f" · {part}" for part in _describe(article, phrases)))


def _render_entry(article: Article, phrases: Phrases) -> Markup:
    """Return an article's line in the list: its title, or its outlet, leads to the source."""
    if article.title is None:
        return _render_source(article, phrases)
    title = link(text(shorten(article.title, _TITLE_UNITS)), article.source)
    parts = [shorten(article.outlet, _OUTLET_UNITS), *_describe(article, phrases)]
    return title + text("".join(f" · {part}" for part in parts))


def _render_outlet(article: Article) -> Markup:
    return link(text(shorten(article.outlet, _OUTLET_UNITS)), article.source)


def _describe(article: Article, phrases: Phrases) -> list[str]:
    """Return the date, where there is one, and the language, in the reader's words."""
    language = name_language(article.language, phrases.language)
    if article.published is None:
        return [language]
    return [format_date(article.published, "medium", locale=phrases.language), language]
