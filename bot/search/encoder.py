"""Encoders: texts in, vectors out. The small interface behind which one stands. It does not cache."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32, shape (texts, dimension), each row of length 1."""


class Encoder(Protocol):
    """A model that puts questions and passages that belong together near each other."""

    @property
    def name(self) -> str:
        """Name the model and its version; vectors of equal names may be compared."""

    @property
    def dimension(self) -> int:
        """The length of its vectors."""

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed questions, or words of questions; none of them empty."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, or parts of passages; none of them empty."""
