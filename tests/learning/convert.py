"""Bring what was learned into the form that ships, and check that it still says the same.

    python -m tests.learning.convert vectors WORK
    python -m tests.learning.convert reader WORK

writes ``bot/e5/vectors.npz`` or ``reader.npz``, the graphs, and ``manifest.toml``: where the weights
come from. WORK is the folder of the training.
Products take weights in blocks of 32 that share a scale. The check runs texts of many scripts through
the shipped network and through torch's: vectors must have a cosine of 0.998 or more; the reader's
scores may differ by ``MOST_LOGIT_ERROR`` on average, and the words must be the same in nine of ten.
"""

import argparse
import hashlib
import json
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
import torch
from numpy.typing import NDArray
from rich.console import Console

from bot.e5.encoder import E5Encoder
from bot.e5.learned import VECTORS, read_learned
from bot.e5.reader import E5Reader
from bot.e5.reading import Excerpt, choose_words
from bot.e5.tensors import FOLDER
from bot.e5.trunk import Trunk
from tests.learning import graphs, reader, vectors
from tests.learning.e5 import PASSAGE, QUESTION, Weights, find_weights
from tests.learning.layers import Parameters
from tests.learning.material import Text
from tests.learning.rounding import pack_parameters
from tests.learning.sources import PROVENANCE
from tests.learning.states import States

CONSOLE = Console(highlight=False, soft_wrap=True)
VECTORS_BITS = 8
READER_BITS = 8
LEAST_COSINE = 0.998
MOST_LOGIT_ERROR = 0.1

PROBES = (
    ("How many ships lay in the harbour?", "", "Twelve ships lay in the harbour when the storm came."),
    (
        "Wann wurde die Brücke gebaut?",
        "Der Fluss ist breit.",
        "Die Brücke wurde 1931 gebaut, nach acht Jahren.",
    ),
    ("Qui a peint la façade ?", "", "La façade a été repeinte par Jeanne Morel en mai."),
    ("¿Cuánto costó el puente?", "La obra duró dos años.", "El puente costó 14 millones de euros."),
    ("Bao nhiêu người đã đến?", "Buổi lễ bắt đầu lúc chín giờ.", "Khoảng 300 người đã đến dự buổi lễ."),
    ("Siapa yang membuka pameran itu?", "", "Pameran itu dibuka oleh wali kota pada hari Senin."),
    ("Hvor ligger museet?", "Museet er lite.", "Det ligger ved kaien i Tromsø, like ved biblioteket."),
    ("Кто открыл выставку?", "", "Выставку открыла директор музея Анна Петрова."),
    ("橋はいつ建てられましたか?", "", "橋は1931年に建てられた。"),
    ("这座桥花了多少钱?", "", "这座桥耗资一千四百万欧元。"),
    ("متى بني الجسر؟", "", "بني الجسر عام 1931 بعد ثماني سنوات من العمل."),
    ("สะพานสร้างเมื่อไร", "", "สะพานแห่งนี้สร้างขึ้นในปี 1931"),
    ("Πότε χτίστηκε η γέφυρα;", "", "Η γέφυρα χτίστηκε το 1931."),
    ("पुल कब बना?", "", "यह पुल 1931 में बना था।"),
)
"""Question, words before, sentence: written for this check."""


def write(path: Path, tensors: Mapping[str, NDArray[np.generic]], kind: str) -> None:
    """Write the file, and name it by its content."""
    digest = hashlib.sha256(b"".join(values.tobytes() for _, values in sorted(tensors.items())))
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, name=np.array(f"{kind}-{digest.hexdigest()[:12]}"), **tensors)


