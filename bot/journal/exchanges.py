"""The exchanges (question and answer), recorded while the reply is already on its way.

``record`` returns at once. ``flush`` waits until everything recorded is written. While the file fails,
exchanges wait in memory until it works again; answering does not wait for them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import NamedTuple
from zlib import crc32

import aiosqlite

from bot.journal.database import Database, Work
from bot.journal.rows import write_time
from bot.model import Answer, AnswerKind, Article, Earlier, Exchange, Hit, Origin, Passage, Question

_AT_HAND = 2_000

_INSERT_PASSAGE = """
    INSERT OR IGNORE INTO passages
    (key, article, language, source, outlet, published, title,
    paragraph, position, text, before, after, original)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_SHOWN = """
    INSERT INTO shown_passages
    (exchange_id, rank, also_of, passage_id, highlight, short, certainty, score, answers, is_pinned)
    VALUES (?, ?, ?, (SELECT id FROM passages WHERE key = ?), ?, ?, ?, ?, ?, ?)
"""


class _Place(NamedTuple):
    """Who asked, and where: in a chat, or in a topic of it."""

    user_id: int | None
    chat_id: int | None
    topic_id: int | None


class Journal:
    """Writes exchanges and finds them again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._latest: dict[_Place, Exchange] = {}
        # The latest exchange of every person since this time is in ``_latest``.
        self._at_hand_since: datetime | None = None

    def record(self, exchange: Exchange) -> None:
        """Write an exchange soon, without making the caller wait."""
        place = _Place(exchange.user_id, exchange.chat_id, exchange.topic_id)
        self._latest.pop(place, None)
        self._latest[place] = exchange
        if len(self._latest) > _AT_HAND:
            forgotten = self._latest.pop(next(iter(self._latest)))
            self._at_hand_since = max(self._at_hand_since or forgotten.asked_at, forgotten.asked_at)

        async def insert(connection: aiosqlite.Connection) -> None:
            await _insert(connection, exchange)

        self._database.defer(insert)

    async def flush(self) -> None:
        """Wait until all recorded exchanges are written, if they can be written now."""
        await self._database.flush()

    async def find(self, key: str) -> Exchange | None:
        """Return the exchange with that key, with its passages as they were quoted.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        return await self._find("key = ?", key)

    async def find_latest(
        self, user_id: int, chat_id: int, since: datetime, *, topic_id: int | None = None
    ) -> Exchange | None:
        """Return the latest exchange of a person in a chat or its topic, unless it was before ``since``.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        latest = self._latest.get(_Place(user_id, chat_id, topic_id))
        if latest is None:
            if self._at_hand_since is None:
                end = await self._database.read(_find_end)
                # Of those who looked at once the first saw the file as it was before they asked.
                self._at_hand_since = self._at_hand_since or end
            if since > self._at_hand_since:
                return None
            latest = await self._find(
                "user_id = ? AND chat_id = ? AND topic_id IS ?", user_id, chat_id, topic_id
            )
        return latest if latest is not None and latest.asked_at >= since else None

    async def find_before(
        self, user_id: int, chat_id: int, message_id: int, since: datetime, *, topic_id: int | None = None
    ) -> Exchange | None:
        """Return a person's latest exchange before that of their message, unless it was before ``since``.

        It was in the same chat or topic.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        found = await self._find(
            """
            user_id = ? AND chat_id = ? AND topic_id IS ? AND id < ifnull(
                (SELECT min(id) FROM exchanges WHERE chat_id = ? AND question_message_id = ?), 1e18)
            """,
            user_id,
            chat_id,
            topic_id,
            chat_id,
            message_id,
        )
        return found if found is not None and found.asked_at >= since else None

    def forget(self, user_id: int) -> None:
        """Drop a person's exchanges from memory; ``PersonalRecords`` erases them from the file."""
        for place in [place for place in self._latest if place.user_id == user_id]:
            del self._latest[place]

    async def find_by_question(self, chat_id: int, message_id: int) -> Exchange | None:
        """Return the latest exchange that a message asked for; an edited message asks again.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        return await self._find("chat_id = ? AND question_message_id = ?", chat_id, message_id)

    async def find_by_answer(self, chat_id: int, message_id: int) -> Exchange | None:
        """Return the latest exchange whose answer is in a message of the bot.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        return await self._find("chat_id = ? AND answer_message_id = ?", chat_id, message_id)

    async def list_questions(self, user_id: int, limit: int) -> dict[str, Question]:
        """Return a person's latest questions by exchange key: the latest first, each question once.

        Small talk does not count as a question.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """

        async def read(connection: aiosqlite.Connection) -> dict[str, Question]:
            async with connection.execute(
                """
                SELECT key, question, language, max(id) AS latest FROM exchanges
                WHERE user_id = ? AND kind != ? GROUP BY question ORDER BY latest DESC LIMIT ?
                """,
                (user_id, AnswerKind.SMALL_TALK.value, limit),
            ) as cursor:
                return {row["key"]: Question(row["question"], row["language"]) async for row in cursor}

        return await self._database.read(read)

    async def move_chat(self, old_id: int, new_id: int) -> None:
        """Move the exchanges of a chat to its new id, in which message ids start over.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def update(connection: aiosqlite.Connection) -> None:
            await connection.execute(
                """
                UPDATE exchanges SET chat_id = ?, question_message_id = NULL, answer_message_id = NULL
                WHERE chat_id = ?
                """,
                (new_id, old_id),
            )

        await self._database.run(update)
        for place in [place for place in self._latest if place.chat_id == old_id]:
            exchange = self._latest.pop(place)
            self._latest[place._replace(chat_id=new_id)] = replace(
                exchange, chat_id=new_id, question_message_id=None, answer_message_id=None
            )

    async def _find(self, condition: str, *values: object) -> Exchange | None:
        return await self._database.read(_finding(condition, *values))


async def _find_end(connection: aiosqlite.Connection) -> datetime:
    """Return the time of the latest exchange in the file."""
    rows = list(await connection.execute_fetchall("SELECT max(asked_at) AS latest FROM exchanges"))
    latest = rows[0]["latest"] if rows else None
    return datetime.fromisoformat(latest) if latest else datetime.min.replace(tzinfo=UTC)


def _finding(condition: str, *values: object) -> Work[Exchange | None]:
    """Return a piece of work that finds the latest exchange to which a condition applies."""

    async def find(connection: aiosqlite.Connection) -> Exchange | None:
        query = f"SELECT * FROM exchanges WHERE {condition} ORDER BY id DESC LIMIT 1"  # noqa: S608 - the condition is ours
        found = list(await connection.execute_fetchall(query, values))
        if not found:
            return None
        shown = await connection.execute_fetchall(
            """
            SELECT * FROM shown_passages JOIN passages ON passages.id = passage_id
            WHERE exchange_id = ? ORDER BY rank
            """,
            (found[0]["id"],),
        )
        return _read_exchange(found[0], shown)

    return find


async def _insert(connection: aiosqlite.Connection, exchange: Exchange) -> None:
    answer = exchange.answer
    earlier = answer.question.earlier
    values = {
        "key": exchange.key,
        "asked_at": write_time(exchange.asked_at),
        "origin": exchange.origin.value,
        "user_id": exchange.user_id,
        "chat_id": exchange.chat_id,
        "topic_id": exchange.topic_id,
        "question_message_id": exchange.question_message_id,
        "answer_message_id": exchange.answer_message_id,
        "language": answer.question.language,
        "question": answer.question.text,
        "earlier": earlier.question if earlier else None,
        "earlier_answer": earlier.answer if earlier else None,
        "kind": answer.kind.value,
        "is_answered": answer.is_answered,
        "confidence": answer.confidence,
        "corpus_version": answer.corpus_version,
        "elapsed_ms": answer.elapsed_ms,
        "leads": answer.leads,
        "unanswered": answer.unanswered,
    }
    cursor = await connection.execute(_insert_statement("exchanges", values), values)
    if cursor.rowcount < 1:
        return  # already written, by an attempt that was cut short afterwards
    exchange_id = cursor.lastrowid
    shown = list(_list_shown(answer.hits))
    keys = [f"{answer.corpus_version}/{_identify(each.passage)}" for each in shown]
    await connection.executemany(
        _INSERT_PASSAGE, [_passage_row(key, each.passage) for key, each in zip(keys, shown, strict=True)]
    )
    await connection.executemany(
        _INSERT_SHOWN,
        [
            (
                exchange_id,
                rank,
                each.also_of,
                key,
                each.highlight,
                each.short,
                each.certainty,
                each.score,
                each.answers,
                each.is_pinned,
            )
            for rank, (key, each) in enumerate(zip(keys, shown, strict=True), 1)
        ],
    )


def _insert_statement(table: str, values: Mapping[str, object]) -> str:
    columns = ", ".join(values)
    placeholders = ", ".join(f":{column}" for column in values)
    return f"INSERT INTO {table} ({columns}) VALUES ({placeholders}) ON CONFLICT (key) DO NOTHING"  # noqa: S608 - names are ours


@dataclass(frozen=True, slots=True)
class _Shown:
    """A passage as it was shown: as a hit, or beside the hit of rank ``also_of``."""

    passage: Passage
    score: float
    also_of: int | None = None
    highlight: str | None = None
    short: str | None = None
    certainty: float | None = None
    answers: float | None = None
    is_pinned: bool = False


def _list_shown(hits: Iterable[Hit]) -> Iterator[_Shown]:
    """Yield each hit, then the passages that say the same; ranks count from 1."""
    rank = 0
    for hit in hits:
        rank += 1
        yield _Shown(
            hit.passage,
            hit.score,
            highlight=hit.highlight,
            short=hit.short,
            certainty=hit.certainty,
            answers=hit.answers,
            is_pinned=hit.is_pinned,
        )
        for passage in hit.also:
            yield _Shown(passage, hit.score, also_of=rank)
        rank += len(hit.also)


def _identify(passage: Passage) -> str:
    """Name a passage within a version of the corpus, even if sentences are one day split differently."""
    return f"{passage.id}/{crc32(passage.text.encode()):08x}"


def _passage_row(key: str, passage: Passage) -> tuple[object, ...]:
    article = passage.article
    return (
        key,
        article.id,
        article.language,
        article.source,
        article.outlet,
        article.published.isoformat() if article.published else None,
        article.title,
        passage.paragraph,
        passage.position,
        passage.text,
        passage.before,
        passage.after,
        article.original,
    )


def _read_exchange(row: sqlite3.Row, shown: Iterable[sqlite3.Row]) -> Exchange:
    earlier = Earlier(row["earlier"], row["earlier_answer"]) if row["earlier"] else None
    answer = Answer(
        question=Question(row["question"], row["language"], earlier),
        kind=AnswerKind(row["kind"]),
        confidence=row["confidence"],
        hits=_read_hits(shown),
        corpus_version=row["corpus_version"],
        elapsed_ms=row["elapsed_ms"],
        leads=row["leads"],
        unanswered=row["unanswered"],
    )
    return Exchange(
        asked_at=datetime.fromisoformat(row["asked_at"]),
        origin=Origin(row["origin"]),
        answer=answer,
        user_id=row["user_id"],
        chat_id=row["chat_id"],
        topic_id=row["topic_id"],
        question_message_id=row["question_message_id"],
        answer_message_id=row["answer_message_id"],
        key=row["key"],
    )


def _read_hits(shown: Iterable[sqlite3.Row]) -> tuple[Hit, ...]:
    rows = list(shown)
    return tuple(
        Hit(
            passage=_read_passage(row),
            score=row["score"],
            highlight=row["highlight"],
            short=row["short"],
            certainty=row["certainty"],
            is_pinned=bool(row["is_pinned"]),
            answers=row["answers"],
            also=tuple(_read_passage(other) for other in rows if other["also_of"] == row["rank"]),
        )
        for row in rows
        if row["also_of"] is None
    )


def _read_passage(row: sqlite3.Row) -> Passage:
    """Return a passage as it was quoted; its article has only the fields that were shown."""
    article = Article(
        id=row["article"],
        language=row["language"],
        source=row["source"],
        outlet=row["outlet"],
        published=date.fromisoformat(row["published"]) if row["published"] else None,
        title=row["title"],
        paragraphs=(),
        digest="",
        original=row["original"],
    )
    return Passage(article, row["text"], row["paragraph"], row["position"], row["before"], row["after"])
