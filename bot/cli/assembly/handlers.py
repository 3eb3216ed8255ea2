"""The handlers of all kinds of updates, made with what they need."""

from dataclasses import dataclass
from functools import partial
from importlib.metadata import version as package_version

from bot.answering import Desk
from bot.chat.alerts import Alerts
from bot.chat.application import Handlers
from bot.chat.cards.inline_card import InlineCards
from bot.chat.cards.keyboards import Keyboards
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
from bot.chat.permissions import Permissions
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.reports import Reports
from bot.chat.turn import Turns
from bot.chat.upkeep import Upkeep
from bot.chat.wire.bot_api import Connection
from bot.cli.assembly.articles import keep_version, make_editing
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.journal.audit import Audit
from bot.journal.database import Database
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.personal import PersonalRecords
from bot.journal.pins import Pins
from bot.journal.question_file import QuestionFile
from bot.journal.quotations import Quotations
from bot.journal.roles import Roles
from bot.journal.votes import Votes
from bot.metrics import Metrics
from bot.settings import CHAT_READER, Settings
from bot.wording.about import About
from bot.wording.examples import Examples

# Telegram asks inline at every pause in somebody's typing.
_KEYSTROKES = 5


@dataclass(frozen=True, slots=True)
class Shared:
    """What several handlers need."""

    desk: Desk
    journal: Journal
    votes: Votes
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


def make_handlers(  # noqa: PLR0913 - what the handlers are made of
    settings: Settings,
    *,
    shared: Shared,
    database: Database,
    connection: Connection,
    turns: Turns,
    alerts: Alerts,
    late_after_s: float,
) -> Handlers:
    """Make the handlers; an answer that comes after ``late_after_s`` says so."""
    questions = _make_questions(settings, shared, late_after_s)
    inline = Inline(
        desk=shared.desk,
        journal=shared.journal,
        reader_languages=shared.reader_languages,
        about=shared.about,
        examples=shared.examples,
        cards=InlineCards(shared.keyboards, lambda: connection.username),
        allowance=Allowance(
            questions_per_minute=_KEYSTROKES * settings.questions_per_minute, exempt_ids=settings.admin_ids
        ),
    )
    store, versions = shared.store, shared.versions
    shared.desk.watch(partial(keep_version, versions))
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
        votes=shared.votes,
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


def _find_reader_host(settings: Settings) -> str | None:
    """Return the host to which questions are sent; None if they stay on this machine."""
    if settings.reader != CHAT_READER or settings.reader_url is None:
        return None
    return settings.reader_url.host


def _make_questions(settings: Settings, shared: Shared, late_after_s: float) -> Questions:
    return Questions(
        answers=Answers(
            desk=shared.desk,
            journal=shared.journal,
            votes=shared.votes,
            reader_languages=shared.reader_languages,
            suggestions=shared.suggestions,
            keyboards=shared.keyboards,
            metrics=shared.metrics,
            limit=settings.passages,
            late_after_s=late_after_s,
        ),
        follow_ups=FollowUps(shared.journal),
        journal=shared.journal,
        allowance=Allowance(
            questions_per_minute=settings.questions_per_minute, exempt_ids=settings.admin_ids
        ),
    )
