"""The conversation in a terminal, and single questions there: made, and closed at the end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console

from bot.chat.handlers.allowance import Allowance
from bot.chat.upkeep import Upkeep
from bot.cli.assembly.articles import open_store, open_versions
from bot.cli.assembly.desk import open_desk
from bot.cli.assembly.telegram import PAUSES
from bot.cli.conversation import Conversation
from bot.cli.keyboard import open_keyboard
from bot.cli.session import Session
from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.personal import LocalRecords
from bot.journal.pins import Pins
from bot.journal.question_file import QuestionFile
from bot.language import find_system_language
from bot.settings import Settings
from bot.wording.examples import load_examples
from bot.wording.phrases import load_phrases


@contextmanager
def open_session(settings: Settings, console: Console, language: str | None) -> Iterator[Session]:
    """Open the journal and the desk for a terminal, and close them.

    Raises:
        CorpusError: an article file has a mistake.
        NewerSchemaError: a newer version of the bot wrote the database.
    """
    desk = open_desk(settings, console)
    database = Database(settings.database)
    with asyncio.Runner() as runner:
        runner.run(database.open())
        upkeep = Upkeep(
            desk=desk,
            pins=Pins(database),
            question_file=QuestionFile(database),
            versions=open_versions(settings, open_store(settings)),
            report=lambda _trouble: None,
            try_again_s=PAUSES.database_try_again_s,
        )
        # Answers do not wait for a database that fails; they come without pins then.
        with suppress(DatabaseUnavailableError):
            runner.run(upkeep.use_pins())
        try:
            yield Session(
                desk,
                Journal(database),
                LocalRecords(database),
                Gaps(database, lambda: desk.index),
                upkeep,
                runner,
                language=language,
                system=find_system_language(),
            )
        finally:
            runner.run(database.close())


@contextmanager
def open_conversation(
    settings: Settings, console: Console, errors: Console, language: str | None
) -> Iterator[Conversation]:
    """Open a conversation on ``console``, and close what it needs; ``errors`` shows how far it is.

    Raises:
        CorpusError: an article file has a mistake.
        ExamplesError: the file of examples has a mistake.
        NewerSchemaError: a newer version of the bot wrote the database.
    """
    examples = load_examples(settings.examples)
    with open_session(settings, errors, language) as session:
        yield Conversation(
            session,
            open_keyboard(console, settings.database.with_suffix(".history"), settings.retention_days),
            console,
            catalogues=load_phrases(),
            examples=examples,
            allowance=Allowance(questions_per_minute=settings.questions_per_minute, exempt_ids=()),
            limit=settings.passages,
        )
