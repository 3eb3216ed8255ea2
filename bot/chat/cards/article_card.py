"""Articles and drafts as the people who keep them see them: one at a time, and in lists."""

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.cards.fitting import MESSAGE_UNITS, shorten
from bot.chat.cards.markup import Markup, bold, italic, link, text
from bot.chat.cards.paging import say_page, turn_rows
from bot.corpus.drafts import FIELDS, Draft
from bot.language import name_language
from bot.model import Article
from bot.wording.phrases import Phrases

PAGE = 6
"""The articles on a page of the list."""

_SENTENCE_UNITS = 500
_TITLE_UNITS = 200
_LABEL_UNITS = 40
_KEY_CHARACTERS = 16


def shorten_digest(digest: str) -> str:
    """Return what names an article's content in a button."""
    return digest[:_KEY_CHARACTERS]


def render_draft(draft: Draft, there: Article | None, phrases: Phrases) -> Markup:
    """Lay a draft out; ``there`` is the article that has its source already."""
    sentences = draft.split()
    card = bold(text(shorten(draft.title or phrases.say("draft.untitled"), _TITLE_UNITS)))
    details = [draft.outlet, _say_date(draft, phrases), name_language(draft.language, phrases.language)]
    card += text("\n" + shorten(" · ".join(filter(None, details)), _TITLE_UNITS))
    if draft.source:
        card += text("\n") + link(text(shorten(draft.source, _TITLE_UNITS)), draft.source)
    card += text("\n\n" + phrases.say("articles.sentences", count=len(sentences)) + "\n")
    shown = [("draft.first", sentences[0])]
    if len(sentences) > 1:
        shown.append(("draft.last", sentences[-1]))
    for key, sentence in shown:
        card += text(f"\n{phrases.say(key)} ") + italic(text(shorten(sentence, _SENTENCE_UNITS)))
    if draft.missing:
        names = ", ".join(phrases.say(f"draft.field.{name}") for name in draft.missing)
        card += text("\n\n" + phrases.say("draft.missing", fields=names))
    if draft.source is None:
        card += text("\n" + phrases.say("draft.needs-source"))
    if there is not None:
        title = shorten(there.title or there.id, _TITLE_UNITS)
        card += text("\n\n" + phrases.say("draft.there", article=title))
    return card


def lay_out_draft(key: str, phrases: Phrases, *, may_add: bool) -> InlineKeyboardMarkup:
    """Return the buttons below a draft."""
    choices = ["add"] if may_add else []
    row = [
        _button(phrases.say(f"draft.{what}"), f"draft:{what}:{key}")
        for what in (*choices, "change", "cancel")
    ]
    return InlineKeyboardMarkup([row])


def lay_out_fields(key: str, phrases: Phrases) -> InlineKeyboardMarkup:
    """Return the buttons for what can be changed in a draft."""
    rows = [[_button(phrases.say(f"draft.field.{name}"), f"draft:{name}:{key}")] for name in FIELDS]
    return InlineKeyboardMarkup([*rows, [_button(phrases.say("button.back"), f"draft:back:{key}")]])


def render_list(
    articles: Sequence[Article],
    before: int,
    counts: tuple[dict[str, int], dict[str, int]],
    phrases: Phrases,
) -> Markup:
    """Lay out a page of the list; ``counts`` are the sentences and the quotations of each article."""
    sentences, quoted = counts
    page = text(phrases.say("sources.heading", count=len(articles)) + "\n")
    shown = articles[before : before + PAGE]
    for number, article in enumerate(shown, before + 1):
        details = [
            shorten(article.outlet, _TITLE_UNITS),
            _say_date(article, phrases),
            phrases.say("articles.sentences", count=sentences.get(article.id, 0)),
            phrases.say("articles.quoted", count=quoted.get(article.id, 0)),
        ]
        page += text(f"\n{number}. ") + bold(text(shorten(article.title or article.id, _TITLE_UNITS)))
        page += text("\n" + " · ".join(filter(None, details)) + "\n")
    if len(shown) < len(articles):
        page += text("\n" + say_page(before, len(shown), len(articles), phrases))
    return page


def lay_out_list(articles: Sequence[Article], before: int, phrases: Phrases) -> InlineKeyboardMarkup | None:
    """Return a button for each article of a page, and those that turn it."""
    shown = articles[before : before + PAGE]
    numbers = [
        _button(str(number), f"articles:show:{shorten_digest(article.digest)}")
        for number, article in enumerate(shown, before + 1)
    ]
    turning = turn_rows("articles:page", before, len(articles), PAGE, phrases)
    rows = [numbers, *turning] if numbers else turning
    return InlineKeyboardMarkup(rows) if rows else None


def render_text(
    article: Article, sentences: Sequence[str], first: int, phrases: Phrases
) -> tuple[Markup, int]:
    """Lay an article out as the bot reads it, numbered, from a sentence on; return the next page's first."""
    card = bold(text(shorten(article.title or article.id, _TITLE_UNITS))) + text("\n")
    room = MESSAGE_UNITS - _TITLE_UNITS
    number = first
    for sentence in sentences[first:]:
        line = text(f"\n{number + 1}. {shorten(sentence, MESSAGE_UNITS // 2)}")
        if card.units + line.units > room:
            break
        card += line
        number += 1
    if len(sentences) > number or first:
        card += text("\n\n" + say_page(first, number - first, len(sentences), phrases))
    return card, number


def lay_out_text(article: Article, following: int | None, phrases: Phrases) -> InlineKeyboardMarkup:
    """Return the buttons below an article; ``following`` is the first sentence of the next page."""
    key = shorten_digest(article.digest)
    row = [_button(phrases.say("articles.take-out"), f"articles:out:{key}")]
    if following is not None:
        row.append(_button(phrases.say("sources.next"), f"articles:show:{key}:{following}"))
    return InlineKeyboardMarkup([row, [_button(phrases.say("articles.list"), "articles:page:0")]])


def lay_out_undo(key: str, phrases: Phrases) -> InlineKeyboardMarkup:
    """Return the button that undoes a change."""
    return InlineKeyboardMarkup([[_button(phrases.say("articles.undo"), f"undo:{key}")]])


def _say_date(dated: Article | Draft, phrases: Phrases) -> str | None:
    return phrases.write_date(dated.published) if dated.published else None


def _button(label: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(shorten(label, _LABEL_UNITS), callback_data=data)
