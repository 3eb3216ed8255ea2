"""The composition root: the only place that knows every room, and where settings are unpacked.

What runs for a while is made here once per process and handed to constructors.
"""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from bot.answering import Desk, Progress
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.language import LanguageDetector
from bot.model import Corpus, Exchange, Origin
from bot.search.encoder import Encoder, EncoderUnavailableError, load_encoder
from bot.search.index import ALL_PARTS, CorpusIndex
from bot.search.parts import Parts
from bot.search.vectors import VectorCache
from bot.settings import WITHOUT_ENCODER, Settings
from bot.wording.small_talk import load_small_talk

_LOG = logging.getLogger(__name__)
_LONG_S = 1.0


class IndexLoader:
    """Makes an index of the articles as they are on disk; the encoder is loaded once."""

    def __init__(self, settings: Settings) -> None:
        """Load the encoder, or say that ranking goes without it.

        Raises:
            UnknownEncoderError: the setting names no encoder.
        """
        self._corpus = settings.corpus
        self._max_article_bytes = settings.max_article_bytes
        self._max_corpus_bytes = settings.max_corpus_bytes
        self._vectors = VectorCache(settings.cache)
        self._encoder: Encoder | None = None
        if settings.encoder == WITHOUT_ENCODER:
            return
        try:
            self._encoder = load_encoder(settings.encoder)
        except EncoderUnavailableError as error:
            _LOG.warning(
                "%s; passages are ranked by BM25 alone, mostly in the question's own language", error
            )

    def load(self, progress: Progress | None, parts: Parts = ALL_PARTS) -> CorpusIndex:
        """Read and index the articles; only texts that are new are embedded.

        Raises:
            CorpusError: an article file has a mistake.
        """
        corpus = load_corpus(self._corpus, self._max_article_bytes, self._max_corpus_bytes)
        return CorpusIndex.build(corpus, self._encoder, self._vectors, progress, parts=parts)


def open_desk(settings: Settings, console: Console) -> Desk:
    """Open the desk: an index that can be reloaded, and what tells languages.

    Raises:
        CorpusError: an article file has a mistake.
        UnknownEncoderError: the setting names no encoder.
    """
    loader = IndexLoader(settings)
    with show_progress(console) as progress:
        index = loader.load(progress)
    languages = {article.language for article in index.corpus.articles}
    return Desk(index, loader.load, load_small_talk(), LanguageDetector(languages))


class Session:
    """A terminal's way of asking: it answers at once and logs between two questions."""

    def __init__(self, desk: Desk, journal: Journal, runner: asyncio.Runner) -> None:
        """Take what ``open_session`` made."""
        self._desk = desk
        self._journal = journal
        self._runner = runner

    @property
    def corpus(self) -> Corpus:
        """What is answered from."""
        return self._desk.corpus

    def ask(self, text: str, limit: int, origin: Origin, earlier: str | None = None) -> Exchange:
        """Answer one question with at most ``limit`` passages; ``earlier`` was asked just before."""
        asked_at = datetime.now(UTC)
        answer = self._desk.ask(text, earlier=earlier, limit=limit)
        return Exchange(asked_at=asked_at, origin=origin, answer=answer)

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


@contextmanager
def show_progress(console: Console) -> Iterator[Progress]:
    """Give a callback that draws a bar on a terminal, and elsewhere says once what takes so long."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    started = time.monotonic()
    has_said = False
    with ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Reading the articles (new texts take a moment, once)", total=None, visible=False)

        def advance(done: int, total: int) -> None:
            nonlocal has_said
            bar.update(task, completed=done, total=total, visible=True)
            if not console.is_terminal and not has_said and time.monotonic() - started > _LONG_S:
                has_said = True
                _LOG.warning("Reading new articles, %d texts, once; this takes a moment", total)

        yield advance
