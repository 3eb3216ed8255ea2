"""Reading: the best candidates, each together with the question.

Vectors say that a question and a passage are about the same; a reader sees both at once, and says
whether the one answers the other and with which words. It takes far longer, so only the best
candidates are read: fewer while several questions are answered at a time, which costs some
accuracy and never a wait. What of reading does not depend on the question is done when the corpus is
loaded, and kept on disk.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Excerpt, Reading
from bot.model import Passage
from bot.search.reader import PreparingReader, Reader
from bot.search.semantic import find_words_before
from bot.search.vectors import Kind, Progress, VectorCache, make_key

# With eight a question takes less than 60 ms on two cores; ten are worth a thousandth of Hit@1
# (tests/learning/README.md).
_MOST_READ = 8
_LEAST_READ = 4
_PREPARED_TOGETHER = 32

Readings = Mapping[int, Reading]
"""What was read, by the number of the passage."""


def plan_excerpts(passages: Sequence[Passage]) -> list[Excerpt]:
    """Return what is read of each passage."""
    befores = find_words_before(passages)
    return [Excerpt(passage.text, before) for passage, before in zip(passages, befores, strict=True)]


def prepare(
    reader: PreparingReader, passages: Sequence[Passage], cache: VectorCache, progress: Progress | None
) -> None:
    """Do ahead what of reading passages does not depend on a question, or take it from the cache.

    Of a large corpus, the first passages: as many as the reader remembers.
    """
    excerpts = list(dict.fromkeys(plan_excerpts(passages)))[: reader.most_remembered]
    keys = [make_key("read", f"{excerpt.before}\0{excerpt.sentence}") for excerpt in excerpts]
    kind = Kind(reader.states_name, reader.states_width, np.float16)
    known = cache.load(kind)
    new = [(key, excerpt) for key, excerpt in zip(keys, excerpts, strict=True) if key not in known]
    states = {key: known[key] for key in keys if key in known}
    for start in range(0, len(new), _PREPARED_TOGETHER):
        batch = new[start : start + _PREPARED_TOGETHER]
        computed = reader.compute_states([excerpt for _, excerpt in batch])
        states.update((key, rows) for (key, _), rows in zip(batch, computed, strict=True))
        if progress:
            progress(start + len(batch), len(new))
    if new or len(states) != len(known):
        cache.save(kind, states)
    for key, excerpt in zip(keys, excerpts, strict=True):
        reader.remember(excerpt, states[key])


class CandidateReading:
    """Reads passages of a corpus. Safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage], reader: Reader) -> None:
        self._excerpts = plan_excerpts(passages)
        self._reader = reader
        self._running = 0
        self._lock = threading.Lock()

    def read(self, question: str, candidates: NDArray[np.intp]) -> Readings:
        """Read the first of the candidates, numbers of passages, best first; nothing if the reader cannot."""
        with self._counting() as running:
            chosen = [int(number) for number in candidates[: max(_LEAST_READ, _MOST_READ // running)]]
            readings = self._reader.read(question, [self._excerpts[number] for number in chosen])
        return dict(zip(chosen, readings, strict=True)) if readings else {}

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