def write_manifest(kind: str, record: dict[str, Any], bits: int, check: dict[str, float]) -> None:
    """Say where a file comes from, beside what is said of the others."""
    path = FOLDER / "manifest.toml"
    table = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    table["data"] = PROVENANCE
    table[kind] = {
        "command": f"python -m tests.learning.{kind} READING XQUAD WORK {record.pop('options')}",
        "date": datetime.now(UTC).date(),
        "bits": bits,
        "bytes": (FOLDER / f"{kind}.npz").stat().st_size,
        "check": _round(check),
        **_round(record),
    }
    path.write_text("# Written by tests/learning/convert.py.\n" + tomli_w.dumps(table), "utf-8")


def _round(value: Any) -> Any:  # noqa: ANN401 (whatever JSON has)
    if isinstance(value, dict):
        return {name: _round(found) for name, found in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def check_vectors(parameters: Parameters, states: States) -> float:
    """Return the least cosine between a text's two vectors."""
    encoder = E5Encoder(Trunk(), read_learned(VECTORS))
    sizes = Weights(find_weights()).sizes
    embedder = vectors.Embedder(states, sizes, parameters, torch.device("cpu"))
    questions, sentences = [probe[0] for probe in PROBES], [probe[2] for probe in PROBES]
    learned = embedder.embed([QUESTION + text for text in questions] + [PASSAGE + text for text in sentences])
    shipped = np.concatenate([encoder.embed_questions(questions), encoder.embed_passages(sentences)])
    return float((learned * shipped).sum(axis=1).min())


def check_reader(parameters: Parameters, states: States) -> tuple[float, float, float]:
    """Return by how much scores differ, at most and on average, and how many spans are the same."""
    shipped = E5Reader(Trunk())
    sizes = Weights(find_weights()).sizes
    errors, same = [], []
    texts = [
        Text(number, -1, "", sentence, f"{before} {sentence}".strip(), "")
        for number, (_, before, sentence) in enumerate(PROBES)
    ]
    excerpts = [Excerpt(sentence, before) for _, before, sentence in PROBES]
    for question, _, _ in PROBES:
        with torch.no_grad():
            scores = reader.read(
                parameters,
                states,
                sizes,
                [question],
                texts=texts,
                owners=[0] * len(texts),
                device=torch.device("cpu"),
            )
        table = scores.packing.spread(scores.edges).numpy()
        for number, reading in enumerate(shipped.read(question, excerpts)):
            kept = scores.kept[number]
            words = choose_words(PROBES[number][2], kept, table[number])
            errors.append(abs(reading.logit - float(scores.logits[number])))
            same.append((words.begin, words.end) == (reading.words.begin, reading.words.end))
    return max(errors), float(np.mean(errors)), float(np.mean(same))


def main() -> None:
    parser = argparse.ArgumentParser(description="convert what was learned, and check it")
    parser.add_argument("kind", choices=("vectors", "reader"))
    parser.add_argument("work", type=Path)
    arguments = parser.parse_args()
    parameters: Parameters = torch.load(arguments.work / f"{arguments.kind}.pt")["parameters"]
    bits = VECTORS_BITS if arguments.kind == "vectors" else READER_BITS
    path = FOLDER / f"{arguments.kind}.npz"
    write(path, pack_parameters(parameters, bits), arguments.kind)
    graphs.write_graphs()
    states = States(arguments.work)
    CONSOLE.print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    if arguments.kind == "vectors":
        cosine = check_vectors(parameters, states)
        CONSOLE.print(f"least cosine with torch's vectors: {cosine:.5f}")
        check = {"least_cosine": cosine}
        is_same = cosine >= LEAST_COSINE
    else:
        most, mean, same = check_reader(parameters, states)
        CONSOLE.print(f"scores differ by {mean:.3f} on average, {most:.3f} at most; same words: {same:.3f}")
        check = {"mean_error": mean, "most_error": most, "same_words": same}
        is_same = mean <= MOST_LOGIT_ERROR and same >= 0.9
    record = json.loads((arguments.work / f"{arguments.kind}.json").read_text("utf-8"))
    write_manifest(arguments.kind, record, bits, check)
    if not is_same:
        sys.exit("the shipped network does not say the same")


if __name__ == "__main__":
    main()
