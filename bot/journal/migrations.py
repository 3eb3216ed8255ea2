"""The schema of the database, as steps from one version to the next.

``PRAGMA user_version`` counts the steps that a file has taken. Steps only run forward, each in a
transaction of its own, and never lose a row.
"""

from collections.abc import Awaitable, Callable

import aiosqlite


class NewerSchemaError(Exception):
    """The file was written by a newer version of the bot; this one leaves it alone."""


async def migrate(connection: aiosqlite.Connection) -> None:
    """Bring a file up to the current schema.

    Raises:
        NewerSchemaError: the file has taken steps that this version does not know.
    """
    version = await _read_version(connection)
    if version > len(_STEPS):
        message = f"has schema version {version}, newer than this bot's {len(_STEPS)}; run the newer bot"
        raise NewerSchemaError(message)
    for number, step in enumerate(_STEPS[version:], version + 1):
        await connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have taken the step while this one waited for the lock.
            if await _read_version(connection) < number:
                await step(connection)
                await connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            await connection.rollback()
            raise
        await connection.commit()


async def _read_version(connection: aiosqlite.Connection) -> int:
    async with connection.execute("PRAGMA user_version") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def _create_tables(connection: aiosqlite.Connection) -> None:
    await connection.execute("""
        CREATE TABLE exchanges (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            asked_at TEXT NOT NULL,
            origin TEXT NOT NULL,
            user_id INTEGER,
            chat_id INTEGER,
            question_message_id INTEGER,
            answer_message_id INTEGER,
            language TEXT NOT NULL,
            question TEXT NOT NULL,
            earlier TEXT,
            kind TEXT NOT NULL,
            is_answered INTEGER NOT NULL,
            confidence REAL NOT NULL,
            corpus_version TEXT NOT NULL,
            elapsed_ms REAL NOT NULL
        ) STRICT
    """)
    await connection.execute("CREATE INDEX exchanges_of_user ON exchanges (user_id, chat_id, id)")
    await connection.execute("CREATE INDEX exchanges_of_chat ON exchanges (chat_id, question_message_id)")
    await connection.execute("CREATE INDEX exchanges_by_time ON exchanges (asked_at)")
    # Passages are kept as they were quoted, so an answer looks the same after the articles have changed.
    await connection.execute("""
        CREATE TABLE shown_passages (
            exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
            rank INTEGER NOT NULL,
            also_of INTEGER,
            article TEXT NOT NULL,
            language TEXT NOT NULL,
            source TEXT NOT NULL,
            outlet TEXT NOT NULL,
            published TEXT,
            title TEXT,
            paragraph INTEGER NOT NULL,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            highlight TEXT,
            score REAL NOT NULL,
            PRIMARY KEY (exchange_id, rank)
        ) STRICT, WITHOUT ROWID
    """)
    await connection.execute("""
        CREATE TABLE votes (
            exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
            user_id INTEGER NOT NULL,
            vote TEXT NOT NULL,
            voted_at TEXT NOT NULL,
            PRIMARY KEY (exchange_id, user_id)
        ) STRICT, WITHOUT ROWID
    """)
    await connection.execute("CREATE INDEX votes_of_user ON votes (user_id)")
    await connection.execute("""
        CREATE TABLE readers (
            user_id INTEGER PRIMARY KEY,
            language TEXT NOT NULL,
            chosen_at TEXT NOT NULL
        ) STRICT
    """)


async def _create_inbox(connection: aiosqlite.Connection) -> None:
    # Update ids start over for another bot, and may start over after a week without updates.
    await connection.execute("""
        CREATE TABLE inbox (
            id INTEGER PRIMARY KEY,
            bot_id INTEGER NOT NULL,
            update_id INTEGER NOT NULL,
            chat_id INTEGER,
            received_at TEXT NOT NULL,
            payload TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            done_at TEXT,
            UNIQUE (bot_id, update_id)
        ) STRICT
    """)
    await connection.execute("CREATE INDEX inbox_owed ON inbox (id) WHERE done_at IS NULL")
    await connection.execute("CREATE INDEX inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL")


