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
from functools import partial

from rich.console import Console

from bot.answering import Desk
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.intake.session import serve
from bot.chat.upkeep import Upkeep
from bot.chat.wire.update_in_hand import in_hand
from bot.chat_endpoint import MOST_CALLS
from bot.cli.assembly.desk import open_desk
from bot.cli.assembly.telegram import LIMITS, PAUSES, Limits, Pauses, Service, assemble
from bot.cli.logs import start_logging
from bot.cli.monitoring import monitoring
from bot.cli.uncaught import log_uncaught
from bot.journal.inbox import Inbox
from bot.journal.retention import Retention
from bot.metrics import Metrics
from bot.settings import CHAT_READER, Settings
from bot.wording.examples import load_examples
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_SWITCH_S = 0.001


def run_service(  # noqa: PLR0913 - the last four are for tests and benchmarks
    settings: Settings,
    token: str,
    console: Console,
    warnings: Iterable[str],
    *,
    open_desk: Callable[[Settings, Console], Desk] = open_desk,
    make_inbox: type[Inbox] = Inbox,
    pauses: Pauses = PAUSES,
    limits: Limits = LIMITS,
) -> None:
    """Be on Telegram until a signal ends it; ``warnings`` are logged first.

    ``open_desk`` and ``make_inbox`` are for benchmarks, which leave out a part; pauses and limits for
    tests, which cannot wait.

    Raises:
        CorpusError: an article file has a mistake.
        ExamplesError: the file of examples has a mistake.
        NewerSchemaError: a newer version of the bot wrote the database.
        ChatError: Telegram refuses the token, or another instance uses it.
        MonitoringError: the port for metrics and health cannot be had.
    """
    log_service(settings, token)
    for warning in warnings:
        _LOG.warning("%s", warning)
    make_service = partial(assemble, settings, token, make_inbox=make_inbox, pauses=pauses, limits=limits)
    asyncio.run(_serve(settings, lambda: open_desk(settings, console), make_service))


def log_service(settings: Settings, token: str) -> None:
    """Start logging, without any secret and without the chatter of libraries."""
    start_logging(settings.log_level, settings.log_format, _read_update, token, *settings.list_secrets())
    log_uncaught()
    # At level INFO it logs every call that the bot makes.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # It logs a traceback of every failed call, which the bot reports in a line of its own.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)


def _read_update() -> str | None:
    handling = in_hand.get()
    return handling.log_id if handling else None


async def _serve(
    settings: Settings, open_desk: Callable[[], Desk], make_service: Callable[..., Service]
) -> None:
    metrics = Metrics()
    health = _Health()
    async with contextlib.AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            await stack.enter_async_context(
                monitoring(str(settings.metrics_host), settings.metrics_port, metrics, health.find_problems)
            )
        prepare_searching(settings)
        examples = load_examples(settings.examples)
        desk = await asyncio.to_thread(open_desk)
        service = make_service(desk=desk, examples=examples, metrics=metrics)
        # Objects made so far live until the end: the garbage collector need not visit them.
        gc.freeze()
        corpus = service.desk.corpus
        _LOG.info(
            "%d articles, %d passages, corpus version %s",
            len(corpus.articles),
            len(corpus.passages),
            corpus.version,
        )
        health.watch(service)
        await be_on_telegram(service, asyncio.Event())


def prepare_searching(settings: Settings) -> None:
    """Let searches run in threads of the running event loop, and not hold it up."""
    # A search gives way to the event loop after a millisecond instead of five: the loop has little
    # to do each time, and everybody waits for it.
    sys.setswitchinterval(_SWITCH_S)
    # A search keeps a processor busy: more at a time only hold each other up. One is for a reload.
    # One that waits for an endpoint keeps no processor busy.
    waiting = MOST_CALLS if settings.reader == CHAT_READER else 0
    searching = ThreadPoolExecutor((os.cpu_count() or 1) + 1 + waiting, thread_name_prefix="search")
    asyncio.get_running_loop().set_default_executor(searching)


async def be_on_telegram(service: Service, stop: asyncio.Event) -> None:
    """Run the bot until a signal or ``stop`` ends it.

    Raises:
        ChatError: Telegram refuses the token, or another instance uses it.
        NewerSchemaError: a newer version of the bot wrote the database.
    """
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    reloads = _Reloads(service.desk, service.upkeep, service.catalogues["en"])
    loop.add_signal_handler(signal.SIGHUP, reloads.start)
    await service.database.open()
    await service.upkeep.begin()
    try:
        async with _erasing(service.retention):
            await serve(
                service.application,
                service.dispatcher,
                service.receiver,
                stop,
                finish_within_s=service.pauses.finish_within_s,
            )
        await reloads.end()
    finally:
        await service.journal.flush()
        await service.database.close()


@contextlib.asynccontextmanager
async def _erasing(retention: Retention | None) -> AsyncIterator[None]:
    """Erase old exchanges beside whatever runs within, unless they are kept for ever."""
    erasing = [asyncio.create_task(retention.keep_erasing())] if retention else []
    try:
        yield
    finally:
        for task in erasing:
            task.cancel()
        await asyncio.gather(*erasing, return_exceptions=True)


class _Health:
    """The health of the bot as a whole, for monitoring."""

    def __init__(self) -> None:
        self._service: Service | None = None

    def watch(self, service: Service) -> None:
        """Watch a bot from now on."""
        self._service = service

    def find_problems(self) -> dict[str, str]:
        """Return the current problems, by kind."""
        if self._service is None:
            return {"not_receiving": "the bot is starting"}
        problems = {trouble.kind.value: trouble.detail for trouble in self._service.alerts.ongoing}
        if not self._service.receiver.is_receiving:
            problems["not_receiving"] = "no messages arrive from Telegram"
        return problems


class _Reloads:
    """Reloads on SIGHUP; their reports go to the log."""

    def __init__(self, desk: Desk, upkeep: Upkeep, phrases: Phrases) -> None:
        self._desk = desk
        self._upkeep = upkeep
        self._phrases = phrases
        self._running: set[asyncio.Task[str]] = set()

    def start(self) -> None:
        work = reload_articles(self._desk, self._upkeep, self._phrases, ReloadProgress())
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
            _LOG.error("Failed to reload the articles", exc_info=error)
