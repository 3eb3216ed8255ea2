"""The bot on Telegram for tests: the real application, in the test's own event loop.

Everything is real (articles, index, journal, HTTP) but the Bot API server, which is the strict one
of ``tests/bot_api``.
"""

import asyncio
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from bot.answering import Answerer, Progress
from bot.chat.alerts import Alerts
from bot.chat.application import build_application
from bot.chat.examples import Examples
from bot.chat.polling import serve
from bot.chat.reading import Readings
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.votes import Votes
from bot.language import LanguageDetector
from bot.metrics import Metrics
from bot.model import Findings, Question
from bot.search.index import CorpusIndex
from bot.wording.phrases import load_phrases
from bot.wording.small_talk import load_small_talk
from tests.bot_api.server import BotApi

ARTICLES = Path(__file__).parent.parent / "corpus"
SIGNED = "How many countries signed the Convention?"
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


def make_slow_index(gate: Gate) -> type[CorpusIndex]:
    """Return a kind of index that waits at the gate for questions that say "slow"."""

    class SlowIndex(CorpusIndex):
        def search(self, question: Question, limit: int) -> Findings:
            if "slow" in question.text:
                gate.pass_through()
            return super().search(question, limit)

    return SlowIndex


class BrokenIndex(CorpusIndex):
    """An index that fails for questions that say "broken"."""

    def search(self, question: Question, limit: int) -> Findings:
        """Search, or fail."""
        if "broken" in question.text:
            message = "the index is broken"
            raise RuntimeError(message)
        return super().search(question, limit)


@dataclass
class ChatBot:
    """The running bot, as a test sees it."""

    answerer: Answerer
    database: Path
    serving: asyncio.Task[None]
    stop: asyncio.Event
    journal: Journal
    records: Database
    alerts: Alerts
    metrics: Metrics

    async def end(self) -> None:
        """Stop the bot as a signal would, and wait until it has ended."""
        self.stop.set()
        await self.serving
        await self.journal.flush()
        await self.records.close()

    async def read_log(self, columns: str) -> list[tuple[object, ...]]:
        """End the bot, and return columns of every exchange in its log, in order."""
        await self.end()
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(f"SELECT {columns} FROM exchanges ORDER BY id").fetchall()  # noqa: S608


@asynccontextmanager
async def running_bot(  # noqa: PLR0913 - each is one thing that a test may want otherwise
    api: BotApi,
    folder: Path,
    *,
    articles: Path = ARTICLES,
    admin_ids: Collection[int] = (),
    index_type: type[CorpusIndex] = CorpusIndex,
    before_load: Callable[[Progress | None], None] = lambda _progress: None,
    token: str | None = None,
    proxy: str | None = None,
    translate_url: str = TRANSLATE_URL,
    retention_days: int = 365,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[ChatBot]:
    """Run the bot against a Bot API server, with its log in a folder."""

    def load_index(progress: Progress | None) -> CorpusIndex:
        before_load(progress)
        return index_type.build(load_corpus(articles, MAX_ARTICLE_BYTES))

    index = index_type.build(load_corpus(articles, MAX_ARTICLE_BYTES))
    answerer = Answerer(index, load_index, load_small_talk())
    records = Database(folder / "log.sqlite")
    journal = Journal(records)
    metrics = Metrics()
    alerts = Alerts(admin_ids=admin_ids, metrics=metrics, clock=clock)
    application = build_application(
        token=token or api.token,
        api_url=api.url,
        proxy=proxy,
        answerer=answerer,
        journal=journal,
        detector=_load_detector(),
        votes=Votes(records),
        records=PersonalRecords(records),
        retention_days=retention_days,
        readings=Readings(CATALOGUES, Readers(records)),
        alerts=alerts,
        metrics=metrics,
        examples=Examples(EXAMPLES),
        translate_url=translate_url,
        admin_ids=admin_ids,
        passages_limit=5,
    )
    await records.open()
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(application, stop))
    bot = ChatBot(answerer, folder / "log.sqlite", serving, stop, journal, records, alerts, metrics)
    try:
        yield bot
    finally:
        stop.set()
        await asyncio.wait({serving})
        await journal.flush()
        await records.close()
    serving.result()


@cache
def _load_detector() -> LanguageDetector:
    return LanguageDetector()
