"""Vectors on disk: embedded once, and made anew when the file is not to be trusted."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.search.vectors import Kind, VectorCache, embed_texts
from tests.search_corpora import WordEncoder

KIND = Kind(WordEncoder.name, 2)


def _embed(folder: Path, *texts: str, encoder: WordEncoder | None = None) -> list[str]:
    encoder = encoder or WordEncoder()
    embed_texts(encoder, passages=texts, questions=[], cache=VectorCache(folder), progress=None)
    return encoder.embedded


def test_vectors_are_embedded_once(tmp_path: Path) -> None:
    assert _embed(tmp_path, "one", "two") == ["one", "two"]
    assert _embed(tmp_path, "one", "two") == []


def test_vectors_of_new_texts_alone_are_embedded(tmp_path: Path) -> None:
    _embed(tmp_path, "one", "two")
    assert _embed(tmp_path, "two", "three") == ["three"]


def test_vectors_that_are_no_longer_used_are_forgotten(tmp_path: Path) -> None:
    _embed(tmp_path, "one", "two")
    _embed(tmp_path, "two")
    assert _embed(tmp_path, "one", "two") == ["one"]


def test_vectors_come_back_in_order_and_equal(tmp_path: Path) -> None:
    encoder = WordEncoder()
    cache = VectorCache(tmp_path)
    fresh = embed_texts(encoder, passages=["a b", "c"], questions=["c"], cache=cache, progress=None)
    kept = embed_texts(encoder, passages=["a b", "c"], questions=["c"], cache=cache, progress=None)
    assert np.array_equal(fresh[0], kept[0])
    assert np.array_equal(fresh[1], kept[1])
    assert np.allclose(fresh[0], encoder.embed_passages(["a b", "c"]))


def test_vectors_of_a_question_are_not_those_of_a_passage(tmp_path: Path) -> None:
    encoder = WordEncoder()
    embed_texts(encoder, passages=["one"], questions=["one"], cache=VectorCache(tmp_path), progress=None)
    assert encoder.embedded == ["one", "one"]


def test_vectors_tell_their_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    texts = [f"text {number}" for number in range(40)]
    embed_texts(
        WordEncoder(),
        passages=texts,
        questions=["word"],
        cache=VectorCache(tmp_path),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[-1] == (41, 41)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("damage", ["cut", "flip", "garbage", "empty", "header"])
def test_vectors_of_a_damaged_file_are_made_anew(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    _embed(tmp_path, "one", "two")
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-5] ^= 1
    damaged = {"cut": bytes(content[:-7]), "garbage": b"\x00\xff" * 9, "empty": b"", "header": b"{}\n"}
    path.write_bytes(damaged.get(damage, bytes(content)))
    assert _embed(tmp_path, "one", "two") == ["one", "two"]
    assert "made anew" in caplog.text
    assert _embed(tmp_path, "one", "two") == []


def test_vectors_that_differ_in_any_bit_are_made_anew(tmp_path: Path) -> None:
    encoder = WordEncoder()
    encoder.dimension = KIND.width
    _embed(tmp_path, "one", "two", encoder=encoder)
    (path,) = tmp_path.iterdir()
    sound = path.read_bytes()
    kept = VectorCache(tmp_path).load(KIND)
    for place in range(len(sound)):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << place % 8]) + sound[place + 1 :])
        found = VectorCache(tmp_path).load(KIND)
        # A bit that says when the file was made may differ.
        assert not found or (
            found.keys() == kept.keys() and all(np.array_equal(found[key], kept[key]) for key in kept)
        )


@pytest.mark.parametrize(
    "arrays",
    [
        {"vectors": np.zeros((1, 2))},
        {
            "model": np.array("words"),
            "keys": np.zeros((1, 16), np.uint8),
            "lengths": np.ones(1, np.int64),
            "vectors": np.zeros((1, 2)),
        },
        {"model": np.array([None], dtype=object)},
    ],
)
def test_vectors_of_a_foreign_archive_are_not_used(
    tmp_path: Path, arrays: dict[str, NDArray[np.generic]], caplog: pytest.LogCaptureFixture
) -> None:
    _embed(tmp_path, "one")
    (path,) = tmp_path.iterdir()
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type] # its stubs take the names for its own options
    assert _embed(tmp_path, "one") == ["one"]
    assert "made anew" in caplog.text


def test_vectors_of_another_encoder_of_the_same_file_name_are_not_used(tmp_path: Path) -> None:
    first, other = WordEncoder(), WordEncoder()
    first.name, other.name = "words:1", "words?1"
    _embed(tmp_path, "one", encoder=first)
    assert _embed(tmp_path, "one", encoder=other) == ["one"]


def test_vectors_of_another_encoder_are_not_used(tmp_path: Path) -> None:
    _embed(tmp_path, "one")
    other = WordEncoder()
    other.name = "words 2"
    assert _embed(tmp_path, "one", encoder=other) == ["one"]


def test_vectors_leave_no_unfinished_file(tmp_path: Path) -> None:
    _embed(tmp_path, "one")
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_vectors_survive_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert _embed(blocked / "cache", "one") == ["one"]
