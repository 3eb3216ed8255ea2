"""A database as it is after a busy fortnight: 300 exchanges, asked of the real desk.

    python -m tests.benchmarks.exchanges FILE [NUMBER]

The questions are those of tests/data (answerable, paraphrased, unanswerable, and the gaps, which come
up more than once, in several languages); they go through the desk and the journal, so answers,
refusals and passages are what the bot says. A few of the answers are voted on. People, times and votes
come from dice with a fixed seed, and the file must not exist yet. With BOT_DATABASE=FILE the bot shows
it in /gaps and /stats.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from bot.answering import Desk
from bot.cli.assembly.desk import open_desk
from bot.cli.settings_loading import load_settings
from bot.evaluation.questions import read_questions
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.votes import Votes
from bot.model import Exchange, Origin, Question, Vote
from tests.benchmarks.grouping import DATA, read_entries

EXCHANGES = 300
_PEOPLE = 40
_DAYS = 14
_VOTING = 0.2
# How often people ask what the articles do not say.
_GAPS = 0.4


def choose_questions(dice: random.Random, number: int) -> list[Question]:
    """Return the questions of a fortnight; some meanings of the gaps are asked far more often."""
    known = [
        Question(each.question, each.language)
        for name in ("questions_test", "questions_tuning", "questions_paraphrased")
        for each in read_questions(DATA / f"{name}.toml")
    ]
    meanings: dict[str, list[Question]] = {}
    for entry in read_entries():
        meanings.setdefault(entry["meaning"], []).append(Question(entry["question"], entry["language"]))
    names = dice.sample(sorted(meanings), len(meanings))
    weights = [1 / rank for rank in range(1, len(names) + 1)]
    chosen = []
    for _ in range(number):
        if dice.random() < _GAPS:
            (name,) = dice.choices(names, weights)
            chosen.append(dice.choice(meanings[name]))
        else:
            chosen.append(dice.choice(known))
    return chosen


async def fill(path: Path, desk: Desk, number: int = EXCHANGES, limit: int = 5) -> None:
    """Make a database and fill it."""
    dice = random.Random(14)  # noqa: S311 - dice of a benchmark
    database = Database(path)
    await database.open()
    journal, votes = Journal(database), Votes(database)
    now = datetime.now(UTC)
    times = sorted(now - timedelta(days=_DAYS * dice.random()) for _ in range(number))
    for at, question in zip(times, choose_questions(dice, number), strict=True):
        user_id = 1_000 + dice.randrange(_PEOPLE)
        answer = await asyncio.to_thread(desk.ask, question.text, language=question.language, limit=limit)
        exchange = Exchange(at, Origin.TELEGRAM, answer, user_id=user_id, chat_id=user_id)
        journal.record(exchange)
        if answer.is_answered and dice.random() < _VOTING:
            await journal.flush()
            await votes.cast(exchange.key, user_id, dice.choice((Vote.UP, Vote.UP, Vote.DOWN)))
    await journal.flush()
    await database.close()


def main() -> None:
    """Fill the file named on the command line."""
    if len(sys.argv) not in {2, 3}:
        sys.exit("usage: python -m tests.benchmarks.exchanges FILE [NUMBER]")
    path = Path(sys.argv[1])
    if path.exists():
        sys.exit(f"{path}: already exists; choose another name")
    settings, _ = load_settings()
    number = int(sys.argv[2]) if len(sys.argv) > 2 else EXCHANGES
    asyncio.run(fill(path, open_desk(settings, Console(stderr=True)), number, settings.passages))
    print(f"{path}: {number} exchanges; BOT_DATABASE={path} python -m bot gaps lists what is missing")  # noqa: T201


if __name__ == "__main__":
    main()
