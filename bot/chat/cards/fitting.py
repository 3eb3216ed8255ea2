"""Telegram's limits, and texts cut to fit them.

Telegram counts UTF-16 units after entities are parsed: a letter is one unit, most emoji are two.
Cutting never parts a surrogate pair, an accent from its letter, or the pieces of a joined emoji.
It knows nothing of markup.
"""

import unicodedata
from collections.abc import Callable, Sequence

MESSAGE_UNITS = 4096
"""The most that one message holds."""

SOURCE_BYTES = 32_768
"""The most bytes of UTF-8 that a message's text may have before its HTML is parsed."""

ENTITIES = 100
"""The most entities of a message that Telegram heeds; each pair of tags is one."""

_ELLIPSIS = "…"
_JOINER = "\u200d"
# Skin tones change the emoji before them and are no combining marks to Unicode.
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_LAST_UNIT_OF_ONE = "\uffff"


def count_units(text: str) -> int:
    """Return the length of a text as Telegram counts it.

    >>> count_units("a😀")
    3
    """
    # One unit is two bytes; halves of surrogate pairs count too.
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Return the text, or its beginning up to a word's end with "…", in at most ``limit`` units.

    A text without a space in its last half is cut inside the word. With no room for anything,
    nothing is left.

    >>> shorten("seventy-two countries signed", 24)
    'seventy-two countries…'
    """
    if count_units(text) <= limit:
        return text
    if limit < 1:
        return ""
    end = _last_boundary(text, _count_fitting(text, limit - 1))
    beginning = text[:end]
    if not text[end].isspace() and not beginning[-1:].isspace():
        words = beginning.rsplit(maxsplit=1)
        if len(words) > 1 and len(beginning) - len(words[1]) >= len(beginning) // 2:
            beginning = beginning[: len(beginning) - len(words[1])]
    return beginning.rstrip() + _ELLIPSIS


def shorten_start(text: str, limit: int) -> str:
    """Return the text, or "…" and its end from a word's beginning, in at most ``limit`` units.

    >>> shorten_start("seventy-two countries signed", 20)
    '…countries signed'
    """
    if count_units(text) <= limit:
        return text
    if limit < 1:
        return ""
    start = len(text) - _count_fitting(text[::-1], limit - 1)
    while start < len(text) and (_belongs_to_previous(text[start]) or text[start - 1] == _JOINER):
        start += 1
    end = text[start:]
    if not text[start - 1].isspace() and not end[:1].isspace():
        words = end.split(maxsplit=1)
        if len(words) > 1 and len(words[1]) >= len(end) // 2:
            end = words[1]
    return _ELLIPSIS + end.lstrip()


def fit_lines(lines: Sequence[str], limit: int, count_left_out: Callable[[int], str]) -> list[str]:
    """Return the lines, or the first ones and a last line that says how many are left out.

    Line breaks count; ``count_left_out`` makes the last line.
    """
    kept: list[str] = []
    units = 0
    for number, line in enumerate(lines):
        rest = len(lines) - number
        reserve = count_units(count_left_out(rest)) + 1 if rest > 1 else 0
        units += count_units(line) + 1
        if units + reserve > limit:
            return [*kept, count_left_out(rest)]
        kept.append(line)
    return kept


def _count_fitting(text: str, limit: int) -> int:
    """Return how many characters of the text fit into ``limit`` units."""
    units = 0
    for number, character in enumerate(text):
        units += 1 + (character > _LAST_UNIT_OF_ONE)
        if units > limit:
            return number
    return len(text)


def _last_boundary(text: str, end: int) -> int:
    """Return the last place at or before ``end`` where what a reader sees as one is not parted."""
    while 0 < end < len(text) and (_belongs_to_previous(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return end


def _belongs_to_previous(character: str) -> bool:
    return (
        character == _JOINER
        or unicodedata.category(character).startswith("M")
        or ord(character) in _SKIN_TONES
    )
