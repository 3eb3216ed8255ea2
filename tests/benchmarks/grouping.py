"""How well questions are grouped by meaning, and the thresholds for it.

    python -m tests.benchmarks.grouping [--choose | --time [NUMBER]]

Prints the pairwise F1 of both halves of tests/data/gaps_labelled.toml: of all pairs of questions,
those that are in one group and should be. For pins, each question is looked up among all others
of its half: it is right if the nearest above the threshold means the same, wrong if not, missed if
there is none; the answerable questions of questions_tuning.toml should find nothing. With
``--choose`` both thresholds are chosen anew on the half "tuning" and written to
bot/search/grouping.json, which is to be done whenever the vectors have changed.

With ``--time`` it prints how long /gaps takes to list NUMBER different questions (10,000, the most that it
looks at) from a database: once their vectors are there, again, and after one more question. The vectors
are drawn, of a quarter as many meanings as questions, since to embed them would take a minute and a half.
"""

import asyncio
import json
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np

from bot.cli.index_loading import IndexLoader
from bot.cli.settings_loading import load_settings
from bot.evaluation.questions import read_questions
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.model import Answer, AnswerKind, Exchange, Origin, Question
from bot.search.encoder import Vectors
from bot.search.grouping import THRESHOLDS_FILE, Thresholds, group_vectors, load_thresholds
from bot.search.index import CorpusIndex
from bot.settings import PROJECT

DATA = Path(__file__).parent.parent / "data"
LABELLED = DATA / "gaps_labelled.toml"
# A pin that answers another question does more harm than one that is not found.
_PIN_BETA = 0.5
_CANDIDATES = np.round(np.arange(0.2, 0.9, 0.01), 2)
_MOST_TIMED = 10_000
_QUESTIONS_A_MEANING = 4
# How far a drawn question is from its meaning: about as far as the labelled ones are.
_SPREAD = 0.9
_NEARLY = 0.01


@dataclass(frozen=True)
class Half:
    """The questions of one half, their meanings and vectors."""

    questions: tuple[Question, ...]
    meanings: tuple[str, ...]
    vectors: Vectors


@dataclass(frozen=True)
class Score:
    """Pairs, or look-ups, that are right."""

    precision: float
    recall: float

    def f(self, beta: float = 1.0) -> float:
        """Return the F measure; a beta below 1 weighs precision more."""
        weighed = beta**2 * self.precision + self.recall
        return (1 + beta**2) * self.precision * self.recall / weighed if weighed else 0.0


def read_entries() -> list[dict[str, str]]:
    """Read the labelled questions."""
    entries: list[dict[str, str]] = tomllib.loads(LABELLED.read_text("utf-8"))["question"]
    return entries


def read_half(index: CorpusIndex, half: str) -> Half:
    """Read and embed one half of the labelled questions."""
    entries = [entry for entry in read_entries() if entry["half"] == half]
    questions = tuple(Question(entry["question"], entry["language"]) for entry in entries)
    return Half(questions, tuple(entry["meaning"] for entry in entries), embed(index, questions))


def embed(index: CorpusIndex, questions: Sequence[Question]) -> Vectors:
    """Return the vectors of questions as they are compared."""
    meanings = [index.retrieval.gather_evidence(question).meaning for question in questions]
    return np.stack([meaning for meaning in meanings if meaning is not None])


def score_groups(groups: Sequence[Sequence[int]], meanings: Sequence[str]) -> Score:
    """Return how many pairs in one group should be, and how many that should be are."""
    found = {pair for group in groups for pair in combinations(group, 2)}
    wanted = {
        (one, other)
        for one, other in combinations(range(len(meanings)), 2)
        if meanings[one] == meanings[other]
    }
    right = len(found & wanted)
    return Score(right / max(len(found), 1), right / max(len(wanted), 1))


def score_pins(half: Half, others: Vectors, threshold: float) -> Score:
    """Look every question up among the others, and questions of other meanings among all."""
    similarities = half.vectors @ half.vectors.T
    np.fill_diagonal(similarities, -1.0)
    nearest = similarities.argmax(axis=1)
    is_found = similarities.max(axis=1) >= threshold
    is_right = np.array([half.meanings[one] == half.meanings[two] for one, two in enumerate(nearest)])
    wrong = int(((others @ half.vectors.T).max(axis=1) >= threshold).sum())
    right = int((is_found & is_right).sum())
    return Score(right / max(int(is_found.sum()) + wrong, 1), right / len(half.meanings))


