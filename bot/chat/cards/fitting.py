"""Telegram's limits, and texts cut to fit them.

Telegram counts UTF-16 units after entities are parsed: a letter is one unit, most emoji are two.
Cutting never parts what Unicode calls a grapheme cluster: an accent and its letter, the pieces of a
joined emoji, the two halves of a flag. It knows nothing of markup.
"""

from collections.abc import Callable, Iterator, Sequence

import regex

MESSAGE_UNITS = 4096
"""The most that one message holds."""

CAPTION_UNITS = 1024
"""The most that the caption of a picture or a file holds."""

SOURCE_BYTES = 32_768
"""The most bytes of UTF-8 that a message's text may have before its HTML is parsed."""

ENTITIES = 100
"""The most entities of a message that Telegram heeds; each pair of tags is one."""

_ELLIPSIS = "…"
_GRAPHEME = regex.compile(r"\X")


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
    end = next(start for start, _, units in _measure_graphemes(text) if units > limit - 1)
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
    left_out = count_units(text) - (limit - 1)
    start = next(end for _, end, units in _measure_graphemes(text) if units >= left_out)
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


def _measure_graphemes(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield where each grapheme begins and ends, and how many units the text has up to its end."""
    units = 0
    for grapheme in _GRAPHEME.finditer(text):
        units += count_units(grapheme[0])
        yield grapheme.start(), grapheme.end(), units
