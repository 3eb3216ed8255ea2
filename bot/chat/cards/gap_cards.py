"""Gaps and pins laid out as messages, with the buttons below them.

Every button carries the key of an exchange (or of a pin), so it works after a restart. Whoever may
not read what people asked sees the figures alone.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import Markup, bold, italic, join, neutralise, text
from bot.chat.cards.paging import say_page, turn_rows
from bot.language import name_language
from bot.model import Hit, Passage
from bot.wording.phrases import Phrases

PAGE = 5
_WORDING_UNITS = 200
_PASSAGE_UNITS = 300
_CANDIDATE_UNITS = 500

LIST_PATTERN = r"^gaps:(?:list:\d{1,6}|open:[\w-]{1,16})$"
WORDINGS_PATTERN = r"^gaps:show:[\w-]{1,16}:\d{1,6}$"
CHANGE_PATTERN = (
    r"^gaps:(?:(?:answer|hide|unhide|test|untest|nothing|search|repeat):[\w-]{1,16}"
    r"|(?:pin|right):[\w-]{1,16}:[0-9a-f]{16}|cancel:[\w-]{1,16}:(?:pin|right))$"
)
PINS_PATTERN = r"^pins:(?:list:\d{1,6}|back:[\w-]{1,16})$"
_SOUGHT = re.compile(r"gaps:cancel:([\w-]{1,16}):(pin|right)")


class Purpose(StrEnum):
    """What a passage is searched for: to be pinned, or as the right one of a test."""

    PIN = "pin"
    TEST = "right"


@dataclass(frozen=True, slots=True)
class GapLine:
    """A gap as a list shows it; ``wording`` is the latest one, for those who may read it."""

    key: str
    times: int
    languages: tuple[str, ...]
    asked_at: datetime
    wording: str | None


@dataclass(frozen=True, slots=True)
class WordingLine:
    """A wording of a gap and what it was answered; ``passage`` is the one shown first."""

    wording: str
    language: str
    times: int
    asked_at: datetime
    is_refused: bool
    passage: str | None


@dataclass(frozen=True, slots=True)
class PinLine:
    """A pin as a list shows it."""

    key: str
    passage: str
    article: str
    questions: int
    wording: str
    is_aside: bool


def identify_passage(passage: Passage) -> str:
    """Return what a button carries of a passage: 16 hexadecimal digits of its article and text."""
    named = f"{passage.article.id}\0{passage.text}"
    return hashlib.sha256(named.encode()).hexdigest()[:16]


def read_sought(message: Message | None) -> tuple[str, Purpose] | None:
    """Return the gap and the purpose for which a message of the bot asks for a passage, if it does."""
    rows = message.reply_markup.inline_keyboard if message and message.reply_markup else ()
    for row in rows:
        for button in row:
            found = _SOUGHT.fullmatch(str(button.callback_data or ""))
            if found:
                return found[1], Purpose(found[2])
    return None


def asks_for_passage(message: Message) -> bool:
    """Tell whether a message of the bot asks for words of a passage."""
    return read_sought(message) is not None


def render_gaps(
    gaps: Sequence[GapLine], before: int, total: int, phrases: Phrases
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Lay out a page of gaps: those after the first ``before`` of ``total``."""
    lines = [
        bold(text(f"{number}. ")) + _render_gap(gap, phrases) for number, gap in enumerate(gaps, before + 1)
    ]
    content = text(phrases.say("gaps.heading") + "\n\n") + join("\n\n", lines)
    if total > len(gaps):
        content += text("\n\n" + say_page(before, len(gaps), total, phrases))
    opening = [_button(str(number), f"gaps:open:{gap.key}") for number, gap in enumerate(gaps, before + 1)]
    return content, InlineKeyboardMarkup([opening, *turn_rows("gaps:list", before, total, PAGE, phrases)])


