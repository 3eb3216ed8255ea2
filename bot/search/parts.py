"""The parts of the ranking that can be left out, to measure what each is worth."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of the ranking are used. The default, all of them, is what the bot runs with."""

    sentences: bool = True
    clauses: bool = True
    context: bool = True
    centring: bool = True
    hubness: bool = True
    words: bool = True
    translation: bool = True
    figures: bool = True
    propagation: bool = True