async def _share_passages(connection: aiosqlite.Connection) -> None:
    """Keep each passage once, however often it was shown."""
    await connection.execute("""
        CREATE TABLE passages (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            article TEXT NOT NULL,
            language TEXT NOT NULL,
            source TEXT NOT NULL,
            outlet TEXT NOT NULL,
            published TEXT,
            title TEXT,
            paragraph INTEGER NOT NULL,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL
        ) STRICT
    """)
    await connection.execute("ALTER TABLE shown_passages RENAME TO shown_before")
    # No foreign key to passages: without an index on it, erasing a passage would scan every row;
    # with an index, every row would be written twice.
    await connection.execute("""
        CREATE TABLE shown_passages (
            exchange_id INTEGER NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
            rank INTEGER NOT NULL,
            also_of INTEGER,
            passage_id INTEGER NOT NULL,
            highlight TEXT,
            score REAL NOT NULL,
            PRIMARY KEY (exchange_id, rank)
        ) STRICT, WITHOUT ROWID
    """)
    columns = "article, language, source, outlet, published, title, paragraph, position, text, before, after"
    await connection.execute(f"""
        INSERT INTO passages (key, {columns})
        SELECT min(printf('shown/%d/%d', exchange_id, rank)), {columns} FROM shown_before GROUP BY {columns}
    """)  # noqa: S608 - the names above
    kept, may_be_null = "passages", {"published", "title"}
    same = " AND ".join(
        f"{kept}.{column} {'IS' if column in may_be_null else '='} shown_before.{column}"
        for column in columns.split(", ")
    )
    await connection.execute(f"""
        INSERT INTO shown_passages (exchange_id, rank, also_of, passage_id, highlight, score)
        SELECT exchange_id, rank, also_of, passages.id, highlight, score
        FROM shown_before JOIN passages ON {same}
    """)  # noqa: S608 - the names above
    await connection.execute("DROP TABLE shown_before")


async def _keep_short_answers(connection: aiosqlite.Connection) -> None:
    await connection.execute("ALTER TABLE shown_passages ADD COLUMN short TEXT")


async def _create_roles(connection: aiosqlite.Connection) -> None:
    await connection.execute("""
        CREATE TABLE roles (
            user_id INTEGER PRIMARY KEY,
            name TEXT NOT NULL,
            role TEXT NOT NULL,
            granted_by INTEGER,
            granted_at TEXT NOT NULL
        ) STRICT
    """)
    # A person who has their data erased leaves their acts behind, without id and name.
    await connection.execute("""
        CREATE TABLE acts (
            id INTEGER PRIMARY KEY,
            acted_at TEXT NOT NULL,
            origin TEXT NOT NULL,
            user_id INTEGER,
            name TEXT,
            act TEXT NOT NULL,
            detail TEXT NOT NULL,
            subject_id INTEGER,
            subject_name TEXT
        ) STRICT
    """)


async def _keep_what_cards_show(connection: aiosqlite.Connection) -> None:
    """Keep what a card tells beside the quotations, so that it looks the same when it is shown again."""
    await connection.execute("ALTER TABLE passages ADD COLUMN original TEXT")
    await connection.execute("ALTER TABLE shown_passages ADD COLUMN answers REAL")
    await connection.execute("ALTER TABLE exchanges ADD COLUMN leads INTEGER NOT NULL DEFAULT 1")
    await connection.execute("ALTER TABLE exchanges ADD COLUMN unanswered TEXT")


async def _keep_earlier_answers(connection: aiosqlite.Connection) -> None:
    await connection.execute("ALTER TABLE exchanges ADD COLUMN earlier_answer TEXT")


