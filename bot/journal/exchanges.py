"""The journal of exchanges: recorded while the reply is already on its way.

``record`` returns at once; aiosqlite writes in a thread of its own, one exchange a transaction.
``close`` waits until everything recorded is on disk. A journal that cannot be written says so in
the log, once until it heals, and stops nothing; it tries anew with every exchange.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import aiosqlite

from bot.journal.migrations import migrate
from bot.model import Exchange

_LOG = logging.getLogger(__name__)
_BUSY_TIMEOUT_S = 5.0


class Journal:
    """One SQLite file in WAL mode, used from one event loop: ``open``, ``record``, ``close``."""

    def __init__(self, path: Path) -> None:
        """Name the file; ``open`` opens it."""
        self._path = path
        self._connection: aiosqlite.Connection | None = None
        self._writing = asyncio.Lock()
        self._pending: set[asyncio.Task[None]] = set()
        self._is_failing = False

    async def open(self) -> None:
        """Open the file, bringing its schema up to date; where that fails, say so and go on.

        Raises:
            NewerSchemaError: a newer version of the bot wrote the file.
        """
        try:
            await self._connect()
        except (OSError, sqlite3.Error) as error:
            self._report(error)

    def record(self, exchange: Exchange) -> None:
        """Write an exchange soon, without making the caller wait."""
        self._start(self._write(exchange))

    async def flush(self) -> None:
        """Wait until all that was recorded is written."""
        while self._pending:
            await asyncio.gather(*self._pending)

    async def close(self) -> None:
        """Flush, then close the file; harmless twice."""
        await self.flush()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _connect(self) -> aiosqlite.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = await aiosqlite.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)
            try:
                await connection.execute("PRAGMA journal_mode = WAL")
                await connection.execute("PRAGMA synchronous = NORMAL")
                await connection.execute("PRAGMA foreign_keys = ON")
                await migrate(connection)
            except BaseException:
                await connection.close()
                raise
            self._connection = connection
        return self._connection

    async def _write(self, exchange: Exchange) -> None:
        try:
            async with self._writing:
                connection = await self._connect()
                await _insert(connection, exchange)
        except (OSError, sqlite3.Error) as error:
            self._report(error)
            return
        if self._is_failing:
            self._is_failing = False
            _LOG.warning("The log %s can be written again.", self._path)

    def _report(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            _LOG.error("The log %s cannot be written, answering goes on without it: %s", self._path, error)


async def _insert(connection: aiosqlite.Connection, exchange: Exchange) -> None:
    answer = exchange.answer
    await connection.execute("BEGIN IMMEDIATE")
    try:
        async with connection.execute(
            """
            INSERT INTO exchanges (asked_at, origin, user_id, chat_id, language, question, kind,
                                   is_answered, confidence, corpus_version, elapsed_ms)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                exchange.asked_at.isoformat(timespec="milliseconds"),
                exchange.origin.value,
                exchange.user_id,
                exchange.chat_id,
                answer.question.language,
                answer.question.text,
                answer.kind.value,
                answer.is_answered,
                answer.confidence,
                answer.corpus_version,
                answer.elapsed_ms,
            ),
        ) as cursor:
            exchange_id = cursor.lastrowid
        await connection.executemany(
            """
            INSERT INTO shown_passages (exchange_id, rank, article, position, text, score)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                (exchange_id, rank, hit.passage.article.id, hit.passage.position, hit.passage.text, hit.score)
                for rank, hit in enumerate(answer.hits, 1)
            ],
        )
    except BaseException:
        await connection.rollback()
        raise
    await connection.commit()
