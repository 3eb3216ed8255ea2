"""The bot on Telegram for tests: the real application, in the test's own event loop.

Everything is real (articles, index, journal, HTTP) but the Bot API server, which is the strict one
of ``bot/sandbox``.
"""

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from bot.answering import Desk, Index
from bot.chat.alerts import Alerts
from bot.chat.digest import FindGaps
from bot.chat.intake.session import serve
from bot.cli.assembly.desk import make_desk
from bot.cli.assembly.telegram import LIMITS, PAUSES, Limits, Pauses, Service, assemble
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.metrics import Metrics
from bot.model import Corpus, Findings, Question
from bot.sandbox.server import BotApi
from bot.search.encoder import Vectors
from bot.search.grouping import group_equal
from bot.search.index import CorpusIndex
from bot.search.pins import Pin
from bot.search.vectors import Progress
from bot.settings import Settings
from bot.wording.examples import Examples
from bot.wording.phrases import load_phrases

ARTICLES = Path(__file__).parent.parent / "corpus"
# Its answer is a sentence that is short enough to be shown whole.
SIGNED = "How many countries signed in two days?"
MAX_ARTICLE_BYTES = 1_048_576
TRANSLATE_URL = "https://translate.example.org/?from={from}&to={to}&text={text}"
EXAMPLES = {"en": (SIGNED, "Who signed it?")}

CATALOGUES = load_phrases()
phrases = CATALOGUES["en"]


def write_article(folder: Path, name: str, body: str, **keys: str) -> Path:
    """Put an article into a folder; ``keys`` are lines of its front matter."""
    matter = {"language": '"en"', "source": f'"https://example.org/{name}"', **keys}
    lines = "\n".join(f"{key} = {value}" for key, value in matter.items())
    path = folder / f"{name}.md"
    path.write_text(f"+++\n{lines}\n+++\n\n{body}\n", "utf-8")
    return path


def copy_articles(folder: Path) -> Path:
    """Copy the bot's own articles to where they may be changed."""
    return Path(shutil.copytree(ARTICLES, folder / "articles"))


@dataclass
class Gate:
    """Holds up worker threads until it is opened, and tells when one has come."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def pass_through(self) -> None:
        """Wait until it is open."""
        self.reached.set()
        assert self.opened.wait(20), "the gate was never opened"

    async def wait_until_reached(self) -> None:
        """Wait until a thread stands before it."""
        assert await asyncio.to_thread(self.reached.wait, 10)


class PlainIndex:
    """What an index has beside its search, for those in which nothing is pinned and nothing embedded."""

    encoder_name = None
    gone_pins = ()

    @property
    def pinned_vectors(self) -> Mapping[Question, Vectors]:
        """Return no vectors."""
        return {}

    def with_pins(self, pins: Sequence[Pin], known: Mapping[Question, Vectors] | None = None) -> Self:
        """Return the same index, without any pin."""
        del pins, known
        return self

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Return no vectors."""
        del questions
        return np.zeros((0, 0), np.float32)

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Return the numbers of equal questions."""
        del vectors
        return group_equal([(question.text,) for question in questions])


class WordIndex(PlainIndex):
    """The bot's own index without its language model, for questions that a test may act upon."""

    def __init__(self, corpus: Corpus, act: Callable[[Question], None]) -> None:
        """Index a corpus; ``act`` is called before each search."""
        self.corpus = corpus
        self._act = act
        self._index = CorpusIndex.build(corpus)

    def search(self, question: Question, limit: int) -> Findings:
        """Act, then search."""
        self._act(question)
        return self._index.search(question, limit)

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Order them as the index does: without a language model it keeps their order."""
        return self._index.order_by_nearness(question, others)


def slow_index(gate: Gate) -> Callable[[Corpus], Index]:
    """Return what makes indexes that wait at the gate for questions that say "slow"."""

    def wait(question: Question) -> None:
        if "slow" in question.text:
            gate.pass_through()

    return lambda corpus: WordIndex(corpus, wait)


def broken_index(corpus: Corpus) -> Index:
    """Make an index that fails for questions that say "broken"."""

    def fail(question: Question) -> None:
        if "broken" in question.text:
            message = "the index is broken"
            raise RuntimeError(message)

    return WordIndex(corpus, fail)


@dataclass(frozen=True)
class ChatBot:
    """The running bot, as a test sees it."""

    service: Service
    serving: asyncio.Task[None]
    stop: asyncio.Event

    @property
    def desk(self) -> Desk:
        """Where its questions are asked."""
        return self.service.desk

    @property
    def journal(self) -> Journal:
        """Where its exchanges are kept."""
        return self.service.journal

    @property
    def records(self) -> Database:
        """Its database."""
        return self.service.database

    @property
    def alerts(self) -> Alerts:
        """What its admins are told."""
        return self.service.alerts

    @property
    def metrics(self) -> Metrics:
        """What it counts."""
        return self.service.metrics

    async def settle(self) -> None:
        """Wait until every update that the bot has fetched is handled."""
        async with asyncio.timeout(10):
            while self.service.dispatcher.waiting:  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stop the bot as a signal would, and wait until it has ended."""
        self.stop.set()
        await self.serving
        await self.journal.flush()
        await self.records.close()

    async def read_log(self, columns: str) -> list[tuple[object, ...]]:
        """End the bot, and return columns of every exchange in its database, in order."""
        await self.end()
        with closing(sqlite3.connect(self.records.path)) as connection:
            return connection.execute(f"SELECT {columns} FROM exchanges ORDER BY id").fetchall()  # noqa: S608


@asynccontextmanager
async def running_bot(  # noqa: PLR0913 - each is one thing that a test may want otherwise
    api: BotApi,
    folder: Path,
    *,
    articles: Path = ARTICLES,
    make_index: Callable[[Corpus], Index] = CorpusIndex.build,
    before_load: Callable[[Progress | None], None] = lambda _progress: None,
    adapt: Callable[[Service], Service] = lambda service: service,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008 - it is not called here
    find_gaps: FindGaps | None = None,
    pauses: Pauses = PAUSES,
    limits: Limits = LIMITS,
    token: str | None = None,
    **settings: object,
) -> AsyncIterator[ChatBot]:
    """Run the bot against a Bot API server, with its database in a folder; ``settings`` by their names."""
    chosen: dict[str, Any] = {
        "api_url": api.url,
        "corpus": articles,
        "database": folder / "log.sqlite",
        "versions": folder / "versions",
        "translate_url": TRANSLATE_URL,
        "suggestions": False,
        "questions_per_minute": 0,
        "messages_per_second": 0,
        "chat_messages_per_second": 0,
        **settings,
    }

    def build() -> Index:
        return make_index(load_corpus(articles, MAX_ARTICLE_BYTES))

    def load_index(progress: Progress | None) -> Index:
        before_load(progress)
        return build()

    service = adapt(
        assemble(
            Settings(**chosen),
            token or api.token,
            desk=make_desk(build(), load_index),
            examples=Examples(EXAMPLES),
            metrics=Metrics(),
            clock=clock,
            now=now,
            find_gaps=find_gaps,
            pauses=pauses,
            limits=limits,
        )
    )
    await service.database.open()
    await service.upkeep.begin()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(
            service.application,
            service.dispatcher,
            service.receiver,
            stop,
            finish_within_s=pauses.finish_within_s,
        )
    )
    try:
        yield ChatBot(service, serving, stop)
    finally:
        stop.set()
        await asyncio.wait({serving})
        await service.journal.flush()
        await service.database.close()
    serving.result()
