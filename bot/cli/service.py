"""The bot on Telegram as a process: its parts, its signals and its end.

SIGTERM and SIGINT end it, after what is in hand is answered and logged. SIGHUP reads the
articles again and logs the report.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from bot.answering import Desk
from bot.chat.alerts import Alerts
from bot.chat.application import build_application
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.polling import Polling
from bot.chat.intake.session import Receiver, serve
from bot.chat.intake.webhook import Webhook
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.bot_api import BotApplication, open_connection
from bot.chat.wire.pacing import Pacing
from bot.chat.wire.update_in_hand import in_hand
from bot.cli.assembly import open_desk
from bot.cli.logs import start_logging
from bot.cli.monitoring import monitoring
from bot.cli.uncaught import log_uncaught
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.inbox import Inbox
from bot.journal.personal import PersonalRecords
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.votes import Votes
from bot.metrics import Metrics
from bot.settings import Settings
from bot.wording.examples import load_examples
from bot.wording.phrases import Phrases, load_phrases

_LOG = logging.getLogger(__name__)
_SWITCH_S = 0.001


def run_service(
    settings: Settings,
    token: str,
    console: Console,
    warnings: Iterable[str],
    open_desk: Callable[[Settings, Console], Desk] = open_desk,
) -> None:
    """Be on Telegram until a signal ends it; ``warnings`` are logged first.

    ``open_desk`` makes who answers.

    Raises:
        CorpusError: an article file has a mistake.
        ExamplesError: the file of examples has a mistake.
        NewerSchemaError: a newer version of the bot wrote the log.
        ChatError: Telegram refuses the token, or another instance uses it.
        MonitoringError: the port for metrics and health cannot be had.
    """
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    start_logging(settings.log_level, settings.log_format, _read_update, token, settings.proxy or "", secret)
    log_uncaught()
    # At level INFO it logs every call that the bot makes.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # It logs a traceback of every failed call, which the bot reports in a line of its own.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    # It logs a line for every request that is none; anybody may send those to a webhook, and often.
    logging.getLogger("tornado.general").setLevel(logging.ERROR)
    for warning in warnings:
        _LOG.warning("%s", warning)
    asyncio.run(_serve(settings, token, lambda: open_desk(settings, console)))


def _read_update() -> str | None:
    handling = in_hand.get()
    return handling.log_id if handling else None


async def _serve(settings: Settings, token: str, open_desk: Callable[[], Desk]) -> None:
    metrics = Metrics()
    health = _Health()
    async with contextlib.AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            await stack.enter_async_context(
                monitoring(str(settings.metrics_host), settings.metrics_port, metrics, health.find_problems)
            )
        await _be_on_telegram(settings, token, open_desk, metrics, health)


async def _be_on_telegram(
    settings: Settings, token: str, open_desk: Callable[[], Desk], metrics: Metrics, health: "_Health"
) -> None:
    # A search gives way to the event loop after a millisecond instead of five: the loop has little
    # to do each time, and everybody waits for it.
    sys.setswitchinterval(_SWITCH_S)
    # A search keeps a processor busy: more at a time only hold each other up. One is for a reload.
    searching = ThreadPoolExecutor((os.cpu_count() or 1) + 1, thread_name_prefix="search")
    asyncio.get_running_loop().set_default_executor(searching)
    examples = load_examples(settings.examples)
    desk = await asyncio.to_thread(open_desk)
    # What is there now stays: it need not be searched for garbage again and again.
    gc.freeze()
    corpus = desk.corpus
    _LOG.info(
        "%d articles, %d passages, corpus version %s",
        len(corpus.articles),
        len(corpus.passages),
        corpus.version,
    )
    catalogues = load_phrases()
    metrics.watch_corpus(lambda: desk.corpus.version)
    alerts = Alerts(admin_ids=settings.admin_ids, metrics=metrics)
    database = Database(settings.database, alerts.report)
    await database.open()
    journal = Journal(database)
    try:
        connection = open_connection(
            token=token,
            api_url=str(settings.api_url),
            proxy=settings.proxy,
            pacing=Pacing(
                messages_per_second=settings.messages_per_second,
                chat_messages_per_second=settings.chat_messages_per_second,
            ),
            report=alerts.report,
            metrics=metrics,
        )
        application = build_application(
            connection=connection,
            desk=desk,
            journal=journal,
            votes=Votes(database),
            records=PersonalRecords(database, connection.bot_id),
            retention_days=settings.retention_days,
            readings=ReaderLanguages(catalogues, Readers(database)),
            alerts=alerts,
            metrics=metrics,
            examples=examples,
            translate_url=settings.translate_url,
            admin_ids=settings.admin_ids,
            passages_limit=settings.passages,
            questions_per_minute=settings.questions_per_minute,
        )
        inbox = Inbox(database, connection.bot_id, alerts.report)
        dispatcher = Dispatcher(application, inbox, metrics)
        metrics.watch_updates(lambda: dispatcher.handling, lambda: dispatcher.waiting - dispatcher.handling)
        metrics.watch_inbox(lambda: dispatcher.waiting - inbox.held)
        receiver = _choose_receiver(settings, application, dispatcher)
        health.watch(receiver, alerts)
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, stop.set)
        reloads = _Reloads(desk, catalogues["en"])
        loop.add_signal_handler(signal.SIGHUP, reloads.start)
        async with _erasing(database, settings.retention_days):
            await serve(application, dispatcher, receiver, stop)
        await reloads.end()
    finally:
        await journal.flush()
        await database.close()


def _choose_receiver(settings: Settings, application: BotApplication, dispatcher: Dispatcher) -> Receiver:
    """Have updates brought where there is an address, and fetch them where there is none."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return Polling(application, dispatcher)
    return Webhook(
        application,
        dispatcher,
        url=str(settings.webhook_url),
        host=settings.webhook_host,
        port=settings.webhook_port,
        secret=settings.webhook_secret.get_secret_value(),
    )


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


class _Health:
    """What is wrong with the bot as a whole, for those who watch over it."""

    def __init__(self) -> None:
        self._parts: tuple[Receiver, Alerts] | None = None

    def watch(self, receiver: Receiver, alerts: Alerts) -> None:
        """Look at the parts, once they are there."""
        self._parts = receiver, alerts

    def find_problems(self) -> dict[str, str]:
        """Return what is wrong now, by its kind."""
        if self._parts is None:
            return {"not_receiving": "the bot is starting"}
        receiver, alerts = self._parts
        problems = {trouble.kind.value: trouble.detail for trouble in alerts.ongoing}
        if not receiver.is_receiving:
            problems["not_receiving"] = "no messages arrive from Telegram"
        return problems


class _Reloads:
    """Reloads that nobody in a chat asked for; their reports go to the log."""

    def __init__(self, desk: Desk, phrases: Phrases) -> None:
        self._desk = desk
        self._phrases = phrases
        self._running: set[asyncio.Task[str]] = set()

    def start(self) -> None:
        work = reload_articles(self._desk, self._phrases, ReloadProgress())
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
            for line in filter(None, task.result().splitlines()):
                _LOG.info("%s", line)
        else:
            _LOG.error("The articles could not be read again", exc_info=error)
