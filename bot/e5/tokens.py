"""Texts cut into the pieces that the model knows: the likeliest of all ways to cut.

The unigram model of SentencePiece (Kudo 2018, "Subword Regularization", section 3.2): a text is as
likely as its pieces together, and the likeliest way is found from left to right (Viterbi). The
library sentencepiece gives the same pieces, but takes more than a second and 80 MB to load these.
"""

import math
import re
from collections.abc import Iterable

from bot.e5.weights import Vocabulary

_SPACES = re.compile(" +")
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
# As SentencePiece has it: a character that no piece has is less likely than any piece.
_UNKNOWN_PENALTY = 10.0

Piece = tuple[int, int, int]
"""The number of a piece, where it begins and where it ends."""


class Tokenizer:
    """Cuts texts into numbered pieces. Immutable."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._longest = max(map(len, vocabulary.pieces))
        self._unknown_score = min(vocabulary.scores) - _UNKNOWN_PENALTY

    def tokenize(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces, without those that stand around every text."""
        written = _SPACES.sub(_SPACE, text.translate(self._vocabulary.normalisation))
        marked = _SPACE + written.removeprefix(_SPACE)
        return [number for number, _, _ in self._cut(_encode(marked))]

    def locate(self, text: str) -> list[Piece]:
        """Return the numbers of a text's pieces, each with where it begins and ends in the text."""
        normalisation = self._vocabulary.normalisation
        written: list[str] = []
        places: list[int] = []
        for place, character in enumerate(text):
            for found in normalisation.get(ord(character), character):
                if found == " " and (not written or written[-1] == _SPACE):
                    continue
                written.append(_SPACE if found == " " else found)
                places.append(place)
        # The space that stands before every text is none of it.
        places = [places[0] if places else 0, *places, len(text)]
        return [
            (number, places[start], places[end - 1] + 1)
            for number, start, end in self._cut(_encode([_SPACE, *written]))
        ]

    def _cut(self, characters: list[bytes]) -> list[Piece]:
        pieces, scores, longest = self._vocabulary.pieces, self._vocabulary.scores, self._longest
        # For each place how likely the likeliest way there is, its last piece, and where that begins.
        best = [-math.inf] * (len(characters) + 1)
        best[0] = 0.0
        last = [(0, 0)] * len(best)
        for start in range(len(characters)):
            score = best[start] + self._unknown_score
            if score > best[start + 1]:
                best[start + 1], last[start + 1] = score, (self._vocabulary.unknown, start)
            piece = b""
            for end, character in enumerate(characters[start : start + longest], start + 1):
                piece += character
                if len(piece) > longest:
                    break
                number = pieces.get(piece)
                if number is not None:
                    score = best[start] + scores[number]
                    if score > best[end]:
                        best[end], last[end] = score, (number, start)
        found = []
        end = len(characters)
        while end:
            number, start = last[end]
            found.append((number, start, end))
            end = start
        return found[::-1]


def _encode(characters: Iterable[str]) -> list[bytes]:
    # Half of a surrogate pair is no character, and so unknown.
    return [character.encode(errors="surrogatepass") for character in characters]
