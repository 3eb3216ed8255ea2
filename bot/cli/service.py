"""The bot on Telegram as a process: its parts, its signals and its end.

SIGTERM and SIGINT end it, after what is in hand is answered and logged. SIGHUP reads the
articles again and logs the report; one that comes during the start waits until the bot is up.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from rich.console import Console

from bot.answering import Desk
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.intake.session import serve
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
    # Before all else: a start takes seconds, and a service manager does not restart what SIGHUP ended.
    reloads = Reloads()
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
        await be_on_telegram(service, asyncio.Event(), reloads)


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


async def be_on_telegram(service: Service, stop: asyncio.Event, reloads: "Reloads") -> None:
    """Run the bot until a signal or ``stop`` ends it, and carry out ``reloads`` meanwhile.

    Raises:
        ChatError: Telegram refuses the token, or another instance uses it.
        NewerSchemaError: a newer version of the bot wrote the database.
    """
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, stop.set)
    await service.database.open()
    await service.upkeep.begin()
    reloads.begin(service)
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


class Reloads:
    """Reloads on SIGHUP, which is handled from the moment this is made; their reports go to the log."""

    def __init__(self) -> None:
        self._reload: Callable[[], Coroutine[None, None, str]] | None = None
        self._is_wanted = False
        self._running: set[asyncio.Task[str]] = set()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._start)

    def begin(self, service: Service) -> None:
        """Reload the articles of a bot that is up from now on, and at once if that was asked for before."""
        self._reload = lambda: reload_articles(
            service.desk, service.upkeep, service.catalogues["en"], ReloadProgress()
        )
        if self._is_wanted:
            self._start()

    async def end(self) -> None:
        """Abandon what is running; what is asked for from now on waits for the next bot."""
        self._reload = None
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _start(self) -> None:
        self._is_wanted = self._reload is None
        if self._reload is None:
            return
        task = asyncio.get_running_loop().create_task(self._reload())
        self._running.add(task)
        task.add_done_callback(self._report)

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