def choose_thresholds(half: Half, others: Vectors) -> Thresholds:
    """Return the thresholds with the highest F measures.

    For groups, of equal ones the middle; for pins, of those that are nearly as good the lowest: one question
    may be chance, and who pins a passage wants it to be found in every language.
    """
    groups = np.array(
        [score_groups(group_vectors(half.vectors, at), half.meanings).f() for at in _CANDIDATES]
    )
    pins = np.array([score_pins(half, others, at).f(_PIN_BETA) for at in _CANDIDATES])
    equal = np.flatnonzero(groups == groups.max())
    nearly = np.flatnonzero(pins >= pins.max() - _NEARLY)
    return Thresholds(
        same_meaning=float(_CANDIDATES[equal[len(equal) // 2]]), pinned=float(_CANDIDATES[nearly[0]])
    )


class DrawnMeanings:
    """Groups as the index does, and draws vectors in place of embedding."""

    encoder_name = "drawn"

    def __init__(self, index: CorpusIndex, number: int) -> None:
        self.embedded = 0
        self._index = index
        self._dice = np.random.default_rng(14)
        known = index.embed([Question(entry["question"], entry["language"]) for entry in read_entries()])
        # What all questions share is taken out again before they are compared.
        self._shared = known.mean(axis=0)
        self._length = float(np.linalg.norm(known - self._shared, axis=1).mean())
        self._meanings = self._dice.normal(size=(number, known.shape[1])) / np.sqrt(known.shape[1])

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Draw one vector a question, around one of the meanings."""
        self.embedded += len(questions)
        meanings = self._meanings[self._dice.integers(0, len(self._meanings), len(questions))]
        drawn = meanings + _SPREAD * self._dice.normal(size=meanings.shape) / np.sqrt(meanings.shape[1])
        drawn *= self._length / np.linalg.norm(drawn, axis=1, keepdims=True)
        return np.asarray(self._shared + drawn, np.float32)

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Group by the index."""
        return self._index.group(questions, vectors)


async def time_listing(index: CorpusIndex, number: int, path: Path) -> None:
    """Print how long it takes to list the gaps of so many refused questions."""
    database = Database(path)
    await database.open()
    journal = Journal(database)
    meanings = DrawnMeanings(index, max(1, number // _QUESTIONS_A_MEANING))
    gaps = Gaps(database, lambda: meanings)

    async def ask(numbers: range) -> None:
        for each in numbers:
            question = Question(f"question {each}", ("en", "nb", "fr", "vi")[each % 4])
            answer = Answer(question, AnswerKind.NOT_FOUND, 0.1, (), "abc123", 9.0)
            journal.record(Exchange(datetime.now(UTC), Origin.TELEGRAM, answer, user_id=1, chat_id=1))
        await journal.flush()

    async def measure(what: str) -> None:
        embedded = meanings.embedded
        started, worked = time.perf_counter(), time.process_time()
        listed = await gaps.list_gaps()
        elapsed, busy = time.perf_counter() - started, time.process_time() - worked
        print(  # noqa: T201
            f"{what}: {len(listed)} groups in {elapsed:.2f} s ({busy:.2f} s of the processor's time),"
            f" {meanings.embedded - embedded} questions embedded"
        )

    await ask(range(number))
    left = -1
    while left != meanings.embedded:
        left = meanings.embedded
        await gaps.list_gaps()
        gaps = Gaps(database, lambda: meanings)
    await measure("all vectors kept")
    await measure("nothing new")
    await ask(range(number, number + 1))
    await measure("one more question")
    await database.close()


def main() -> None:
    """Measure, or choose and measure, or time."""
    settings, _ = load_settings()
    index = IndexLoader(settings).load(None)
    if "--time" in sys.argv[1:]:
        number = int(sys.argv[-1]) if sys.argv[-1].isdigit() else _MOST_TIMED
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(time_listing(index, number, Path(folder) / "log.sqlite"))
        return
    others = embed(
        index,
        [
            Question(known.question, known.language)
            for known in read_questions(DATA / "questions_tuning.toml")
            if not known.unanswerable
        ],
    )
    tuning = read_half(index, "tuning")
    thresholds = load_thresholds()
    if "--choose" in sys.argv[1:]:
        thresholds = choose_thresholds(tuning, others)
        chosen = {
            "same_meaning": thresholds.same_meaning,
            "pinned": thresholds.pinned,
            "encoder": index.encoder_name,
            "chosen_by": "python -m tests.benchmarks.grouping --choose",
        }
        (PROJECT / "bot" / "search" / THRESHOLDS_FILE).write_text(
            json.dumps(chosen, indent=2) + "\n", "utf-8"
        )
    print(f"same meaning from {thresholds.same_meaning}, pinned from {thresholds.pinned}")  # noqa: T201
    for name, half in (("tuning", tuning), ("test", read_half(index, "test"))):
        groups = group_vectors(half.vectors, thresholds.same_meaning)
        pairs = score_groups(groups, half.meanings)
        pins = score_pins(half, others, thresholds.pinned)
        print(  # noqa: T201
            f"{name}: {len(half.meanings)} questions, {len(set(half.meanings))} meanings,"
            f" {len(groups)} groups;"
            f" pairs: precision {pairs.precision:.3f}, recall {pairs.recall:.3f}, F1 {pairs.f():.3f};"
            f" pins: precision {pins.precision:.3f}, recall {pins.recall:.3f}"
        )


if __name__ == "__main__":
    main()
