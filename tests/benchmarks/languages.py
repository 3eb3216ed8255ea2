"""How often the language of a question is told, in the fourteen languages of the question files.

    python -m tests.benchmarks.languages [--failures]

Questions are taken whole, and cut to their first three words; the asker's Telegram says nothing, says
the question's language, says English, or says some other language. The weights in ``bot.language``
were chosen on the tuning half; the other two files only report.
"""

import argparse
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from bot.corpus.articles import load_corpus
from bot.evaluation.questions import read_questions
from bot.language import LanguageDetector
from bot.settings import PROJECT

_FILES = ("tuning", "test", "paraphrased")
_LARGEST_ARTICLE = 1_000_000
_FEW = 3

Texts = Sequence[tuple[str, str]]
"""Each with its language."""


def shorten(text: str) -> str:
    """Return a question's first words; of one without spaces its first half."""
    words = text.split()
    return " ".join(words[:_FEW]) if len(words) > 1 else text[: max(_FEW, len(text) // 2)]


def find_failures(
    detector: LanguageDetector, texts: Texts, hint: Callable[[str, int], str | None]
) -> list[str]:
    """Detect each text; return those that are read in another language than theirs."""
    failures = []
    for number, (text, language) in enumerate(texts):
        found = detector.detect(text, hint(language, number))
        if found != language:
            failures.append(f"{language} read as {found}: {text}")
    return failures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.languages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--failures", action="store_true", help="print the whole questions read wrong")
    is_telling = parser.parse_args().failures
    console = Console(highlight=False, markup=False)
    corpus = load_corpus(PROJECT / "corpus", _LARGEST_ARTICLE)
    started = time.perf_counter()
    detector = LanguageDetector({article.language for article in corpus.articles})
    console.print(f"loaded in {time.perf_counter() - started:.2f} s")
    questions = {
        name: [
            (question.question, question.language)
            for question in read_questions(PROJECT / "tests" / "data" / f"questions_{name}.toml")
        ]
        for name in _FILES
    }
    languages = sorted({language for _, language in questions["tuning"]})

    def choose_other(language: str, number: int) -> str:
        others = [other for other in languages if other != language]
        return others[number % len(others)]

    hints: dict[str, Callable[[str, int], str | None]] = {
        "no hint": lambda _language, _number: None,
        "the right one": lambda language, _number: language,
        "English": lambda _language, _number: "en",
        "another": choose_other,
    }
    table = Table("questions", "number", *hints, box=None, pad_edge=False)
    for name, texts in questions.items():
        for form, cut in (("whole", texts), ("cut", [(shorten(text), language) for text, language in texts])):
            failures = [find_failures(detector, cut, hint) for hint in hints.values()]
            rates = [f"{1 - len(found) / len(cut):.1%}" for found in failures]
            table.add_row(f"{name}, {form}", str(len(cut)), *rates)
            if is_telling and form == "whole":
                for line in failures[0]:
                    console.print(line)
    console.print(table)
    everything = [text for texts in questions.values() for text, _ in texts]
    started = time.perf_counter()
    for text in everything:
        detector.detect(text)
    console.print(f"{(time.perf_counter() - started) * 1000 / len(everything):.2f} ms a question")


if __name__ == "__main__":
    main()
