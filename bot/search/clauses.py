"""Clauses: the parts of a sentence that are embedded on their own, and that may be highlighted.

A long sentence says several things, and its one vector says none of them well. So it is cut where
its author cut it, at punctuation; pieces that are too short to mean anything join a neighbour, and
pieces that are still long are read through a window that moves by half its width. Figures are
never cut, not even where a space groups their digits. It does not judge which clause answers.
"""

import re
from itertools import islice

from bot.characters import UNSPACED

_BREAK = re.compile(
    r"(?<=[,;:])\s+|(?<=[，；：、])|\s+(?=[(\[«„“])|(?<=[)\]»”])\s+|\s+[–-]\s+|\s*—\s*",
)
_UNIT = re.compile(rf"\d{{1,3}}(?:[ \u00a0\u202f]\d{{3}})+\S*|[{UNSPACED}]{{1,2}}|[^\s{UNSPACED}]+")
_SHORT = 6
_LONG = 14
_WINDOW = 10
_STRIDE = 5

Span = tuple[int, int]
"""Where a clause begins and ends in its sentence, in characters."""


def find_clauses(sentence: str) -> list[Span]:
    """Return the spans of a sentence's clauses, in order; windows of a long clause overlap.

    A sentence that is one short clause gives one span.
    """
    clauses: list[Span] = []
    for span in _join_short(sentence, split_at_punctuation(sentence)):
        clauses.extend(_slide_window(sentence, span))
    return clauses


def find_units(sentence: str, span: Span) -> list[Span]:
    """Return the spans of the words within a span; scripts without spaces count two characters as one."""
    return [match.span() for match in _UNIT.finditer(sentence, *span)]


def split_at_punctuation(sentence: str) -> list[Span]:
    """Return the spans between the marks where a sentence may be cut, in order."""
    pieces: list[Span] = []
    start = 0
    for match in _BREAK.finditer(sentence):
        pieces.append((start, match.start()))
        start = match.end()
    pieces.append((start, len(sentence)))
    return [piece for piece in pieces if find_units(sentence, piece)]


def _join_short(sentence: str, pieces: list[Span]) -> list[Span]:
    """Join a piece to the one before it if either is short."""
    joined: list[Span] = []
    is_short = False
    for piece in pieces:
        is_piece_short = _is_short(sentence, piece)
        if joined and (is_short or is_piece_short):
            joined[-1] = (joined[-1][0], piece[1])
            # Counted again only while it is short, since a sentence may have thousands of pieces.
            is_short = is_short and _is_short(sentence, joined[-1])
        else:
            joined.append(piece)
            is_short = is_piece_short
    return joined


def _is_short(sentence: str, span: Span) -> bool:
    units = _UNIT.finditer(sentence, *span)
    return sum(1 for _ in islice(units, _SHORT)) < _SHORT


def _slide_window(sentence: str, span: Span) -> list[Span]:
    units = find_units(sentence, span)
    if len(units) <= _LONG:
        return [(units[0][0], units[-1][1])]
    starts = [*range(0, len(units) - _WINDOW, _STRIDE), len(units) - _WINDOW]
    return [(units[start][0], units[start + _WINDOW - 1][1]) for start in starts]
