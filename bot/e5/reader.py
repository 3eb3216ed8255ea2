"""The reader: how likely a passage answers a question, and which of its words do.

Question and passage go through the lower layers on their own (Cao et al. 2020, "DeFormer"); then the
passage's tokens attend to the question's as well as to each other. The question's part is computed
once for all passages, and what the lower layers say about a passage can be kept. It was learned
(``tests/learning``) that 0 is the score of "none of these answers".
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.e5.learned import choose_passage_tensors, choose_question_tensors, read_learned
from bot.e5.reading import LONGEST_QUESTION, Kept, choose_span, keep_sentence
from bot.e5.tensors import FOLDER, open_graph
from bot.e5.trunk import PASSAGE, QUESTION, Trunk
from bot.e5.weights import Floats

_LONGEST_TEXT = 126
"""In tokens, words before the sentence included; as in training."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A sentence, ``before`` it the last words of the one before (``""`` if there is none)."""

    sentence: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A passage after the lower layers: float16, shape (tokens, width); about 27 kB a sentence."""

    sentence: str
    states: NDArray[np.float16]
    kept: Kept


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in a passage.

    ``logit``: above 0 the passage answers rather than not. ``begin`` and ``end``: the words that
    answer, as places in the sentence; ``span_score``: the log of how likely it is those words.
    """

    logit: float
    begin: int
    end: int
    span_score: float


class Reader:
    """Reads passages for a question. Safe to use from several threads; a passage takes one thread."""

    def __init__(self, trunk: Trunk) -> None:
        """Load what was learned.

        Raises:
            OSError: a file cannot be read.
            ValueError: it is not the one that is expected.
            RuntimeError: onnxruntime does not take the network.
        """
        self._trunk = trunk
        learned = read_learned(FOLDER / "reader.npz")
        self.name = learned.name
        self._question = open_graph(FOLDER / "reader-question.onnx", choose_question_tensors(learned.tensors))
        self._passage = open_graph(FOLDER / "reader.onnx", choose_passage_tensors(learned.tensors))
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="reader")

    def prepare(self, passages: Sequence[Excerpt]) -> list[Prepared]:
        """Run the lower layers; what comes back may be kept as long as the passages stay the same."""
        return list(self._pool.map(self._prepare, passages))

    def read(self, question: str, passages: Sequence[Prepared]) -> list[Reading]:
        """Read passages for a question, neither of them empty."""
        tokens = self._trunk.tokenize(QUESTION + question)[: LONGEST_QUESTION - 2]
        return self.read_states(self._trunk.compute(tokens), passages)

    def read_states(self, question: Floats, passages: Sequence[Prepared]) -> list[Reading]:
        """Read passages for a question whose states are known, shape (tokens, width)."""
        (memory,) = self._question.run(None, {"states": question[None, :LONGEST_QUESTION]})
        return list(self._pool.map(lambda passage: self._read(memory, passage), passages))

    def _prepare(self, passage: Excerpt) -> Prepared:
        text = (
            f"{PASSAGE}{passage.before} {passage.sentence}" if passage.before else PASSAGE + passage.sentence
        )
        located = self._trunk.locate(text, _LONGEST_TEXT)
        kept = keep_sentence(located.pieces, text, len(text) - len(passage.sentence))
        return Prepared(passage.sentence, located.states[kept.rows].astype(np.float16), kept)

    def _read(self, memory: Floats, passage: Prepared) -> Reading:
        states = passage.states.astype(np.float32)
        (heads,) = self._passage.run(None, {"states": states[None], "memory": memory})
        begin, end, score = choose_span(passage.sentence, passage.kept, heads[0, :, 1:])
        return Reading(float(heads[0, 0, 0]), begin, end, score)
