"""The bot on Telegram as a process: its parts, its signals and its end.

SIGTERM and SIGINT end it, after what is in hand is answered and logged. SIGHUP reads the
articles again and logs the report.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator

from rich.console import Console

from bot.answering import Answerer
from bot.chat.application import build_application
from bot.chat.examples import load_examples
from bot.chat.polling import serve
from bot.chat.reading import Readings
from bot.chat.reloading import ReloadProgress, reload_articles
from bot.chat.secrecy import hide_secrets
from bot.cli.composition import open_desk, start_logging
from bot.cli.uncaught import log_uncaught
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.votes import Votes
from bot.settings import Settings
from bot.wording.phrases import Phrases, load_phrases

_LOG = logging.getLogger(__name__)


def run_service(settings: Settings, token: str, console: Console) -> None:
    """Be on Telegram until a signal ends it.

    Raises:
        CorpusError: an article file has a mistake.
        ExamplesError: the file of examples has a mistake.
        NewerSchemaError: a newer version of the bot wrote the log.
        ChatError: Telegram refuses the token, or another instance uses it.
    """
    start_logging(settings.log_level)
    # At level INFO it logs every call that the bot makes.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # It logs a traceback of every failed call, which the bot reports in a line of its own.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    for handler in logging.getLogger().handlers:
        hide_secrets(handler, token, settings.proxy or "")
    log_uncaught()
    asyncio.run(_serve(settings, token, console))


async def _serve(settings: Settings, token: str, console: Console) -> None:
    examples = load_examples(settings.examples)
    desk = await asyncio.to_thread(open_desk, settings, console)
    corpus = desk.answerer.corpus
    _LOG.info(
        "%d articles, %d passages, corpus version %s",
        len(corpus.articles),
        len(corpus.passages),
        corpus.version,
    )
    catalogues = load_phrases()
    database = Database(settings.database)
    await database.open()
    journal = Journal(database)
    try:
        application = build_application(
            token=token,
            api_url=str(settings.api_url),
            proxy=settings.proxy,
            answerer=desk.answerer,
            journal=journal,
            detector=desk.detector,
            votes=Votes(database),
            records=PersonalRecords(database),
            retention_days=settings.retention_days,
            readings=Readings(catalogues, Readers(database)),
            examples=examples,
            translate_url=settings.translate_url,
            admin_ids=settings.admin_ids,
            passages_limit=settings.passages,
        )
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, stop.set)
        reloads = _Reloads(desk.answerer, catalogues["en"])
        loop.add_signal_handler(signal.SIGHUP, reloads.start)
        async with _erasing(database, settings.retention_days):
            await serve(application, stop)
        await reloads.end()
    finally:
        await journal.flush()
        await database.close()


@contextlib.asynccontextmanager
async def _erasing(database: Database, days: int) -> AsyncIterator[None]:
    """Erase exchanges after some days, beside whatever runs within; 0 keeps them."""
    erasing = [asyncio.create_task(Retention(database, days).keep_erasing())] if days else []
    try:
        yield
    finally:
        for task in erasing:
            task.cancel()
        await asyncio.gather(*erasing, return_exceptions=True)


class _Reloads:
    """Reloads that nobody in a chat asked for; their reports go to the log."""

    def __init__(self, answerer: Answerer, phrases: Phrases) -> None:
        self._answerer = answerer
        self._phrases = phrases
        self._running: set[asyncio.Task[str]] = set()

    def start(self) -> None:
        work = reload_articles(self._answerer, self._phrases, ReloadProgress())
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._report)

    async def end(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _report(self, task: asyncio.Task[str]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            _LOG.info("%s", task.result())
        else:
            _LOG.error("The articles could not be read again", exc_info=error)
