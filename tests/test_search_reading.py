"""Reading: what of it is done ahead, and kept on disk."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnxruntime", reason="has no wheel for this machine")

from bot.e5.reader import E5Reader
from bot.e5.reading import Excerpt
from bot.e5.trunk import Trunk
from bot.search.reading import plan_excerpts, prepare
from bot.search.vectors import VectorCache
from tests.search_corpora import make_corpus

CORPUS = make_corpus(
    en=("The fair drew 4,200 people.", "It ended on Sunday."), de=("Der Markt endete am Sonntag.",)
)
QUESTION = "How many people came?"


class CountingReader(E5Reader):
    """The reader that ships; notes which passages the lower layers are run on."""

    def __init__(self) -> None:
        super().__init__(Trunk())
        self.computed: list[str] = []

    def compute_states(self, passages: Sequence[Excerpt]) -> list[NDArray[np.float16]]:
        self.computed += [passage.sentence for passage in passages]
        return super().compute_states(passages)


def test_reading_prepares_each_passage_once(tmp_path: Path) -> None:
    first, second = CountingReader(), CountingReader()

    prepare(first, CORPUS.passages, VectorCache(tmp_path), None)
    prepare(
        second, (*CORPUS.passages, *make_corpus(nb=("Det regnet.",)).passages), VectorCache(tmp_path), None
    )

    assert first.computed == [passage.text for passage in CORPUS.passages]
    assert second.computed == ["Det regnet."]


def test_reading_finds_the_same_in_passages_that_are_prepared(tmp_path: Path) -> None:
    excerpts = plan_excerpts(CORPUS.passages)
    prepare(E5Reader(Trunk()), CORPUS.passages, VectorCache(tmp_path), None)
    prepared = CountingReader()
    prepare(prepared, CORPUS.passages, VectorCache(tmp_path), None)

    assert prepared.read(QUESTION, excerpts) == E5Reader(Trunk()).read(QUESTION, excerpts)


def test_reading_tells_how_much_is_prepared(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    prepare(
        CountingReader(),
        CORPUS.passages,
        VectorCache(tmp_path),
        lambda done, total: told.append((done, total)),
    )

    assert told == [(3, 3)]


def test_reading_passes_over_states_of_other_tokens() -> None:
    excerpt = plan_excerpts(CORPUS.passages)[0]
    reader = E5Reader(Trunk())

    reader.remember(excerpt, np.ones((2, reader.states_width), np.float16))

    assert reader.read(QUESTION, [excerpt]) == E5Reader(Trunk()).read(QUESTION, [excerpt])


def test_reading_leaves_out_words_before_that_leave_no_room() -> None:
    sentence = "The fair drew 4,200 people."
    reader = E5Reader(Trunk())

    crowded, alone = reader.read(QUESTION, [Excerpt(sentence, "x1y2" * 200), Excerpt(sentence)])

    assert crowded == alone
    assert sentence[crowded.words.begin : crowded.words.end]