async def _keep_several_languages(connection: aiosqlite.Connection) -> None:
    """Keep several languages of a reader; the one of ``rank`` 1 is that in which the bot talks to them."""
    await connection.execute("ALTER TABLE readers RENAME TO readers_before")
    await connection.execute("""
        CREATE TABLE readers (
            user_id INTEGER NOT NULL,
            rank INTEGER NOT NULL,
            language TEXT NOT NULL,
            chosen_at TEXT NOT NULL,
            PRIMARY KEY (user_id, rank)
        ) STRICT, WITHOUT ROWID
    """)
    await connection.execute("""
        INSERT INTO readers (user_id, rank, language, chosen_at)
        SELECT user_id, 1, language, chosen_at FROM readers_before
    """)
    await connection.execute("DROP TABLE readers_before")


# The durations are rounded to two digits, so that few rows stand for many exchanges.
_ROUNDED_MS = """
    CASE WHEN {row}elapsed_ms < 100 THEN CAST(round({row}elapsed_ms) AS INTEGER)
    WHEN {row}elapsed_ms < 1000 THEN 10 * CAST(round({row}elapsed_ms / 10) AS INTEGER)
    WHEN {row}elapsed_ms < 10000 THEN 100 * CAST(round({row}elapsed_ms / 100) AS INTEGER)
    ELSE 1000 * CAST(round({row}elapsed_ms / 1000) AS INTEGER) END
"""
# Each tally: its key columns, and what each is in a row of exchanges. Days and hours are UTC.
_TALLIES = {
    "tallies_by_language": {
        "day": "substr({row}asked_at, 1, 10)",
        "language": "{row}language",
        "is_answered": "{row}is_answered",
    },
    "tallies_by_hour": {
        "day": "substr({row}asked_at, 1, 10)",
        "hour": "CAST(substr({row}asked_at, 12, 2) AS INTEGER)",
        "is_answered": "{row}is_answered",
    },
    "tallies_by_duration": {"day": "substr({row}asked_at, 1, 10)", "rounded_ms": _ROUNDED_MS},
}
_IS_QUESTION = "{row}kind != 'small_talk'"


async def _tally_exchanges(connection: aiosqlite.Connection) -> None:
    """Count questions as they come and go, so that statistics need not read a million of them.

    Triggers do it, because rows are also erased by time and by person. The columns that are counted
    are never updated.
    """
    is_question, is_new, is_old = (_IS_QUESTION.format(row=row) for row in ("", "new.", "old."))
    types = {"day": "TEXT", "language": "TEXT"}
    for table, columns in _TALLIES.items():
        names = ", ".join(columns)
        defined = ", ".join(f"{name} {types.get(name, 'INTEGER')} NOT NULL" for name in columns)
        await connection.execute(f"""
            CREATE TABLE {table} ({defined}, exchanges INTEGER NOT NULL, PRIMARY KEY ({names}))
            STRICT, WITHOUT ROWID
        """)
        before, new = (", ".join(columns.values()).format(row=row) for row in ("", "new."))
        await connection.execute(f"""
            INSERT INTO {table} SELECT {before}, count(*) FROM exchanges WHERE {is_question} GROUP BY {before}
        """)  # noqa: S608 - the names above
        await connection.execute(f"""
            CREATE TRIGGER {table}_grow AFTER INSERT ON exchanges WHEN {is_new} BEGIN
            INSERT INTO {table} VALUES ({new}, 1)
            ON CONFLICT ({names}) DO UPDATE SET exchanges = exchanges + 1;
            END
        """)  # noqa: S608 - the names above
        same = " AND ".join(f"{name} = {value.format(row='old.')}" for name, value in columns.items())
        await connection.execute(f"""
            CREATE TRIGGER {table}_shrink AFTER DELETE ON exchanges WHEN {is_old} BEGIN
            UPDATE {table} SET exchanges = exchanges - 1 WHERE {same};
            DELETE FROM {table} WHERE {same} AND exchanges = 0;
            END
        """)  # noqa: S608 - the names above
    # For the number of people; the votes are few.
    await connection.execute(f"""
        CREATE INDEX questions_of_user ON exchanges (user_id, asked_at) WHERE {is_question}
    """)
    await connection.execute("CREATE INDEX votes_by_time ON votes (voted_at, vote)")


