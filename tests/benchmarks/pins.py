"""What pins cost: a question with and without them, and the reading of the articles.

    python -m tests.benchmarks.pins [PINS] [QUESTIONS]

PINS (100) passages are pinned for 20 wordings each, the most that the desk pins; QUESTIONS (100) of
questions_test.toml are asked with and without them in turn, each once before, so that neither meets a
question that is new. None of them has a pin. The reader is left out: what it takes hides the rest. Then
all pins are laid out as at a start, and as after a reload, which has their vectors.
"""

import statistics
import sys
import time
from itertools import cycle, islice

from bot.cli.index_loading import IndexLoader
from bot.cli.settings_loading import load_settings
from bot.evaluation.questions import read_questions
from bot.model import Question
from bot.search.pins import Pin
from bot.settings import WITHOUT_READER
from tests.benchmarks.grouping import DATA

_WORDINGS = 20
_LIMIT = 5


def make_pins(passages: list[tuple[str, str]], number: int) -> list[Pin]:
    """Pin passages, given as article and text, for questions that nobody asks."""
    return [
        Pin(
            str(each),
            article,
            text,
            tuple(
                Question(f"Number {each} said in way {way} about nothing?", "en") for way in range(_WORDINGS)
            ),
        )
        for each, (article, text) in enumerate(islice(cycle(passages), number))
    ]


def main() -> None:
    """Measure, and print."""
    pins, number = (int(value) for value in (sys.argv[1:] + ["100", "100"][len(sys.argv) - 1 :])[:2])
    settings, _ = load_settings()
    index = IndexLoader(settings.model_copy(update={"reader": WITHOUT_READER})).load(None)
    passages = [(passage.article.id, passage.text) for passage in index.corpus.passages]
    chosen = make_pins(passages, pins)
    started = time.perf_counter()
    pinned = index.with_pins(chosen)
    at_start = time.perf_counter() - started
    started = time.perf_counter()
    index.with_pins(chosen, pinned.pinned_vectors)
    at_reload = time.perf_counter() - started

    known = read_questions(DATA / "questions_test.toml")[:number]
    questions = [Question(each.question, each.language) for each in known]
    times: dict[str, list[float]] = {"without pins": [], "with pins": []}
    for question in questions:
        index.search(question, _LIMIT)
        for name, asked in (("without pins", index), ("with pins", pinned)):
            started = time.process_time()
            asked.search(question, _LIMIT)
            times[name].append((time.process_time() - started) * 1000)
    for name, measured in times.items():
        print(f"{name}: {statistics.median(measured):.2f} ms of the processor's time (median)")  # noqa: T201
    differences = [after - before for before, after in zip(*times.values(), strict=True)]
    print(f"difference: {statistics.median(differences):.3f} ms (median of {len(questions)})")  # noqa: T201
    print(  # noqa: T201
        f"laying out {pins} pins with {pins * _WORDINGS} wordings:"
        f" {at_start:.2f} s at a start, {at_reload:.3f} s at a reload"
    )


if __name__ == "__main__":
    main()
