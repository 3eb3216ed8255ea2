"""Excerpts: the part of a long sentence around the words that answer, for a small screen.

A sentence is cut only where its author cut it, at punctuation, so that no phrase is torn. A clause that is
itself too long is cut between words. It knows neither markup nor what answers.
"""

from bot.search.clauses import Span, find_units, split_at_punctuation

LONGEST = 40
"""In words: a longer sentence is shown in part."""

# Not worth leaving out.
_REMNANT = 4
_MOST_MARKED = 24
_BRACKETS = "(["
# Of what is to stand out: with less of it, something else would.
_MAIN_PART = 0.5
_LOOSE_END = " ,;:–—"


def cut_excerpt(sentence: str, words: Span, longest: int = LONGEST) -> Span:
    """Return the span to show of a sentence: all of it, or what is around ``words``.

    >>> cut_excerpt("In May, as planned, all of them signed, said the chair.", (20, 38), 6)
    (20, 38)
    """
    units = find_units(sentence, (0, len(sentence)))
    if len(units) <= longest + _REMNANT:
        return 0, len(sentence)
    spans = split_at_punctuation(sentence)
    pieces = [_find_units_of(piece, units) for piece in spans]
    wanted = _find_units_of(words, units)
    first, end = _choose_pieces(pieces, wanted, longest)
    while first and pieces[first][1] <= wanted[0] and sentence[spans[first][0]] in _BRACKETS:
        # What a bracket belongs to is left out.
        first += 1
    begin, stop = pieces[first][0], pieces[end - 1][1]
    if stop - begin > longest:
        begin, stop = _narrow((begin, stop), wanted, longest)
    begin = 0 if begin <= _REMNANT else begin
    stop = len(units) if len(units) - stop <= _REMNANT else stop
    return (
        units[begin][0] if begin else 0,
        units[stop - 1][1] if stop < len(units) else len(sentence),
    )


def widen_to_clauses(sentence: str, words: Span) -> Span | None:
    """Return the span of the whole clauses that words are in, so that no phrase is torn.

    Where that is too much to stand out, the clauses that are in the words; None if these are only a small
    part of them.

    >>> widen_to_clauses("In May, as planned, all of them signed.", (20, 31))
    (20, 39)
    """
    pieces = split_at_punctuation(sentence)
    touched = [piece for piece in pieces if piece[0] < words[1] and words[0] < piece[1]]
    inside = [piece for piece in touched if words[0] <= piece[0] and piece[1] <= words[1] + 1]
    if sum(end - begin for begin, end in inside) < _MAIN_PART * (words[1] - words[0]):
        inside = []
    for chosen in (touched, inside):
        if not chosen:
            continue
        begin, end = chosen[0][0], chosen[-1][1]
        if len(find_units(sentence, (begin, end))) <= _MOST_MARKED:
            return begin, begin + len(sentence[begin:end].rstrip(_LOOSE_END))
    return None


def _find_units_of(span: Span, units: list[Span]) -> Span:
    """Return which words lie in a span, by their numbers; at least one."""
    inside = [number for number, (begin, end) in enumerate(units) if begin < span[1] and span[0] < end]
    return (inside[0], inside[-1] + 1) if inside else (0, 1)


def _choose_pieces(pieces: list[Span], wanted: Span, longest: int) -> Span:
    """Return the pieces that hold what is wanted and, alternately after and before, what fits beside."""
    touched = [number for number, (begin, end) in enumerate(pieces) if begin < wanted[1] and wanted[0] < end]
    first, end = touched[0], touched[-1] + 1
    while True:
        grown = first, end
        if end < len(pieces) and pieces[end][1] - pieces[first][0] <= longest:
            end += 1
        if first and pieces[end - 1][1] - pieces[first - 1][0] <= longest:
            first -= 1
        if (first, end) == grown:
            return grown


def _narrow(span: Span, wanted: Span, longest: int) -> Span:
    """Return ``longest`` words of a span, with what is wanted in the middle."""
    begin = max(span[0], min((wanted[0] + wanted[1] - longest) // 2, span[1] - longest))
    return begin, begin + longest