async def _create_digests(connection: aiosqlite.Connection) -> None:
    await connection.execute("""
        CREATE TABLE digests (
            week TEXT NOT NULL,
            user_id INTEGER NOT NULL,
            sent_at TEXT NOT NULL,
            PRIMARY KEY (week, user_id)
        ) STRICT, WITHOUT ROWID
    """)


async def _create_gaps(connection: aiosqlite.Connection) -> None:
    """Keep what makes gaps, and what admins do about them."""
    await connection.execute("ALTER TABLE shown_passages ADD COLUMN is_pinned INTEGER NOT NULL DEFAULT 0")
    await connection.execute("CREATE INDEX exchanges_refused ON exchanges (id) WHERE kind = 'not_found'")
    await connection.execute("CREATE INDEX votes_down ON votes (exchange_id) WHERE vote = 'down'")
    await connection.execute("""
        CREATE TABLE question_vectors (
            exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
            encoder TEXT NOT NULL,
            vector BLOB NOT NULL
        ) STRICT
    """)
    await connection.execute("""
        CREATE TABLE hidden_gaps (
            exchange_id INTEGER PRIMARY KEY REFERENCES exchanges (id) ON DELETE CASCADE,
            size INTEGER NOT NULL,
            hidden_at TEXT NOT NULL,
            hidden_by INTEGER
        ) STRICT
    """)
    await connection.execute("""
        CREATE TABLE pins (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            article TEXT NOT NULL,
            text TEXT NOT NULL,
            pinned_at TEXT NOT NULL,
            pinned_by INTEGER,
            aside_at TEXT
        ) STRICT
    """)
    # Wordings of pins and tests are copies: they last longer than the exchanges, unless their authors
    # have them erased.
    await connection.execute("""
        CREATE TABLE pinned_questions (
            id INTEGER PRIMARY KEY,
            pin_id INTEGER NOT NULL REFERENCES pins (id) ON DELETE CASCADE,
            exchange_key TEXT NOT NULL UNIQUE,
            user_id INTEGER,
            language TEXT NOT NULL,
            question TEXT NOT NULL,
            earlier TEXT
        ) STRICT
    """)
    await connection.execute("CREATE INDEX pinned_questions_of_pin ON pinned_questions (pin_id)")
    await connection.execute("CREATE INDEX pinned_questions_of_user ON pinned_questions (user_id)")
    await connection.execute("""
        CREATE TABLE test_questions (
            id INTEGER PRIMARY KEY,
            exchange_key TEXT NOT NULL UNIQUE,
            user_id INTEGER,
            language TEXT NOT NULL,
            question TEXT NOT NULL,
            earlier TEXT,
            passage TEXT,
            added_at TEXT NOT NULL,
            added_by INTEGER,
            outcome TEXT
        ) STRICT
    """)
    await connection.execute("CREATE INDEX test_questions_of_user ON test_questions (user_id)")


async def _keep_vectors_of_pins(connection: aiosqlite.Connection) -> None:
    """Keep the vectors of pinned questions, so that a start need not embed them all."""
    await connection.execute("""
        CREATE TABLE pinned_vectors (
            question_id INTEGER PRIMARY KEY REFERENCES pinned_questions (id) ON DELETE CASCADE,
            encoder TEXT NOT NULL,
            vector BLOB NOT NULL
        ) STRICT
    """)


async def _keep_certainty_of_words(connection: aiosqlite.Connection) -> None:
    await connection.execute("ALTER TABLE shown_passages ADD COLUMN certainty REAL")


async def _keep_topics(connection: aiosqlite.Connection) -> None:
    await connection.execute("ALTER TABLE exchanges ADD COLUMN topic_id INTEGER")


_STEPS: tuple[Callable[[aiosqlite.Connection], Awaitable[None]], ...] = (
    _create_tables,
    _create_inbox,
    _share_passages,
    _keep_short_answers,
    _create_roles,
    _keep_what_cards_show,
    _keep_earlier_answers,
    _keep_several_languages,
    _tally_exchanges,
    _create_digests,
    _create_gaps,
    _keep_vectors_of_pins,
    _keep_certainty_of_words,
    _keep_topics,
)
