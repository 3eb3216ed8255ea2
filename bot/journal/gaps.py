"""Gaps: questions that were refused or voted down, grouped by meaning.

A group is not kept: it is found anew from the questions there are, and named by any of them, so a
button that names one goes on working. The vector of each question is kept beside its exchange, and
goes with it. What is looked at is bounded: the latest 10,000 such questions, of which at most 1,000
are embedded at a time; the others are grouped by their words until it is their turn.
Grouping runs in a worker thread. A group that is hidden comes back when it has twice as many
questions; one that is pinned, when it is asked or voted down again.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import aiosqlite
import numpy as np

from bot.journal.database import Database
from bot.journal.rows import read_question, write_time
from bot.model import AnswerKind, Question, Vote
from bot.search.encoder import Vectors

_MOST = 10_000
_MOST_EMBEDDED = 1_000
_COMES_BACK = 2


class Meanings(Protocol):
    """Embeds questions, and groups them by meaning."""

    @property
    def encoder_name(self) -> str | None:
        """What embeds; None: nothing does."""

    def embed(self, questions: Sequence[Question]) -> Vectors:
        """Return one vector a question."""

    def group(self, questions: Sequence[Question], vectors: Vectors | None) -> list[list[int]]:
        """Return the numbers of the questions of each meaning."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that was refused or voted down; ``key`` is that of its exchange."""

    id: int
    key: str
    asked_at: datetime
    question: Question
    is_refused: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """Questions of one meaning, the latest first."""

    questions: tuple[Unanswered, ...]

    @property
    def key(self) -> str:
        """The key of the first question that was asked: the group keeps it while it grows."""
        return self.questions[-1].key

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the exchanges."""
        return tuple(question.key for question in self.questions)

    @property
    def latest(self) -> Unanswered:
        """The latest question."""
        return self.questions[0]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, the most frequent first."""
        counted = Counter(question.question.language for question in self.questions)
        return tuple(language for language, _ in counted.most_common())


@dataclass(frozen=True, slots=True)
class Wording:
    """One question of a gap, how often it was asked in these words, and the passage shown first, if any."""

    question: Question
    asked_at: datetime
    is_refused: bool
    times: int
    passage: str | None


