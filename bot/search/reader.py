"""Readers: question and passages in, what answers out. The small interface behind which one stands."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Excerpt, Reading


class Reader(Protocol):
    """A model that reads a question and a passage together."""

    @property
    def name(self) -> str:
        """Name the model and its version."""

    def read(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        """Read passages for a question, none of them empty; one reading for each, in their order.

        None at all where the reader cannot read now.
        """


class PreparingReader(Reader, Protocol):
    """A reader, part of whose work does not depend on the question and can be done ahead."""

    states_name: str
    """States of equal names are equal."""
    states_width: int
    most_remembered: int

    def compute_states(self, passages: Sequence[Excerpt]) -> list[NDArray[np.float16]]:
        """Do the part that does not depend on a question; shape (tokens, ``states_width``) each."""

    def remember(self, passage: Excerpt, states: NDArray[np.float16]) -> None:
        """Take the states of a passage, and read it with them from now on."""