def render_gap(  # noqa: PLR0913 - what somebody may do, and what is done already
    gap: GapLine, before: int, phrases: Phrases, *, may_read: bool, may_change: bool, is_test: bool
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Lay out one gap with what can be done about it; ``before`` is where its list page begins."""
    content = _render_gap(gap, phrases)
    if is_test:
        content += text("\n\n" + phrases.say("gaps.is-test"))
    rows = []
    if may_read:
        rows.append([_say_button(phrases, "gaps.show", f"gaps:show:{gap.key}:0")])
    if may_change:
        rows[-1:] = [
            [*(rows[-1] if rows else []), _say_button(phrases, "gaps.answer", f"gaps:answer:{gap.key}")],
            [
                _say_button(phrases, "gaps.hide", f"gaps:hide:{gap.key}"),
                _say_button(phrases, "gaps.untest", f"gaps:untest:{gap.key}")
                if is_test
                else _say_button(phrases, "gaps.test", f"gaps:test:{gap.key}"),
            ],
        ]
    back = _say_button(phrases, "button.back", f"gaps:list:{before}")
    return content, InlineKeyboardMarkup([*rows, [back]])


def render_wordings(
    key: str, wordings: Sequence[WordingLine], before: int, total: int, phrases: Phrases
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Lay out a page of the wordings of a gap, each with what was answered."""
    content = join("\n\n", [_render_wording(wording, phrases) for wording in wordings])
    if total > len(wordings):
        content += text("\n\n" + say_page(before, len(wordings), total, phrases))
    back = _say_button(phrases, "button.back", f"gaps:open:{key}")
    turning = turn_rows(f"gaps:show:{key}", before, total, PAGE, phrases)
    return content, InlineKeyboardMarkup([*turning, [back]])


def render_prompt(gap: GapLine, purpose: Purpose, phrases: Phrases) -> tuple[Markup, InlineKeyboardMarkup]:
    """Ask for words of the passage; the answer to this message is searched for."""
    content = _render_gap(gap, phrases) + text("\n\n" + phrases.say("gaps.which-passage"))
    return content, InlineKeyboardMarkup([[_cancel(gap.key, purpose, phrases)]])


def render_candidates(
    key: str, purpose: Purpose, hits: Sequence[Hit], phrases: Phrases
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Lay out the passages that were found, with a button for each."""
    if not hits:
        content = text(phrases.say("gaps.no-candidates"))
        return content, InlineKeyboardMarkup([[_cancel(key, purpose, phrases)]])
    lines = [
        bold(text(f"{number}. "))
        + text(shorten(neutralise(hit.passage.text), _CANDIDATE_UNITS))
        + text(f"\n— {shorten(neutralise(hit.passage.article.outlet), 64)}")
        for number, hit in enumerate(hits, 1)
    ]
    content = text(phrases.say("gaps.candidates") + "\n\n") + join("\n\n", lines)
    choices = [
        _button(str(number), f"gaps:{purpose.value}:{key}:{identify_passage(hit.passage)}")
        for number, hit in enumerate(hits, 1)
    ]
    return content, InlineKeyboardMarkup([choices, [_cancel(key, purpose, phrases)]])


def render_done(
    said: str, passage: str | None, phrases: Phrases, *, undo: str | None = None, back: str = "gaps:list:0"
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Say what was done, with the passage it was about and a button that takes it back."""
    content = text(said)
    if passage is not None:
        content += text("\n\n") + italic(text(shorten(neutralise(passage), _CANDIDATE_UNITS)))
    row = [_say_button(phrases, "gaps.undo", undo)] if undo else []
    return content, InlineKeyboardMarkup([[*row, _say_button(phrases, "button.back", back)]])


def render_test_choice(
    gap: GapLine, *, is_pinned: bool, phrases: Phrases
) -> tuple[Markup, InlineKeyboardMarkup]:
    """Ask what should answer the questions of a test."""
    content = _render_gap(gap, phrases) + text("\n\n" + phrases.say("gaps.what-answers"))
    rows = [
        [_say_button(phrases, "gaps.test-nothing", f"gaps:nothing:{gap.key}")],
        [_say_button(phrases, "gaps.test-search", f"gaps:search:{gap.key}")],
        [_say_button(phrases, "button.back", f"gaps:open:{gap.key}")],
    ]
    if is_pinned:
        rows.insert(0, [_say_button(phrases, "gaps.test-pinned", f"gaps:repeat:{gap.key}")])
    return content, InlineKeyboardMarkup(rows)


def render_pins(
    pins: Sequence[PinLine], before: int, total: int, phrases: Phrases
) -> tuple[Markup, InlineKeyboardMarkup | None]:
    """Lay out a page of pins, each with a button that takes it back."""
    if not total:
        return text(phrases.say("pins.nothing")), None
    lines = [
        bold(text(f"{number}. ")) + _render_pin(pin, phrases) for number, pin in enumerate(pins, before + 1)
    ]
    content = text(phrases.say("pins.heading") + "\n\n") + join("\n\n", lines)
    if total > len(pins):
        content += text("\n\n" + say_page(before, len(pins), total, phrases))
    rows = [
        [_button(phrases.say("pins.take-back", number=number), f"pins:back:{pin.key}")]
        for number, pin in enumerate(pins, before + 1)
    ]
    return content, InlineKeyboardMarkup([*rows, *turn_rows("pins:list", before, total, PAGE, phrases)])


def _render_gap(gap: GapLine, phrases: Phrases) -> Markup:
    languages = ", ".join(name_language(language, phrases.language) for language in gap.languages)
    figures = " · ".join(
        (
            phrases.say("gaps.times", count=gap.times),
            languages,
            phrases.say("gaps.last", day=gap.asked_at.date()),
        )
    )
    if gap.wording is None:
        return text(figures)
    return text(figures + "\n") + _quote(gap.wording, phrases)


def _render_wording(wording: WordingLine, phrases: Phrases) -> Markup:
    figures = " · ".join(
        (
            phrases.say("gaps.times", count=wording.times),
            name_language(wording.language, phrases.language),
            phrases.say("gaps.last", day=wording.asked_at.date()),
        )
    )
    content = bold(_quote(wording.wording, phrases)) + text(f"\n{figures}")
    content += text("\n" + phrases.say("gaps.refused" if wording.is_refused else "gaps.voted-down"))
    if wording.passage is None:
        return content
    return content + text("\n") + italic(text(shorten(neutralise(wording.passage), _PASSAGE_UNITS)))


def _render_pin(pin: PinLine, phrases: Phrases) -> Markup:
    content = italic(text(shorten(neutralise(pin.passage), _PASSAGE_UNITS)))
    content += text(f"\n— {shorten(neutralise(pin.article), 100)}\n")
    content += text(phrases.say("pins.questions", count=pin.questions) + " ") + _quote(pin.wording, phrases)
    return content + text("\n" + phrases.say("pins.aside")) if pin.is_aside else content


def _quote(wording: str, phrases: Phrases) -> Markup:
    return text(phrases.say("asked", question=shorten(neutralise(wording), _WORDING_UNITS)))


def _cancel(key: str, purpose: Purpose, phrases: Phrases) -> InlineKeyboardButton:
    return _say_button(phrases, "gaps.cancel", f"gaps:cancel:{key}:{purpose.value}")


def _say_button(phrases: Phrases, label: str, data: str) -> InlineKeyboardButton:
    return _button(phrases.say(label), data)


def _button(label: str, data: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(label, callback_data=data)
