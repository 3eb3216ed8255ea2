"""Popular questions: those that several people asked in the same words and got an answer to.

What they say about a person is left out where it can be told: a question with an address, a name on
Telegram or a long number is never popular.
"""

import re
from datetime import UTC, datetime, timedelta

import aiosqlite

from bot.journal.database import Database
from bot.journal.rows import write_time
from bot.model import AnswerKind

_PEOPLE = 3
_DAYS = 30
_MOST = 300
# What fits on a button.
_CHARACTERS = 80
# An e-mail address or a name on Telegram; a web address; five digits in a row, however they are grouped.
_PERSONAL = re.compile(r"@|://|\bt\.me\b|\bwww\.|(?:\d[\s().+/-]*){5}", re.IGNORECASE)


class PopularQuestions:
    """Finds popular questions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_questions(self) -> dict[str, tuple[str, ...]]:
        """Return the popular questions by language, those that most people asked first.

        A question that anybody voted down is not among them.

        Raises:
            DatabaseUnavailableError: the file cannot be read now.
        """
        since = write_time(datetime.now(UTC) - timedelta(days=_DAYS))

        async def read(connection: aiosqlite.Connection) -> dict[str, tuple[str, ...]]:
            found: dict[str, tuple[str, ...]] = {}
            async with connection.execute(
                """
                SELECT min(question) AS question, language, count(DISTINCT exchanges.user_id) AS people
                FROM exchanges LEFT JOIN votes ON exchange_id = exchanges.id AND vote = 'down'
                WHERE asked_at >= ? AND kind = ? AND length(question) <= ?
                GROUP BY lower(trim(question)), language
                HAVING people >= ? AND count(vote) = 0
                ORDER BY people DESC, question LIMIT ?
                """,
                (since, AnswerKind.ANSWER.value, _CHARACTERS, _PEOPLE, _MOST),
            ) as rows:
                async for row in rows:
                    question = " ".join(row["question"].split())
                    if not _PERSONAL.search(question):
                        found[row["language"]] = (*found.get(row["language"], ()), question)
            return found

        return await self._database.peek(read)
