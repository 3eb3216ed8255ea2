"""The question file: wordings that an admin made a test of, as a file that ``evaluate`` reads.

The database is the original; the file beside it is written anew from it, as a whole, whenever
something changes and at every start. Whoever has their data erased takes their wordings out of both.
"""

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiosqlite
import tomli_w

from bot.journal.audit import Act, Actor, Entry, write_entry
from bot.journal.database import Database
from bot.journal.private_files import open_for_its_owner
from bot.journal.rows import read_question, write_time
from bot.model import Passage, Question

_SUFFIX = ".test-questions.toml"
# Its name until databases beside each other got one each. People's words must not stay in it.
_FORMER_NAME = "test-questions.toml"
_HEADING = """\
# Questions that were made tests of with /gaps. The bot writes this file anew from its database, so
# changes here are lost. Measure with: python -m bot evaluate FILE
"""


class QuestionFileError(Exception):
    """The file cannot be written; the message names it."""


@dataclass(frozen=True, slots=True)
class KeptQuestion:
    """A wording, the text of the passage that answers (None: nothing does), and how it went last."""

    key: str
    question: Question
    passage: str | None
    outcome: str | None

    def to_table(self) -> dict[str, object]:
        """Return it as ``evaluate`` reads it."""
        table: dict[str, object] = {
            "id": self.key,
            "language": self.question.language,
            "question": self.question.text,
        }
        if self.question.earlier:
            table["earlier"] = self.question.earlier.question
        if self.passage is None:
            return table | {"unanswerable": True, "kind": "gap"}
        return table | {"facts": [f"^{re.escape(self.passage)}$"]}


class QuestionFile:
    """Keeps the questions, and writes their file."""

    def __init__(self, database: Database) -> None:
        """Keep the questions in the database; the file stands beside it and is named after it."""
        self._database = database
        self.path = database.path.with_suffix(_SUFFIX)

    async def list_questions(self) -> tuple[KeptQuestion, ...]:
        """Return all questions in the order in which they were added.

        Raises:
            DatabaseUnavailableError: the database cannot be read now.
        """
        return await self._database.read(_read_questions)

    async def add(self, exchange_keys: Collection[str], passage: Passage | None, actor: Actor) -> int:
        """Make tests of the questions of exchanges, in the place of earlier ones; return their number.

        Without a passage nothing answers them.

        Raises:
            DatabaseUnavailableError: the database cannot be written now.
            QuestionFileError: the file cannot be written; the questions are kept.
        """
        added_at = write_time()

        async def write(connection: aiosqlite.Connection) -> int:
            cursor = await connection.execute(
                """
                INSERT OR REPLACE INTO test_questions
                (exchange_key, user_id, language, question, earlier, passage, added_at, added_by)
                SELECT key, user_id, language, question, earlier, ?, ?, ? FROM exchanges
                WHERE key IN (SELECT value FROM json_each(?)) ORDER BY id
                """,
                (passage.text if passage else None, added_at, actor.user_id, json.dumps(list(exchange_keys))),
            )
            if cursor.rowcount > 0:
                await write_entry(connection, Entry(actor, Act.MADE_TEST, passage.id if passage else ""))
            return cursor.rowcount

        added = await self._database.run(write)
        await self.write()
        return added

    async def take_out(self, exchange_keys: Collection[str], actor: Actor) -> int:
        """Take tests out; return how many there were.

        Raises:
            DatabaseUnavailableError: the database cannot be written now.
            QuestionFileError: the file cannot be written; the questions are out of the database.
        """

        async def write(connection: aiosqlite.Connection) -> int:
            cursor = await connection.execute(
                "DELETE FROM test_questions WHERE exchange_key IN (SELECT value FROM json_each(?))",
                (json.dumps(list(exchange_keys)),),
            )
            if cursor.rowcount > 0:
                await write_entry(connection, Entry(actor, Act.TOOK_OUT_TEST))
            return cursor.rowcount

        taken = await self._database.run(write)
        await self.write()
        return taken

    async def note_outcomes(self, outcomes: Mapping[str, str]) -> None:
        """Keep how each question went, by its key.

        Raises:
            DatabaseUnavailableError: the database cannot be written now.
        """

        async def write(connection: aiosqlite.Connection) -> None:
            await connection.executemany(
                "UPDATE test_questions SET outcome = ? WHERE exchange_key = ?",
                [(outcome, key) for key, outcome in outcomes.items()],
            )

        await self._database.run(write)

    async def write(self) -> None:
        """Write the file from the database; remove it if there are no questions.

        Raises:
            DatabaseUnavailableError: the database cannot be read now.
            QuestionFileError: the file cannot be written.
        """
        questions = await self.list_questions()
        try:
            # Small, and in the folder of the database, which is written at every question as well.
            _replace(self.path, questions)
            self.path.with_name(_FORMER_NAME).unlink(missing_ok=True)
        except OSError as error:
            message = f"{self.path}: cannot be written: {error.strerror or error}"
            raise QuestionFileError(message) from error


def _replace(path: Path, questions: Sequence[KeptQuestion]) -> None:
    if not questions:
        path.unlink(missing_ok=True)
        return
    content = _HEADING + "\n" + tomli_w.dumps({"question": [question.to_table() for question in questions]})
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    with open(unfinished, "wb", opener=open_for_its_owner) as file:
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


async def _read_questions(connection: aiosqlite.Connection) -> tuple[KeptQuestion, ...]:
    rows = await connection.execute_fetchall("SELECT * FROM test_questions ORDER BY id")
    return tuple(
        KeptQuestion(
            key=row["exchange_key"],
            question=read_question(row),
            passage=row["passage"],
            outcome=row["outcome"],
        )
        for row in rows
    )
