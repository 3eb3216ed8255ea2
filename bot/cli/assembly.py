"""The assembly: the only place that knows every room, makes every object and unpacks the settings.

``assemble`` makes the bot on Telegram, for the service and for the tests; ``open_session`` and
``open_conversation`` make what answers in a terminal. What is made here is handed to constructors, and
nothing is looked up elsewhere.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache

from rich.console import Console

from bot.answering import Desk, Index
from bot.chat.alerts import Alerts
from bot.chat.application import Handlers, build_application
from bot.chat.cards.inline_card import InlineCards
from bot.chat.cards.keyboards import Keyboards
from bot.chat.cards.translation_links import TranslationLinks
from bot.chat.handlers.admin import Admin
from bot.chat.handlers.allowance import Allowance
from bot.chat.handlers.answer_buttons import AnswerButtons
from bot.chat.handlers.answers import Answers
from bot.chat.handlers.commands import Commands
from bot.chat.handlers.example_buttons import ExampleButtons
from bot.chat.handlers.failures import Failures
from bot.chat.handlers.follow_ups import FollowUps
from bot.chat.handlers.gaps import GapDesk
from bot.chat.handlers.groups import Groups
from bot.chat.handlers.inline import Inline
from bot.chat.handlers.languages import Languages
from bot.chat.handlers.personal import Personal
from bot.chat.handlers.questions import Questions
from bot.chat.handlers.sources import Sources
from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.outages import Outage
from bot.chat.intake.polling import Polling
from bot.chat.intake.session import Receiver
from bot.chat.intake.webhook import Webhook
from bot.chat.permissions import Permissions
from bot.chat.profile.appearance import publish_appearance
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import Turns
from bot.chat.upkeep import Upkeep
from bot.chat.wire.bot_api import BotApplication, Connection, open_connection
from bot.chat.wire.pacing import Pacing
from bot.cli.conversation import Conversation
from bot.cli.index_loading import IndexLoader
from bot.cli.keyboard import open_keyboard
from bot.cli.progress import show_progress
from bot.cli.session import Session
from bot.journal.audit import SHELL, Audit
from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.inbox import Inbox
from bot.journal.personal import LocalRecords, PersonalRecords
from bot.journal.pins import KeptPin, Pins
from bot.journal.question_file import QuestionFile
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.roles import Roles
from bot.journal.votes import Votes
from bot.language import LanguageDetector
from bot.metrics import Metrics
from bot.search.vectors import Progress
from bot.settings import CHAT_READER, Settings
from bot.wording.examples import Examples, load_examples
from bot.wording.phrases import Phrases, load_phrases
from bot.wording.small_talk import load_small_talk

# Telegram asks inline at every pause in somebody's typing.
_KEYSTROKES = 5


@dataclass(frozen=True, slots=True)
class Pauses:
    """Pauses and timeouts, which tests shorten.

    A message that did not arrive is sent again after ``resend_s``, and after twice that. Its update is
    postponed if that did not help, or if Telegram asks to wait longer than ``longest_wait_s``.
    """

    call_timeout_s: float = 10.0
    resend_s: float = 1.0
    longest_wait_s: float = 3.0
    first_postponement_s: float = 5.0
    longest_postponement_s: float = 60.0
    longest_outage_pause_s: float = 30.0
    report_outage_after_s: float = 60.0
    poll_s: float = 30.0
    inbox_full_s: float = 1.0
    log_rejected_every_s: float = 60.0
    press_lasts_s: float = 150.0
    late_after_s: float = 60.0
    database_try_again_s: float = 2.0
    database_busy_s: float = 2.0
    # Together with the closing of connections less than five seconds, after which a service manager
    # may kill the process.
    finish_within_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Limits:
    """The most updates in memory, of two kinds, and the most conflicts with another instance."""

    most_held: int = 10_000
    # About 10 MB.
    most_at_hand: int = 10_000
    most_conflicts: int = 20


PAUSES = Pauses()
LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Service:
    """The bot on Telegram, made and not started. The database is closed."""

    pauses: Pauses
    desk: Desk
    database: Database
    journal: Journal
    retention: Retention | None
    inbox: Inbox
    application: BotApplication
    dispatcher: Dispatcher
    receiver: Receiver
    upkeep: Upkeep
    metrics: Metrics
    alerts: Alerts
    catalogues: Mapping[str, Phrases]


@dataclass(frozen=True, slots=True)
class _Shared:
    """What several handlers need."""

    desk: Desk
    journal: Journal
    reader_languages: ReaderLanguages
    menus: Menus
    examples: Examples
    keyboards: Keyboards
    metrics: Metrics
    permissions: Permissions
    pins: Pins
    question_file: QuestionFile
    upkeep: Upkeep


def assemble(  # noqa: PLR0913 - what differs between the service and a test
    settings: Settings,
    token: str,
    *,
    desk: Desk,
    examples: Examples,
    metrics: Metrics,
    make_inbox: type[Inbox] = Inbox,
    clock: Callable[[], float] = time.monotonic,
    pauses: Pauses = PAUSES,
    limits: Limits = LIMITS,
) -> Service:
    """Make the bot on Telegram; ``clock`` counts the seconds between alerts.

    Raises:
        ChatError: BOT_PROXY is not the URL of a proxy.
    """
    catalogues = load_phrases()
    alerts = Alerts(admin_ids=settings.admin_ids, metrics=metrics, clock=clock)
    database = Database(
        settings.database,
        alerts.report,
        try_again_s=pauses.database_try_again_s,
        busy_timeout_s=pauses.database_busy_s,
    )
    journal = Journal(database)
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
        timeout_s=pauses.call_timeout_s,
        resend_pause_s=pauses.resend_s,
        longest_wait_s=pauses.longest_wait_s,
    )
    reader_languages = ReaderLanguages(catalogues, Readers(database))
    permissions = Permissions(roles=Roles(database), owner_ids=settings.admin_ids)
    pins = Pins(database)
    question_file = make_question_file(settings, database)
    shared = _Shared(
        desk=desk,
        journal=journal,
        reader_languages=reader_languages,
        menus=Menus(reader_languages=reader_languages, permissions=permissions),
        examples=examples,
        keyboards=Keyboards(translation=TranslationLinks(settings.translate_url), examples=examples),
        metrics=metrics,
        permissions=permissions,
        pins=pins,
        question_file=question_file,
        upkeep=Upkeep(
            desk=desk,
            pins=pins,
            question_file=question_file,
            report=alerts.report,
            try_again_s=pauses.database_try_again_s,
        ),
    )
    turns = Turns(reader_languages)
    handlers = _make_handlers(
        settings,
        shared=shared,
        database=database,
        connection=connection,
        turns=turns,
        alerts=alerts,
        late_after_s=pauses.late_after_s,
    )

    async def work_beside(application: BotApplication) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(publish_appearance(application.bot, shared.menus, reader_languages.by_code))
            group.create_task(shared.upkeep.keep_beginning())
            group.create_task(alerts.keep_telling(application.bot, reader_languages))

    application = build_application(
        connection, turns, handlers, permissions=permissions, menus=shared.menus, work_beside=work_beside
    )
    inbox = make_inbox(database, connection.bot_id, alerts.report, most_held=limits.most_held)
    dispatcher = Dispatcher(
        application,
        inbox,
        metrics,
        most_at_hand=limits.most_at_hand,
        press_lasts_s=pauses.press_lasts_s,
        first_pause_s=pauses.first_postponement_s,
        longest_pause_s=pauses.longest_postponement_s,
    )
    outage = Outage(
        connection,
        longest_pause_s=pauses.longest_outage_pause_s,
        report_after_s=pauses.report_outage_after_s,
    )
    metrics.watch_corpus(lambda: desk.corpus.version)
    metrics.watch_updates(lambda: dispatcher.handling, lambda: dispatcher.waiting - dispatcher.handling)
    metrics.watch_inbox(lambda: dispatcher.waiting - inbox.held)
    return Service(
        pauses=pauses,
        desk=desk,
        database=database,
        journal=journal,
        retention=Retention(database, settings.retention_days) if settings.retention_days else None,
        inbox=inbox,
        application=application,
        dispatcher=dispatcher,
        receiver=(
            _make_webhook(settings, application, dispatcher, outage, pauses)
            or _make_polling(application, dispatcher, outage, pauses, limits)
        ),
        upkeep=shared.upkeep,
        metrics=metrics,
        alerts=alerts,
        catalogues=catalogues,
    )


def _make_handlers(  # noqa: PLR0913 - what the handlers are made of
    settings: Settings,
    *,
    shared: _Shared,
    database: Database,
    connection: Connection,
    turns: Turns,
    alerts: Alerts,
    late_after_s: float,
) -> Handlers:
    questions = _make_questions(settings, shared, late_after_s)
    inline = Inline(
        desk=shared.desk,
        journal=shared.journal,
        examples=shared.examples,
        cards=InlineCards(shared.keyboards, lambda: connection.username),
        allowance=_limit(_KEYSTROKES * settings.questions_per_minute, settings.admin_ids),
    )
    personal = Personal(
        journal=shared.journal,
        records=PersonalRecords(database, connection.bot_id),
        menus=shared.menus,
        questions=questions,
        memories=(shared.reader_languages.forget, inline.forget, shared.journal.forget),
        upkeep=shared.upkeep,
    )
    languages = Languages(reader_languages=shared.reader_languages, menus=shared.menus)
    audit = Audit(database)
    answer_buttons = AnswerButtons(
        journal=shared.journal,
        votes=Votes(database),
        reader_languages=shared.reader_languages,
        keyboards=shared.keyboards,
        limit=settings.passages,
        find_username=lambda: connection.username,
    )
    return Handlers(
        questions=questions,
        answer_buttons=answer_buttons,
        example_buttons=ExampleButtons(examples=shared.examples, questions=questions),
        inline=inline,
        commands=Commands(
            desk=shared.desk,
            menus=shared.menus,
            examples=shared.examples,
            questions=questions,
            inline=inline,
            answer_buttons=answer_buttons,
            retention_days=settings.retention_days,
            reader_host=_find_reader_host(settings),
            opened={
                "history": personal.history,
                "mydata": personal.mydata,
                "forget": personal.forget,
                "language": languages.language,
            },
        ),
        sources=Sources(shared.desk),
        languages=languages,
        personal=personal,
        groups=Groups(desk=shared.desk, journal=shared.journal),
        admin=Admin(desk=shared.desk, upkeep=shared.upkeep, menus=shared.menus, audit=audit),
        gap_desk=GapDesk(
            desk=shared.desk,
            gaps=Gaps(database, lambda: shared.desk.index),
            pins=shared.pins,
            question_file=shared.question_file,
            upkeep=shared.upkeep,
            permissions=shared.permissions,
            audit=audit,
        ),
        failures=Failures(turns=turns, alerts=alerts),
    )


def make_question_file(settings: Settings, database: Database) -> QuestionFile:
    """Put the question file beside the database."""
    return QuestionFile(database, settings.database.with_name("test-questions.toml"))


def _find_reader_host(settings: Settings) -> str | None:
    """Return the host to which questions are sent; None if they stay on this machine."""
    if settings.reader != CHAT_READER or settings.reader_url is None:
        return None
    return settings.reader_url.host


def _make_questions(settings: Settings, shared: _Shared, late_after_s: float) -> Questions:
    return Questions(
        answers=Answers(
            desk=shared.desk,
            journal=shared.journal,
            keyboards=shared.keyboards,
            metrics=shared.metrics,
            limit=settings.passages,
            late_after_s=late_after_s,
        ),
        follow_ups=FollowUps(shared.journal),
        journal=shared.journal,
        allowance=_limit(settings.questions_per_minute, settings.admin_ids),
    )


def _limit(questions_per_minute: int, exempt_ids: Collection[int]) -> Allowance:
    return Allowance(questions_per_minute=questions_per_minute, exempt_ids=exempt_ids)


def _make_webhook(
    settings: Settings, application: BotApplication, dispatcher: Dispatcher, outage: Outage, pauses: Pauses
) -> Webhook | None:
    """Have updates brought to the address of the settings; None where there is none."""
    if settings.webhook_url is None or settings.webhook_secret is None:
        return None
    return Webhook(
        application,
        dispatcher,
        url=str(settings.webhook_url),
        host=settings.webhook_host,
        port=settings.webhook_port,
        secret=settings.webhook_secret.get_secret_value(),
        outage=outage,
        log_rejected_every_s=pauses.log_rejected_every_s,
    )


def _make_polling(
    application: BotApplication, dispatcher: Dispatcher, outage: Outage, pauses: Pauses, limits: Limits
) -> Polling:
    """Have updates fetched."""
    return Polling(
        application,
        dispatcher,
        outage=outage,
        poll_s=pauses.poll_s,
        most_conflicts=limits.most_conflicts,
        full_pause_s=pauses.inbox_full_s,
    )


def open_desk(settings: Settings, console: Console) -> Desk:
    """Open the desk on the articles as they are on disk.

    Raises:
        CorpusError: an article file has a mistake.
        UnknownEncoderError: the setting names no encoder.
    """
    loader = IndexLoader(settings)
    with show_progress(console) as progress:
        return make_desk(loader.load(progress), loader.load)


def make_desk(index: Index, load_index: Callable[[Progress | None], Index]) -> Desk:
    """Make the desk with its first index; ``load_index`` makes the next one."""
    languages = frozenset(article.language for article in index.corpus.articles)
    return Desk(index, load_index, load_small_talk(), _load_detector(languages))


@cache
def _load_detector(languages: frozenset[str]) -> LanguageDetector:
    return LanguageDetector(languages)


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
            question_file=make_question_file(settings, database),
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
                language,
            )
        finally:
            runner.run(database.close())


class UnknownPinError(Exception):
    """There is no pin with that key."""


async def list_pins(settings: Settings, take_back: str | None) -> tuple[KeptPin, ...]:
    """Return the pins, after taking one back if its key is given.

    Raises:
        DatabaseUnavailableError: the database cannot be used.
        NewerSchemaError: a newer version of the bot wrote the database.
        UnknownPinError: there is no such pin.
    """
    database = Database(settings.database)
    await database.open()
    try:
        pins = Pins(database)
        if take_back is not None and not await pins.take_back(take_back, SHELL):
            message = f"there is no pin with the key {take_back}; python -m bot pins --json lists them"
            raise UnknownPinError(message)
        return await pins.list_pins()
    finally:
        await database.close()


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
            allowance=_limit(settings.questions_per_minute, ()),
            limit=settings.passages,
        )
