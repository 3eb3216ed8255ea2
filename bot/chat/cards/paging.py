"""Lists that are shown in parts: the first entries, or a page at a time with buttons that turn it."""

from collections.abc import Sequence

from telegram import InlineKeyboardButton

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import neutralise
from bot.wording.phrases import Phrases


def list_first(entries: Sequence[str], phrases: Phrases, *, most: int, units: int) -> list[str]:
    """Return one line for each of the first ``most`` entries, and one that counts the others."""
    lines = [f"• {shorten(neutralise(entry), units)}" for entry in entries[:most]]
    left_out = len(entries) - len(lines)
    return [*lines, phrases.say("left-out", count=left_out)] if left_out else lines


def begin_page(place: int, total: int, size: int) -> int:
    """Return how many entries are before the page that holds a place, or before the last page.

    >>> begin_page(7, 20, 5), begin_page(7, 3, 5)
    (5, 0)
    """
    return min(place, max(0, total - 1)) // size * size


def say_page(before: int, shown: int, total: int, phrases: Phrases) -> str:
    """Say which entries are shown, after the first ``before`` of ``total``."""
    return phrases.say("sources.page", first=before + 1, last=before + shown, total=total)


def turn_rows(  # noqa: PLR0913 - the labels have defaults
    data: str,
    before: int,
    total: int,
    size: int,
    phrases: Phrases,
    *,
    back: str = "sources.back",
    forth: str = "sources.next",
) -> list[list[InlineKeyboardButton]]:
    """Return the row of buttons that turn a list back and forth; no row where all is shown.

    Each carries ``data`` and how many entries are before its page.
    """
    row = []
    if before:
        row.append(_make_button(back, f"{data}:{max(0, before - size)}", phrases))
    if before + size < total:
        row.append(_make_button(forth, f"{data}:{before + size}", phrases))
    return [row] if row else []


def _make_button(label: str, data: str, phrases: Phrases) -> InlineKeyboardButton:
    return InlineKeyboardButton(phrases.say(label), callback_data=data)
