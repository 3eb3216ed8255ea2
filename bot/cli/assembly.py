"""The assembly: the only place that knows every room, makes every object and unpacks the settings.

``assemble`` makes the bot on Telegram, for the service and for the tests; ``open_session`` and
``open_conversation`` make what answers in a terminal. What is made here is handed to constructors, and
nothing is looked up elsewhere.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version as package_version

from rich.console import Console

from bot.answering import Desk, Index
from bot.chat.alerts import Alerts
from bot.chat.application import Handlers, build_application
from bot.chat.cards.inline_card import InlineCards
from bot.chat.cards.keyboards import Keyboards
from bot.chat.cards.translation_links import TranslationLinks
from bot.chat.digest import Digest, FindGaps, GapLine
from bot.chat.handlers.admin import Admin
from bot.chat.handlers.allowance import Allowance
from bot.chat.handlers.answer_buttons import AnswerButtons
from bot.chat.handlers.answers import Answers
from bot.chat.handlers.articles import Articles
from bot.chat.handlers.commands import Commands
from bot.chat.handlers.corpus_changes import CorpusChanges
from bot.chat.handlers.example_buttons import ExampleButtons
from bot.chat.handlers.exporting import Exporting
from bot.chat.handlers.failures import Failures
from bot.chat.handlers.follow_ups import FollowUps
from bot.chat.handlers.gaps import GapDesk
from bot.chat.handlers.groups import Groups
from bot.chat.handlers.inline import Inline
from bot.chat.handlers.languages import Languages
from bot.chat.handlers.letting_in import LettingIn
from bot.chat.handlers.personal import Personal
from bot.chat.handlers.questions import Questions
from bot.chat.handlers.sources import Sources
from bot.chat.handlers.statistics import StatisticsDesk
from bot.chat.handlers.suggestions import Suggestions
from bot.chat.handlers.trail import Trail
from bot.chat.handlers.versions import CorpusVersions, Program
from bot.chat.intake.dispatcher import Dispatcher
from bot.chat.intake.outages import Outage
from bot.chat.intake.polling import Polling
from bot.chat.intake.session import Receiver
from bot.chat.intake.webhook import Webhook
from bot.chat.permissions import Permissions
from bot.chat.profile.appearance import publish_appearance
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.reports import Reports
from bot.chat.turn import Turns
from bot.chat.upkeep import Upkeep
from bot.chat.wire.bot_api import BotApplication, Connection, open_connection
from bot.chat.wire.pacing import Pacing
from bot.cli.conversation import Conversation
from bot.cli.index_loading import IndexLoader
from bot.cli.keyboard import open_keyboard
from bot.cli.progress import show_progress
from bot.cli.session import Session
from bot.corpus.articles import CorpusError
from bot.corpus.drafts import Drafts
from bot.corpus.editing import Editing
from bot.corpus.extraction import Extractor
from bot.corpus.store import ArticleStore, StoreError
from bot.corpus.versions import Versions
from bot.fetching import Fetcher
from bot.journal.audit import SHELL, Act, Audit
from bot.journal.database import Database, DatabaseUnavailableError
from bot.journal.digests import Digests
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.inbox import Inbox
from bot.journal.personal import LocalRecords, PersonalRecords
from bot.journal.pins import KeptPin, Pins
from bot.journal.popular import PopularQuestions
from bot.journal.question_file import QuestionFile
from bot.journal.quotations import Quotations
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.roles import Roles
from bot.journal.votes import Votes
from bot.language import LanguageDetector, find_system_language
from bot.metrics import Metrics
from bot.model import Corpus, Trouble, TroubleKind
from bot.search.vectors import Progress
from bot.settings import CHAT_READER, Settings
from bot.wording.about import About
from bot.wording.examples import Examples, load_examples
from bot.wording.phrases import Phrases, load_phrases
from bot.wording.small_talk import load_small_talk

_LOG = logging.getLogger(__name__)

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
    digest_try_again_s: float = 600.0
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


def _tell_time() -> datetime:
    return datetime.now(UTC)


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
    permissions: Permissions
    menus: Menus
    reports: Reports
    suggestions: Suggestions
    about: About
    examples: Examples
    keyboards: Keyboards
    metrics: Metrics
    gaps: Gaps
    pins: Pins
    question_file: QuestionFile
    upkeep: Upkeep
    store: ArticleStore
    versions: Versions


async def _find_gaps(gaps: Gaps, limit: int) -> list[GapLine]:
    """Return the biggest gaps for the weekly digest, which only owners get: they may read the wordings."""
    return [
        GapLine(wording=gap.latest.question.text, count=len(gap.questions), languages=gap.languages)
        for gap in (await gaps.list_gaps())[:limit]
    ]


def assemble(  # noqa: PLR0913 - what differs between the service and a test
    settings: Settings,
    token: str,
    *,
    desk: Desk,
    examples: Examples,
    metrics: Metrics,
    make_inbox: type[Inbox] = Inbox,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = _tell_time,
    find_gaps: FindGaps | None = None,
    pauses: Pauses = PAUSES,
    limits: Limits = LIMITS,
) -> Service:
    """Make the bot on Telegram; ``clock`` counts the seconds between alerts, ``now`` is the time in UTC.

    ``find_gaps`` tells the weekly digest what the articles lack; by default that is what the database says.

    Raises:
        ChatError: BOT_PROXY is not the URL of a proxy.
    """
    catalogues = load_phrases()
    alerts = Alerts(admin_ids=settings.admin_ids, metrics=metrics, clock=clock)
    if desk.trouble is not None:
        alerts.report(desk.trouble)
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
    gaps = Gaps(database, lambda: desk.index)
    pins = Pins(database)
    question_file = make_question_file(settings, database)
    store = open_store(settings)
    versions = open_versions(settings, store)
    shared = _Shared(
        desk=desk,
        journal=journal,
        reader_languages=reader_languages,
        permissions=permissions,
        reports=Reports(database=database.path, journal=journal, english=reader_languages.phrases_in(None)),
        menus=Menus(reader_languages=reader_languages, permissions=permissions),
        suggestions=Suggestions(
            desk=desk,
            examples=examples,
            popular=PopularQuestions(database),
            are_wanted=settings.suggestions,
            clock=time.monotonic,
        ),
        about=About(settings.about),
        examples=examples,
        keyboards=Keyboards(translation=TranslationLinks(settings.translate_url), examples=examples),
        metrics=metrics,
        gaps=gaps,
        pins=pins,
        question_file=question_file,
        upkeep=Upkeep(
            desk=desk,
            pins=pins,
            question_file=question_file,
            versions=versions,
            report=alerts.report,
            try_again_s=pauses.database_try_again_s,
        ),
        store=store,
        versions=versions,
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

    digest = Digest(
        reports=shared.reports,
        find_gaps=find_gaps or partial(_find_gaps, gaps),
        digests=Digests(database),
        reader_languages=reader_languages,
        owner_ids=settings.admin_ids,
        clock=now,
        try_again_s=pauses.digest_try_again_s,
    )

    async def work_beside(application: BotApplication) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(
                publish_appearance(
                    application.bot,
                    shared.menus,
                    reader_languages.by_code,
                    about=shared.about,
                    articles=desk.corpus.articles,
                )
            )
            group.create_task(shared.upkeep.keep_beginning())
            group.create_task(alerts.keep_telling(application.bot, reader_languages))
            if settings.digest:
                group.create_task(digest.keep_sending(application.bot))

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
        reader_languages=shared.reader_languages,
        about=shared.about,
        examples=shared.examples,
        cards=InlineCards(shared.keyboards, lambda: connection.username),
        allowance=_limit(_KEYSTROKES * settings.questions_per_minute, settings.admin_ids),
    )
    store, versions = shared.store, shared.versions
    shared.desk.watch(partial(_keep_version, versions))
    changes = CorpusChanges(desk=shared.desk, upkeep=shared.upkeep, store=store)
    audit = Audit(database)
    personal = Personal(
        journal=shared.journal,
        records=PersonalRecords(database, connection.bot_id),
        menus=shared.menus,
        questions=questions,
        memories=(
            shared.reader_languages.forget,
            inline.forget,
            shared.journal.forget,
            shared.suggestions.forget,
        ),
        upkeep=shared.upkeep,
    )
    languages = Languages(reader_languages=shared.reader_languages, menus=shared.menus)
    answer_buttons = AnswerButtons(
        journal=shared.journal,
        votes=Votes(database),
        reader_languages=shared.reader_languages,
        suggestions=shared.suggestions,
        keyboards=shared.keyboards,
        limit=settings.passages,
        find_username=lambda: connection.username,
    )
    return Handlers(
        questions=questions,
        answer_buttons=answer_buttons,
        example_buttons=ExampleButtons(
            examples=shared.examples, suggestions=shared.suggestions, questions=questions
        ),
        inline=inline,
        commands=Commands(
            desk=shared.desk,
            menus=shared.menus,
            about=shared.about,
            examples=shared.examples,
            questions=questions,
            inline=inline,
            answer_buttons=answer_buttons,
            retention_days=settings.retention_days,
            are_questions_suggested=settings.suggestions,
            reader_host=_find_reader_host(settings),
            opened={
                "history": personal.history,
                "mydata": personal.mydata,
                "forget": personal.forget,
                "language": languages.language,
            },
        ),
        sources=Sources(shared.desk, shared.about),
        languages=languages,
        personal=personal,
        groups=Groups(desk=shared.desk, journal=shared.journal),
        admin=Admin(desk=shared.desk, upkeep=shared.upkeep, menus=shared.menus, audit=audit),
        articles=Articles(
            desk=shared.desk,
            editing=make_editing(settings, store),
            changes=changes,
            quotations=Quotations(database),
            questions=questions,
            audit=audit,
        ),
        versions=CorpusVersions(
            desk=shared.desk,
            versions=versions,
            changes=changes,
            audit=audit,
            program=Program(version=package_version("telegram-qa-bot"), model=settings.encoder),
        ),
        statistics=StatisticsDesk(reports=shared.reports, audit=audit),
        exporting=Exporting(database=database.path, journal=shared.journal, audit=audit),
        letting_in=LettingIn(roles=Roles(database), permissions=shared.permissions, menus=shared.menus),
        trail=Trail(audit),
        gap_desk=GapDesk(
            desk=shared.desk,
            gaps=shared.gaps,
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
            reader_languages=shared.reader_languages,
            suggestions=shared.suggestions,
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
    store = open_store(settings)
    with show_progress(console) as progress:
        try:
            return make_desk(loader.load(progress), loader.load)
        except CorpusError as error:
            return _fall_back(settings, error, open_versions(settings, store), loader, progress)


def make_desk(
    index: Index, load_index: Callable[[Progress | None], Index], trouble: Trouble | None = None
) -> Desk:
    """Make the desk with its first index; ``load_index`` makes the next one."""
    languages = frozenset(article.language for article in index.corpus.articles)
    return Desk(index, load_index, load_small_talk(), _load_detector(languages), trouble)


def _fall_back(
    settings: Settings, error: CorpusError, versions: Versions, loader: IndexLoader, progress: Progress
) -> Desk:
    """Open the desk on the last good version, if that is wanted and there is one; else log which it is.

    Raises:
        CorpusError: it is not.
    """
    good = versions.find_last_good()
    if good is None:
        raise error
    when = good.kept_at.isoformat(timespec="seconds")
    if not settings.fall_back:
        _LOG.error(
            "The last good version of the articles is %s of %s:"
            " python -m bot rollback %s puts it back, BOT_FALL_BACK=on serves it until they are mended",
            *(good.id, when, good.id),
        )
        raise error
    try:
        with versions.unpacked(good) as folder:
            index = loader.load(progress, folder=folder)
    except (StoreError, CorpusError) as failure:
        _LOG.error("The last good version, %s, cannot be served: %s", good.id, failure)
        raise error from failure
    detail = f"version {good.id} of {when} is served instead; {error.mistakes[0]}"
    return make_desk(index, loader.load, Trouble(TroubleKind.CORPUS_FELL_BACK, detail))


def open_store(settings: Settings) -> ArticleStore:
    """Open the corpus folder for changes, and finish one in the midst of which a process ended."""
    store = ArticleStore(settings.corpus, settings.versions)
    try:
        change = store.recover()
    except StoreError as error:
        _LOG.error("A change of the articles that was begun cannot be finished: %s", error)
    else:
        if change is not None:
            _LOG.warning("Finished a change of the articles that was begun: %s", change.kind.value)
    return store


def open_versions(settings: Settings, store: ArticleStore) -> Versions:
    """Open the versions of the articles."""
    return Versions(
        store, settings.versions, max_versions=settings.max_versions, max_bytes=settings.max_versions_bytes
    )


def make_editing(settings: Settings, store: ArticleStore) -> Editing:
    """Make what edits the articles."""
    # An article is most likely in a language that its readers are talked to in.
    detector = LanguageDetector(load_phrases())
    return Editing(
        store=store,
        drafts=Drafts(settings.versions),
        extractor=Extractor(detector.detect, max_article_bytes=settings.max_article_bytes),
        fetcher=Fetcher(settings.fetch_networks) if settings.fetch else None,
    )


def record_act(settings: Settings, act: Act, detail: str) -> None:
    """Write an act of the shell into the audit trail.

    Raises:
        NewerSchemaError: a newer version of the bot wrote the database.
    """

    async def record() -> None:
        database = Database(settings.database)
        await database.open()
        try:
            Audit(database).record(SHELL, act, detail)
        finally:
            await database.close()

    asyncio.run(record())


def count_quotations(settings: Settings) -> dict[str, int]:
    """Return how often each article was quoted, by its id.

    Raises:
        NewerSchemaError: a newer version of the bot wrote the database.
        DatabaseUnavailableError: the database cannot be read.
    """

    async def count() -> dict[str, int]:
        database = Database(settings.database)
        await database.open()
        try:
            return await Quotations(database).count()
        finally:
            await database.close()

    return asyncio.run(count())


def _keep_version(versions: Versions, corpus: Corpus) -> None:
    """Keep the corpus that serves from now on; without a version it serves all the same."""
    try:
        versions.keep(corpus)
    except StoreError as error:
        _LOG.warning("The version %s of the articles is not kept: %s", corpus.version, error)


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
