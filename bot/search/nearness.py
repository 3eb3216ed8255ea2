"""Nearness: which of some questions are near another one by meaning."""

import threading
from collections.abc import Sequence

import numpy as np
from cachetools import LRUCache

from bot.search.encoder import Encoder, Vectors

_REMEMBERED = 1_000


class Nearness:
    """Orders questions; remembers their vectors. Safe to use from several threads."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: LRUCache[str, Vectors] = LRUCache(_REMEMBERED)
        self._lock = threading.Lock()

    def order(self, question: str, others: Sequence[str]) -> list[str]:
        """Return the other questions, none of them empty, the nearest first; only new ones are embedded."""
        if not others:
            return []
        near = self._embed([question, *others])
        return [others[int(number)] for number in np.argsort(-(near[1:] @ near[0]), kind="stable")]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, self._encoder.embed_questions(new), strict=True))
            with self._lock:
                self._vectors.update({text: known[text] for text in new})
        return np.stack([known[text] for text in texts])
