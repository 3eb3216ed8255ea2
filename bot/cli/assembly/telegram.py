"""The bot on Telegram, for the service and for the tests: made here, started elsewhere."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from bot.answering import Desk
from bot.chat.alerts import Alerts
from bot.chat.application import build_application
from bot.chat.cards.keyboards import Keyboards
from bot.chat.cards.translation_links import TranslationLinks
from bot.chat.digest import CountedGap, Digest, FindGaps
from bot.chat.handlers.suggestions import Suggestions
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
from bot.chat.wire.bot_api import BotApplication, open_connection
from bot.chat.wire.pacing import Pacing
from bot.cli.assembly.articles import open_store, open_versions
from bot.cli.assembly.handlers import Shared, make_handlers
from bot.journal.database import Database
from bot.journal.digests import Digests
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gaps
from bot.journal.inbox import Inbox
from bot.journal.pins import Pins
from bot.journal.popular import PopularQuestions
from bot.journal.question_file import QuestionFile
from bot.journal.readers import Readers
from bot.journal.retention import Retention
from bot.journal.roles import Roles
from bot.journal.votes import Votes
from bot.metrics import Metrics
from bot.settings import Settings
from bot.wording.about import About
from bot.wording.examples import Examples
from bot.wording.phrases import Phrases, load_phrases


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


async def _find_gaps(gaps: Gaps, limit: int) -> list[CountedGap]:
    """Return the biggest gaps for the weekly digest, which only owners get: they may read the wordings."""
    return [
        CountedGap(wording=gap.latest.question.text, count=len(gap.questions), languages=gap.languages)
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
    question_file = QuestionFile(database)
    store = open_store(settings)
    versions = open_versions(settings, store)
    shared = Shared(
        desk=desk,
        journal=journal,
        votes=Votes(database),
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
    handlers = make_handlers(
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
