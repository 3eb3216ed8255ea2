"""Reading: the best candidates, each together with the question.

Vectors say that a question and a passage are about the same; a reader sees both at once, and says
whether the one answers the other and with which words. It takes far longer, so only the best
candidates are read: fewer while several questions are answered at a time, which costs some
accuracy and never a wait.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Excerpt, Reading
from bot.model import Passage
from bot.search.reader import Reader
from bot.search.semantic import find_words_before

_MOST_READ = 10
_LEAST_READ = 4

Readings = Mapping[int, Reading]
"""What was read, by the number of the passage."""


class CandidateReading:
    """Reads passages of a corpus. Safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage], reader: Reader) -> None:
        self._excerpts = [
            Excerpt(passage.text, before)
            for passage, before in zip(passages, find_words_before(passages), strict=True)
        ]
        self._reader = reader
        self._running = 0
        self._lock = threading.Lock()

    def read(self, question: str, candidates: NDArray[np.intp]) -> Readings:
        """Read the first of the candidates, which are numbers of passages, best first."""
        with self._counting() as running:
            chosen = [int(number) for number in candidates[: max(_LEAST_READ, _MOST_READ // running)]]
            readings = self._reader.read(question, [self._excerpts[number] for number in chosen])
        return dict(zip(chosen, readings, strict=True))

    @contextmanager
    def _counting(self) -> Iterator[int]:
        """Count the questions that are being read, this one included."""
        with self._lock:
            self._running += 1
            running = self._running
        try:
            yield running
        finally:
            with self._lock:
                self._running -= 1
