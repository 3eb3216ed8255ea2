"""Readers: question and passages in, what answers out. The small interface behind which one stands."""

from collections.abc import Sequence
from typing import Protocol

from bot.e5.reading import Excerpt, Reading


class Reader(Protocol):
    """A model that reads a question and a passage together."""

    @property
    def name(self) -> str:
        """Name the model and its version."""

    def read(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        """Read passages for a question, none of them empty; one reading for each, in their order."""