class Gaps:
    """Finds, hides and describes gaps."""

    def __init__(self, database: Database, find_meanings: Callable[[], Meanings]) -> None:
        """Take what embeds and groups now: it changes when the articles are read again."""
        self._database = database
        self._find_meanings = find_meanings
        self._grouping = asyncio.Lock()
        # Ids alone, so that no words and no vectors stay in memory.
        self._grouped: tuple[object, list[list[int]]] = ((), [])

    async def list_gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that are neither hidden nor pinned, the biggest first, then the latest.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        found = await self._find_groups()
        hidden, pinned = await self._database.read(_read_settled)
        shown = (_without_settled(gap, hidden, pinned) for gap in found)
        return tuple(sorted(filter(None, shown), key=_measure, reverse=True))

    async def find(self, key: str) -> Gap | None:
        """Return the gap to which a question belongs, also a hidden or pinned one.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        return next((gap for gap in await self._find_groups() if key in gap.keys), None)

    async def hide(self, gap: Gap, user_id: int | None) -> None:
        """Leave a gap out of the list until it has twice as many questions.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """
        hidden_at = write_time()
        rows = [(question.id, len(gap.questions), hidden_at, user_id) for question in gap.questions]

        async def write(connection: aiosqlite.Connection) -> None:
            # A question may have been erased meanwhile.
            await connection.executemany(
                """
                INSERT OR REPLACE INTO hidden_gaps (exchange_id, size, hidden_at, hidden_by)
                SELECT id, ?2, ?3, ?4 FROM exchanges WHERE id = ?1
                """,
                rows,
            )

        await self._database.run(write)

    async def show_again(self, gap: Gap) -> None:
        """Take back that a gap is hidden.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> None:
            await connection.executemany(
                "DELETE FROM hidden_gaps WHERE exchange_id = ?",
                [(question.id,) for question in gap.questions],
            )

        await self._database.run(write)

    async def list_wordings(self, gap: Gap) -> tuple[Wording, ...]:
        """Return the different wordings of a gap, the latest first, with what was answered.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        passages = await self._database.read(lambda connection: _read_first_shown(connection, gap.questions))
        by_words: dict[str, list[Unanswered]] = {}
        for question in gap.questions:
            by_words.setdefault(question.question.text.casefold(), []).append(question)
        return tuple(
            Wording(
                question=same[0].question,
                asked_at=same[0].asked_at,
                is_refused=same[0].is_refused,
                times=len(same),
                passage=passages.get(same[0].id),
            )
            for same in by_words.values()
        )

    async def _find_groups(self) -> list[Gap]:
        async with self._grouping:
            questions = await self._database.read(_read_unanswered)
            by_id = {question.id: question for question in questions}
            meanings = self._find_meanings()
            of = (meanings, tuple(by_id))
            if self._grouped[0] != of:
                self._grouped = (of, await self._group(questions, meanings))
        return [Gap(tuple(by_id[each] for each in group)) for group in self._grouped[1]]

    async def _group(self, questions: Sequence[Unanswered], meanings: Meanings) -> list[list[int]]:
        """Return the ids of each group, the latest first."""
        vectors = await self._find_vectors(questions, meanings)
        with_vectors = [question for question in questions if question.id in vectors]
        without = [question for question in questions if question.id not in vectors]
        return await asyncio.to_thread(_group_all, with_vectors, without, vectors, meanings)

    async def _find_vectors(self, questions: Sequence[Unanswered], meanings: Meanings) -> dict[int, Vectors]:
        """Return the vectors of questions by id; embed and keep those of the latest that lack theirs."""
        encoder = meanings.encoder_name
        if encoder is None:
            return {}
        first = min((question.id for question in questions), default=0)
        known = await self._database.read(lambda connection: _read_vectors(connection, encoder, first))
        missing = [question for question in questions if question.id not in known][:_MOST_EMBEDDED]
        if missing:
            new = await asyncio.to_thread(meanings.embed, [question.question for question in missing])
            found = {question.id: vector for question, vector in zip(missing, new, strict=True)}
            await self._database.run(lambda connection: _write_vectors(connection, encoder, found))
            known |= found
        return {question.id: known[question.id] for question in questions if question.id in known}


def _group_all(
    with_vectors: Sequence[Unanswered],
    without: Sequence[Unanswered],
    vectors: Mapping[int, Vectors],
    meanings: Meanings,
) -> list[list[int]]:
    rows = np.stack([vectors[question.id] for question in with_vectors]) if with_vectors else None
    groups: list[list[int]] = []
    for questions, known in ((with_vectors, rows), (without, None)):
        found = meanings.group([question.question for question in questions], known) if questions else []
        groups += [[questions[number].id for number in group] for group in found]
    return groups


def _without_settled(gap: Gap, hidden: Mapping[int, int], pinned: Mapping[str, datetime]) -> Gap | None:
    """Return a gap with the questions that nobody took care of yet; None where there are none."""
    size = max((hidden.get(question.id, 0) for question in gap.questions), default=0)
    if size and len(gap.questions) < _COMES_BACK * size:
        return None
    pinned_at = max((pinned[key] for key in gap.keys if key in pinned), default=None)
    if pinned_at is None:
        return gap
    left = tuple(question for question in gap.questions if question.asked_at > pinned_at)
    return Gap(left) if left else None


def _measure(gap: Gap) -> tuple[int, int]:
    return len(gap.questions), gap.latest.id


async def _read_unanswered(connection: aiosqlite.Connection) -> list[Unanswered]:
    """Return the questions that were refused, or that anybody voted down, the latest first."""
    rows = await connection.execute_fetchall(
        """
        SELECT id, key, asked_at, language, question, earlier, kind FROM exchanges WHERE id IN (
            SELECT id FROM exchanges WHERE kind = :refused
            UNION SELECT exchange_id FROM votes WHERE vote = :down
        ) AND kind != :small_talk ORDER BY id DESC LIMIT :most
        """,
        {
            "refused": AnswerKind.NOT_FOUND.value,
            "down": Vote.DOWN.value,
            "small_talk": AnswerKind.SMALL_TALK.value,
            "most": _MOST,
        },
    )
    return [
        Unanswered(
            id=row["id"],
            key=row["key"],
            asked_at=datetime.fromisoformat(row["asked_at"]),
            question=read_question(row),
            is_refused=row["kind"] == AnswerKind.NOT_FOUND.value,
        )
        for row in rows
    ]


async def _read_vectors(connection: aiosqlite.Connection, encoder: str, first: int) -> dict[int, Vectors]:
    rows = await connection.execute_fetchall(
        "SELECT exchange_id, vector FROM question_vectors WHERE exchange_id >= ? AND encoder = ?",
        (first, encoder),
    )
    return {row["exchange_id"]: np.frombuffer(row["vector"], np.float16).astype(np.float32) for row in rows}


async def _write_vectors(
    connection: aiosqlite.Connection, encoder: str, vectors: Mapping[int, Vectors]
) -> None:
    # A question may have been erased while it was embedded.
    await connection.executemany(
        """
        INSERT OR REPLACE INTO question_vectors (exchange_id, encoder, vector)
        SELECT id, ?2, ?3 FROM exchanges WHERE id = ?1
        """,
        [(each, encoder, vector.astype(np.float16).tobytes()) for each, vector in vectors.items()],
    )


async def _read_settled(connection: aiosqlite.Connection) -> tuple[dict[int, int], dict[str, datetime]]:
    """Return the sizes at which groups were hidden, by exchange, and when questions were pinned, by key."""
    hidden = await connection.execute_fetchall("SELECT exchange_id, size FROM hidden_gaps")
    pinned = await connection.execute_fetchall(
        """
        SELECT exchange_key, pinned_at FROM pinned_questions
        JOIN pins ON pins.id = pin_id WHERE aside_at IS NULL
        """
    )
    return (
        {row["exchange_id"]: row["size"] for row in hidden},
        {row["exchange_key"]: datetime.fromisoformat(row["pinned_at"]) for row in pinned},
    )


async def _read_first_shown(
    connection: aiosqlite.Connection, questions: Iterable[Unanswered]
) -> dict[int, str]:
    rows = await connection.execute_fetchall(
        """
        SELECT exchange_id, text FROM shown_passages JOIN passages ON passages.id = passage_id
        WHERE rank = 1 AND exchange_id IN (SELECT value FROM json_each(?))
        """,
        (json.dumps([question.id for question in questions]),),
    )
    return {row["exchange_id"]: row["text"] for row in rows}


def choose_wordings(gap: Gap, most: int) -> Collection[str]:
    """Return the keys of at most so many exchanges: the latest of each wording, languages in turn."""
    latest = {question.question.text.casefold(): question for question in reversed(gap.questions)}
    by_language: dict[str, list[str]] = {}
    for question in sorted(latest.values(), key=lambda question: question.id, reverse=True):
        by_language.setdefault(question.question.language, []).append(question.key)
    chosen: list[str] = []
    while by_language and len(chosen) < most:
        for language in list(by_language):
            chosen.append(by_language[language].pop(0))
            if not by_language[language]:
                del by_language[language]
    return chosen[:most]
