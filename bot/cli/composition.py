"""The composition root: the only place that knows every room, and where settings are unpacked.

What runs for a while is made here once per process and handed to constructors.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from bot.answering import Answerer, Progress
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.language import LanguageDetector
from bot.model import Exchange, Origin, Question
from bot.search.index import CorpusIndex
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """What every way of asking needs: who answers, and what tells a question's language."""

    answerer: Answerer
    detector: LanguageDetector


def open_index(settings: Settings, console: Console) -> CorpusIndex:
    """Read the articles and index them, showing progress on the console where it takes long.

    Raises:
        CorpusError: an article file has a mistake.
    """
    with _show_progress(console) as progress:
        return _load_index(settings, progress)


def open_desk(settings: Settings, console: Console) -> Desk:
    """Open an index that can be reloaded, and what tells languages.

    Raises:
        CorpusError: an article file has a mistake.
    """
    index = open_index(settings, console)
    languages = {article.language for article in index.corpus.articles}
    return Desk(Answerer(index, partial(_load_index, settings)), LanguageDetector(languages))


def _load_index(settings: Settings, progress: Progress | None) -> CorpusIndex:
    del progress
    return CorpusIndex.build(load_corpus(settings.corpus, settings.max_article_bytes))


class Session:
    """A terminal's way of asking: it answers at once and logs between two questions."""

    def __init__(self, desk: Desk, journal: Journal, runner: asyncio.Runner) -> None:
        """Take what ``open_session`` made."""
        self._desk = desk
        self._journal = journal
        self._runner = runner

    @property
    def answerer(self) -> Answerer:
        """Who answers."""
        return self._desk.answerer

    def ask(self, text: str, limit: int, origin: Origin) -> Exchange:
        """Answer one question with at most ``limit`` passages."""
        asked_at = datetime.now(UTC)
        question = Question(text, self._desk.detector.detect(text))
        return Exchange(asked_at=asked_at, origin=origin, answer=self._desk.answerer.answer(question, limit))

    def record(self, exchange: Exchange) -> None:
        """Log an exchange; it is written when this returns."""
        self._runner.run(self._record(exchange))

    async def _record(self, exchange: Exchange) -> None:
        self._journal.record(exchange)
        await self._journal.flush()


@contextmanager
def open_session(settings: Settings, console: Console) -> Iterator[Session]:
    """Open the journal and the desk for a terminal, and close them.

    Raises:
        CorpusError: an article file has a mistake.
        NewerSchemaError: a newer version of the bot wrote the log.
    """
    desk = open_desk(settings, console)
    database = Database(settings.database)
    with asyncio.Runner() as runner:
        runner.run(database.open())
        try:
            yield Session(desk, Journal(database), runner)
        finally:
            runner.run(database.close())


def start_logging(level: str) -> None:
    """Send log lines of that level and above to standard error."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@contextmanager
def _show_progress(console: Console) -> Iterator[Progress]:
    """Give a callback that draws a bar on a terminal and stays silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading the articles", total=None, visible=False)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, visible=True)

        yield advance
