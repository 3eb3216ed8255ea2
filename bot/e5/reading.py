"""What of a text is read, and which of its words answer: everything around the reader's network.

A passage is read as its sentence, whose states were computed after the words before it. Of the
text's tokens the first, which stands for the whole, and the sentence's own are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import regex
from numpy.typing import NDArray

from bot.characters import UNSPACED
from bot.e5.tokens import Piece

LONGEST_QUESTION = 64
LONGEST_SENTENCE = 96
"""In tokens; of what is longer, the beginning."""

Share = tuple[int, float]
"""Where a token begins in a sentence, and how likely an answer begins or ends with it: the mean of both."""

_MOST_TOKENS = 30
"""No answer is longer."""

_LIKELY_SPANS = 20
# As F2: recall counts twice as much as precision. On questions about the articles that choose, the words
# hold the whole answer for 0.75 instead of 0.64 of the likeliest spans, their F1 is 0.71 instead of 0.715.
_MISSING_COUNTS = 2.0

# Unlike Python's own, it knows that the signs of Indian and Arabic scripts belong to their words.
_JOINING = regex.compile(rf"[^\W{UNSPACED}]")
_WITHIN = ".,:'’/-‑"
_AROUND = " \t\n.,;:!?…\"'«»„“”‘’()[]{}–—-،؛؟。、，；：！？「」『』（）"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence, ``before`` it the last words of the one before (``""`` if there is none)."""

    sentence: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a sentence that answer, as places in it.

    ``certainty``: how likely they hold the whole answer, 0 to 1, if it is one of the likeliest spans;
    ``span_score``: the log of how likely the likeliest span is, at most 0.
    """

    begin: int
    end: int
    certainty: float
    span_score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a passage.

    ``logit``: above 0 the passage answers rather than not; ``words`` would answer. ``shares`` say of each
    token how likely the answer begins or ends with it, and add up to 1; there are none if that is not
    known.
    """

    logit: float
    words: Words
    shares: tuple[Share, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of a text's states that are read, and where each token lies in the sentence.

    The first row is not a token of the sentence: its place is (0, 0).
    """

    rows: NDArray[np.intp]
    places: tuple[tuple[int, int], ...]

    @property
    def has_tokens(self) -> bool:
        """Whether any token of the sentence is kept."""
        return len(self.rows) > 1

    def limit(self, count: int) -> "Kept":
        """Leave out the rows of tokens that a network was not given."""
        fitting = int((self.rows < count).sum())
        return Kept(self.rows[:fitting], self.places[:fitting])

    def find_edges(self, span: tuple[int, int]) -> tuple[int, int] | None:
        """Return the first and the last token of a span of the sentence, as numbers of rows."""
        touched = [
            number
            for number, (begin, end) in enumerate(self.places)
            if number and begin < span[1] and end > span[0]
        ]
        return (touched[0], touched[-1]) if touched and self.places[touched[-1]][1] >= span[1] else None


def keep_sentence(pieces: Sequence[Piece], text: str, start: int) -> Kept:
    """Find the tokens of the sentence that begins at ``start`` in a text."""
    rows = [0]
    places = [(0, 0)]
    for number, (_, begin, end) in enumerate(pieces, 1):
        # A token may take the space before its word along.
        stripped = begin + len(text[begin:end]) - len(text[begin:end].lstrip())
        if end > start and stripped >= start and len(rows) < LONGEST_SENTENCE:
            rows.append(number)
            places.append((stripped - start, end - start))
    return Kept(np.array(rows), tuple(places))


def choose_words(sentence: str, kept: Kept, edges: NDArray[np.float32]) -> Words:
    """Return the words of the sentence that have most in common with what may be the answer.

    The likeliest span alone is often a part of the answer ("119" of "119 countries"). Of the likeliest
    spans, the one is taken whose expected F of tokens with the others is best; F counts what is missing
    more than what is too much (van Rijsbergen 1979, "Information Retrieval", chapter 7; Kumar and Byrne
    2004, "Minimum Bayes-Risk Decoding").

    ``edges`` has shape (rows, 2): how well the answer begins and ends at a token.
    """
    if not kept.has_tokens:
        return Words(0, 0, 0.0, float("-inf"))
    logs = _find_logs(kept, edges)
    count = len(logs)
    table = logs[:, 0][:, None] + logs[:, 1][None, :]
    offsets = np.arange(count)[None, :] - np.arange(count)[:, None]
    table[(offsets < 0) | (offsets >= _MOST_TOKENS)] = -np.inf
    order = np.argsort(-table, axis=None, kind="stable")[:_LIKELY_SPANS]
    begins, ends = np.unravel_index(order[np.isfinite(table.ravel()[order])], table.shape)
    scores = table[begins, ends]
    shares = np.exp(scores - scores[0])
    shares /= shares.sum()
    sizes = ends - begins + 1
    common = np.minimum(ends[:, None], ends) - np.maximum(begins[:, None], begins) + 1
    # F of span i where span j is the answer.
    weight = _MISSING_COUNTS**2
    overlaps = (1 + weight) * np.maximum(common, 0) / (weight * sizes + sizes[:, None])
    best = int(np.argmax(overlaps @ shares))
    certainty = float((common[best] == sizes) @ shares)
    places = kept.places[1:]
    start, stop = find_words(sentence, places[begins[best]][0], places[ends[best]][1])
    return Words(start, stop, min(certainty, 1.0), float(scores[0]))


def share_out(kept: Kept, edges: NDArray[np.float32]) -> tuple[Share, ...]:
    """Return for each token of the sentence how likely the answer begins or ends with it."""
    shares = np.exp(_find_logs(kept, edges)).mean(axis=1).tolist() if kept.has_tokens else []
    return tuple((begin, share) for (begin, _), share in zip(kept.places[1:], shares, strict=True))


def _find_logs(kept: Kept, edges: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the log probability that the answer begins, and that it ends, at each token of the sentence."""
    found = edges[1 : len(kept.rows)].astype(np.float64)
    found -= found.max(axis=0)
    return np.asarray(found - np.log(np.exp(found).sum(axis=0)))


def find_words(sentence: str, begin: int, end: int) -> tuple[int, int]:
    """Widen a span to whole words, and leave out what stands around them.

    >>> find_words("It cost 1,250 euros.", 8, 11)
    (8, 13)
    """
    while begin > 0 and _is_within_word(sentence, begin):
        begin -= 1
    while end < len(sentence) and _is_within_word(sentence, end):
        end += 1
    while begin < end and sentence[begin] in _AROUND:
        begin += 1
    while end > begin and sentence[end - 1] in _AROUND:
        end -= 1
    return begin, end


def _is_within_word(sentence: str, at: int) -> bool:
    """Tell whether a word goes on at a place."""
    before, after = sentence[at - 1], sentence[at]
    if _JOINING.match(before) and _JOINING.match(after):
        return True
    # A mark between two letters or figures belongs to their word.
    if before in _WITHIN and at > 1:
        return bool(_JOINING.match(sentence[at - 2]) and _JOINING.match(after))
    if after in _WITHIN and at + 1 < len(sentence):
        return bool(_JOINING.match(before) and _JOINING.match(sentence[at + 1]))
    return False
