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

from bot.answering import Desk, Index, Progress
from bot.chat.alerts import Alerts
from bot.chat.application import build_application
from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.polling import Polling
from bot.chat.intake.session import Receiver, serve
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.bot_api import BotApplication, open_connection
from bot.chat.wire.pacing import Pacing
from bot.corpus.articles import load_corpus
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.inbox import Inbox
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.votes import Votes
from bot.language import LanguageDetector
from bot.metrics import Metrics
from bot.model import Corpus, Findings, Question, Trouble
from bot.search.index import CorpusIndex
from bot.wording.examples import Examples
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


class WordIndex:
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


@dataclass
class ChatBot:
    """The running bot, as a test sees it."""

    desk: Desk
    database: Path
    serving: asyncio.Task[None]
    stop: asyncio.Event
    journal: Journal
    records: Database
    alerts: Alerts
    metrics: Metrics
    troubles: list[Trouble]

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
    make_index: Callable[[Corpus], Index] = CorpusIndex.build,
    before_load: Callable[[Progress | None], None] = lambda _progress: None,
    token: str | None = None,
    proxy: str | None = None,
    translate_url: str = TRANSLATE_URL,
    retention_days: int = 365,
    questions_per_minute: int = 0,
    messages_per_second: float = 0,
    choose_receiver: Callable[[BotApplication, Dispatcher], Receiver] = Polling,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[ChatBot]:
    """Run the bot against a Bot API server, with its log in a folder."""

    def build() -> Index:
        return make_index(load_corpus(articles, MAX_ARTICLE_BYTES))

    def load_index(progress: Progress | None) -> Index:
        before_load(progress)
        return build()

    index = build()
    desk = Desk(index, load_index, load_small_talk(), _load_detector())
    metrics = Metrics()
    alerts = Alerts(admin_ids=admin_ids, metrics=metrics, clock=clock)
    troubles: list[Trouble] = []

    def report(trouble: Trouble) -> None:
        troubles.append(trouble)
        alerts.report(trouble)

    records = Database(folder / "log.sqlite", report)
    journal = Journal(records)
    connection = open_connection(
        metrics=metrics,
        token=token or api.token,
        api_url=api.url,
        proxy=proxy,
        pacing=Pacing(messages_per_second=messages_per_second, chat_messages_per_second=messages_per_second),
        report=report,
    )
    application = build_application(
        connection=connection,
        desk=desk,
        journal=journal,
        votes=Votes(records),
        records=PersonalRecords(records, connection.bot_id),
        retention_days=retention_days,
        readings=ReaderLanguages(CATALOGUES, Readers(records)),
        alerts=alerts,
        metrics=metrics,
        examples=Examples(EXAMPLES),
        translate_url=translate_url,
        admin_ids=admin_ids,
        passages_limit=5,
        questions_per_minute=questions_per_minute,
    )
    await records.open()
    dispatcher = Dispatcher(application, Inbox(records, connection.bot_id, report), metrics)
    receiver = choose_receiver(application, dispatcher)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(application, dispatcher, receiver, stop))
    bot = ChatBot(desk, folder / "log.sqlite", serving, stop, journal, records, alerts, metrics, troubles)
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
