"""What of a passage to show: the part that answers, in bold, and the words that answer at a glance.

The part is an exact substring. Each word is worth what the clauses around it are worth, and how likely the
reader takes the answer to begin or end there; the best run of a dozen words is taken. It begins after
punctuation and ends at it where that is near, and never within a figure. Words of which the reader is sure
are in it; where they would not be, whoever shows it takes the clause around them (``showing``).
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Share
from bot.model import Hit
from bot.search.clauses import Span, find_clauses, find_units

# The reader's probability from which on it believes that a passage answers.
_ANSWERS = 0.5
# How likely words hold the whole answer for them to be shown; below, the part they are in is. Chosen on
# questions_tuning.toml and questions_paraphrased.toml, where a quarter of the answers have such words: from
# here on, what is bold holds the fact for 0.57 and 0.53 of the questions, from 0.9 on for 0.49 and 0.47.
_SURE_OF_WORDS = 0.985
# More words than these are no answer at a glance.
_SHORT_WORDS = 8
_WORDS = 12
# What the clauses say is worth so many times what the reader says: the reader looks for the words alone, the
# clauses for what they are said of.
_CLAUSES_COUNT = 2.0
_END_STEPS = (0, 1, -1, -2, 2, -3)
_LOOSE_END = " ,;:–—"
_BREAK_AFTER = re.compile(r"[,;:.!?)\]»”–—]$")


def choose_highlight(
    text: str,
    spans: list[Span],
    scores: NDArray[np.float32],
    shares: Sequence[Share] = (),
    words: Span | None = None,
) -> str | None:
    """Return the part of a passage that answers.

    ``spans`` are its clauses and ``scores`` their nearness to the question, shape (spans,); there
    are none where the passage is one clause. ``shares``: where a reader takes the answer to be; ``words``:
    those of which it is sure, and which the run is to have in it. Moving it to punctuation may cut them.
    """
    layout = _lay_out(text, tuple(spans))
    units = layout.units
    if not units:
        return None
    if len(units) <= _WORDS or not spans:
        return text[units[0][0] : units[-1][1]]
    spread = float(scores.std()) or 1.0
    standard = (scores - scores.mean()) / spread
    # Each word is worth the mean standardised score of the clauses it is in.
    worth = np.where(layout.is_covered, np.exp(standard @ layout.shares), 0.0)
    worth = _CLAUSES_COUNT * worth / (worth.sum() or 1.0) + _spread_over_words(shares, units)
    sums = np.convolve(worth, np.ones(_WORDS), "valid")
    holds = _list_runs_around(words, units, len(sums)) if words else np.ones(len(sums), np.bool_)
    if holds.any():
        sums[~holds] = -np.inf
    first = _begin_at_break(text, units, int(np.argmax(sums)))
    last = _end_at_break(text, units, first + _WORDS - 1)
    return text[units[first][0] : units[last][1]].rstrip(_LOOSE_END)


def _list_runs_around(words: Span, units: list[Span], runs: int) -> NDArray[np.bool_]:
    """Tell of each run, by the number of its first word, whether all of the words are in it."""
    starts = np.arange(runs)
    holds = np.ones(runs, np.bool_)
    for number, (start, end) in enumerate(units):
        if start < words[1] and words[0] < end:
            holds &= (starts <= number) & (number < starts + _WORDS)
    return holds


def _spread_over_words(shares: Sequence[Share], units: list[Span]) -> NDArray[np.float64]:
    """Give each share to the word that it is in, or else to the next one."""
    worth = np.zeros(len(units))
    ends = [end for _, end in units]
    for begin, share in shares:
        worth[min(bisect_right(ends, begin), len(units) - 1)] += share
    return worth


def find_clause_around(text: str, words: Span) -> Span:
    """Return the shortest clause that the words are in; if they are in several, all of these."""
    clauses = find_clauses(text)
    around = [span for span in clauses if span[0] <= words[0] and words[1] <= span[1]]
    if around:
        return min(around, key=lambda span: span[1] - span[0])
    touched = [span for span in clauses if span[0] < words[1] and words[0] < span[1]]
    return (
        min([words[0], *(start for start, _ in touched)]),
        max([words[1], *(end for _, end in touched)]),
    )


def is_believed(hit: Hit) -> bool:
    """Tell whether the reader believes that the passage answers; an old record does not say."""
    return hit.answers is None or hit.answers >= _ANSWERS


def is_sure(certainty: float | None) -> bool:
    """Tell whether a reader is sure of words that answer; an old record has only such as were sure then."""
    return certainty is None or certainty >= _SURE_OF_WORDS


def find_sure_words(hit: Hit) -> str | None:
    """Return the words that answer, where the reader believes the passage and is sure of the words."""
    return hit.short if is_sure(hit.certainty) and is_believed(hit) else None


def find_short(hit: Hit) -> str | None:
    """Return the words that answer, where the reader is sure of them and they are few."""
    words = find_sure_words(hit)
    if not words or len(find_units(words, (0, len(words)))) > _SHORT_WORDS:
        return None
    return words


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """The words of a passage: ``shares`` is what each clause adds to each, shape (spans, words)."""

    units: list[Span]
    is_covered: NDArray[np.bool_]
    shares: NDArray[np.float32]


@lru_cache(maxsize=4096)
def _lay_out(text: str, spans: tuple[Span, ...]) -> _Layout:
    """Find the words of a passage and the clauses that each is in; the same for every question."""
    units = find_units(text, (0, len(text)))
    words = np.array(units, dtype=np.intp).reshape(-1, 2)
    clauses = np.array(spans, dtype=np.intp).reshape(-1, 2)
    is_in = (clauses[:, :1] <= words[:, 0]) & (words[:, 1] <= clauses[:, 1:])
    count = is_in.sum(axis=0)
    return _Layout(
        units=units,
        is_covered=count > 0,
        shares=(is_in / np.maximum(count, 1)).astype(np.float32),
    )


def _begin_at_break(text: str, units: list[Span], first: int) -> int:
    """Move the run so that it begins after punctuation, if that is a word or two away."""
    for step in (0, -1, 1, -2, 2):
        start = first + step
        if start == 0 or (
            0 < start <= len(units) - _WORDS and _BREAK_AFTER.search(_word(text, units[start - 1]))
        ):
            return start
    return first


def _end_at_break(text: str, units: list[Span], last: int) -> int:
    """Move the end of the run to punctuation, if that is near; rather back than far on."""
    for step in _END_STEPS:
        end = last + step
        if end < len(units) and _BREAK_AFTER.search(_word(text, units[end])):
            return end
    return last


def _word(text: str, unit: Span) -> str:
    return text[unit[0] : unit[1]]
