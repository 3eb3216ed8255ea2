"""The table of contents: which kind of update goes to which handler.

It makes python-telegram-bot's application, opens no connection and starts nothing;
``intake.session.serve`` does.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telegram.ext import (
    Application,
    CallbackQueryHandler,
    ChatMemberHandler,
    ChosenInlineResultHandler,
    CommandHandler,
    InlineQueryHandler,
    MessageHandler,
    filters,
)

from bot.chat.addressing import Addressed, RepliesTo
from bot.chat.cards.gap_cards import (
    CHANGE_PATTERN,
    LIST_PATTERN,
    PINS_PATTERN,
    WORDINGS_PATTERN,
    asks_for_passage,
)
from bot.chat.handlers.admin import Admin
from bot.chat.handlers.admin_door import AdminDoor
from bot.chat.handlers.answer_buttons import PATTERN, AnswerButtons
from bot.chat.handlers.articles import (
    ADDRESS_PATTERN,
    ARTICLES_PATTERN,
    DRAFT_PATTERN,
    UNDO_PATTERN,
    Articles,
)
from bot.chat.handlers.commands import Commands
from bot.chat.handlers.example_buttons import EXAMPLE_PATTERN, ExampleButtons
from bot.chat.handlers.exporting import EXPORT_PATTERN, Exporting
from bot.chat.handlers.failures import Failures
from bot.chat.handlers.gaps import GapDesk
from bot.chat.handlers.groups import Groups
from bot.chat.handlers.inline import Inline
from bot.chat.handlers.languages import LANGUAGE_PATTERN, Languages
from bot.chat.handlers.letting_in import MEMBERS_PATTERN, ROLE_PATTERN, LettingIn
from bot.chat.handlers.personal import FORGET_PATTERN, HISTORY_PATTERN, Personal
from bot.chat.handlers.questions import Questions
from bot.chat.handlers.sources import SOURCES_PATTERN, Sources
from bot.chat.handlers.statistics import STATISTICS_PATTERN, StatisticsDesk
from bot.chat.handlers.trail import AUDIT_PATTERN, Trail
from bot.chat.handlers.versions import VERSIONS_PATTERN, CorpusVersions
from bot.chat.permissions import Part, Permissions
from bot.chat.profile.menus import Menus
from bot.chat.turn import Turns, on_chosen
from bot.chat.wire.bot_api import BotApplication, Connection

# A message sent through inline mode, even a card of this bot, is not addressed to the bot.
_MESSAGE = filters.UpdateType.MESSAGE & ~filters.VIA_BOT
_EDITED = filters.UpdateType.EDITED_MESSAGE & ~filters.VIA_BOT
_PRIVATE = _MESSAGE & filters.ChatType.PRIVATE
_GROUP = _MESSAGE & filters.ChatType.GROUPS
# What an admin forwards are somebody else's words.
_OWN_WORDS = _MESSAGE & ~filters.FORWARDED
_QUESTION = (filters.TEXT & ~filters.COMMAND) | filters.CAPTION


@dataclass(frozen=True, slots=True)
class Handlers:
    """All handlers of updates."""

    questions: Questions
    answer_buttons: AnswerButtons
    example_buttons: ExampleButtons
    inline: Inline
    commands: Commands
    sources: Sources
    languages: Languages
    personal: Personal
    groups: Groups
    admin: Admin
    articles: Articles
    versions: CorpusVersions
    statistics: StatisticsDesk
    exporting: Exporting
    letting_in: LettingIn
    trail: Trail
    gap_desk: GapDesk
    failures: Failures


def build_application(  # noqa: PLR0913 - what the table is made of
    connection: Connection,
    turns: Turns,
    to: Handlers,
    *,
    permissions: Permissions,
    menus: Menus,
    work_beside: Callable[[BotApplication], Coroutine[Any, Any, None]],
) -> BotApplication:
    """Make the application; ``work_beside`` runs for as long as it does."""
    application = (
        Application.builder().bot(connection).updater(None).job_queue(None).post_init(work_beside).build()
    )
    door = AdminDoor(
        permissions=permissions,
        on_unknown=to.commands.on_unknown,
        on_unknown_press=to.answer_buttons.on_unknown,
    )
    message, edited, press = turns.on_message, turns.on_edited, turns.on_press
    application.add_handlers(
        {
            # Beside whatever else the message is for, and without holding it up.
            -1: [MessageHandler(_PRIVATE & menus.lacking, message(to.admin.on_message), block=False)],
            0: [
                CommandHandler("start", message(to.commands.start), _MESSAGE),
                CommandHandler("help", message(to.commands.help), _MESSAGE),
                CommandHandler("privacy", message(to.commands.privacy), _MESSAGE),
                CommandHandler("sources", message(to.sources.sources), _MESSAGE),
                CommandHandler("language", message(to.languages.language), _MESSAGE),
                CommandHandler("history", message(to.personal.history), _MESSAGE),
                CommandHandler("mydata", message(to.personal.mydata), _MESSAGE),
                CommandHandler("forget", message(to.personal.forget), _MESSAGE),
                CommandHandler("ask", message(to.questions.ask), _MESSAGE),
                # An admin may go on asking while the articles are read.
                CommandHandler(
                    "reload", message(door.command(Part.ARTICLES, to.admin.reload)), _OWN_WORDS, block=False
                ),
                CommandHandler(
                    "articles", message(door.command(Part.ARTICLES, to.articles.articles)), _OWN_WORDS
                ),
                CommandHandler(
                    "versions", message(door.command(Part.VERSIONS, to.versions.versions)), _OWN_WORDS
                ),
                CommandHandler(
                    "version", message(door.command(Part.VERSIONS, to.versions.version)), _OWN_WORDS
                ),
                # Drawing takes a while, and a file may be large.
                CommandHandler(
                    "stats", message(door.command(Part.STATS, to.statistics.stats)), _OWN_WORDS, block=False
                ),
                CommandHandler("export", message(door.command(Part.EXPORT, to.exporting.export)), _OWN_WORDS),
                CommandHandler(
                    "allow",
                    message(door.command(Part.ROLES, to.letting_in.allow, to.letting_in.allow_in_group)),
                    _OWN_WORDS,
                ),
                CommandHandler("audit", message(door.command(Part.AUDIT, to.trail.audit)), _OWN_WORDS),
                CommandHandler("gaps", message(door.command(Part.GAPS, to.gap_desk.gaps)), _OWN_WORDS),
                CommandHandler("pins", message(door.command(Part.PINS, to.gap_desk.pins)), _OWN_WORDS),
                MessageHandler(_PRIVATE & filters.COMMAND, message(to.commands.on_unknown)),
                MessageHandler(
                    _PRIVATE & filters.TEXT & RepliesTo(asks_for_passage),
                    message(door.message(Part.PINS, to.gap_desk.search, to.questions.on_question)),
                ),
                MessageHandler(
                    _PRIVATE & filters.Document.ALL,
                    message(door.message(Part.ARTICLES, to.articles.on_document, to.articles.pass_on)),
                ),
                MessageHandler(
                    _PRIVATE & ~filters.FORWARDED & filters.Regex(ADDRESS_PATTERN),
                    message(door.message(Part.ARTICLES, to.articles.on_address, to.questions.on_question)),
                ),
                MessageHandler(
                    _PRIVATE & filters.REPLY & filters.TEXT,
                    message(door.message(Part.ARTICLES, to.articles.on_reply, to.questions.on_question)),
                ),
                MessageHandler(
                    _PRIVATE & filters.CONTACT & ~filters.FORWARDED,
                    message(door.message(Part.ROLES, to.letting_in.on_contact, to.questions.on_other)),
                ),
                MessageHandler(_PRIVATE & _QUESTION, message(to.questions.on_question)),
                MessageHandler(_GROUP & _QUESTION & Addressed(), message(to.questions.on_question)),
                MessageHandler(_PRIVATE & ~filters.StatusUpdate.ALL, message(to.questions.on_other)),
                CommandHandler("ask", edited(to.questions.on_edited_ask), _EDITED),
                MessageHandler(
                    _EDITED & _QUESTION & (filters.ChatType.PRIVATE | filters.ChatType.GROUPS & Addressed()),
                    edited(to.questions.on_edited_question),
                ),
                CallbackQueryHandler(press(to.answer_buttons.on_press), PATTERN),
                CallbackQueryHandler(press(to.example_buttons.on_press), EXAMPLE_PATTERN),
                CallbackQueryHandler(press(to.sources.on_press), SOURCES_PATTERN),
                CallbackQueryHandler(press(to.languages.on_press), LANGUAGE_PATTERN),
                CallbackQueryHandler(press(to.personal.on_history_press), HISTORY_PATTERN),
                CallbackQueryHandler(press(to.personal.on_forget_press), FORGET_PATTERN),
                CallbackQueryHandler(
                    press(door.press(Part.ARTICLES, to.articles.on_articles_press)), ARTICLES_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.ARTICLES, to.articles.on_draft_press)), DRAFT_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.ARTICLES, to.articles.on_undo_press)), UNDO_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.VERSIONS, to.versions.on_press)), VERSIONS_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.STATS, to.statistics.on_press)), STATISTICS_PATTERN, block=False
                ),
                CallbackQueryHandler(
                    press(door.press(Part.EXPORT, to.exporting.on_press)), EXPORT_PATTERN, block=False
                ),
                CallbackQueryHandler(
                    press(door.press(Part.ROLES, to.letting_in.on_role_press)), ROLE_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.ROLES, to.letting_in.on_members_press)), MEMBERS_PATTERN
                ),
                CallbackQueryHandler(press(door.press(Part.AUDIT, to.trail.on_press)), AUDIT_PATTERN),
                CallbackQueryHandler(press(door.press(Part.GAPS, to.gap_desk.on_list_press)), LIST_PATTERN),
                CallbackQueryHandler(
                    press(door.press(Part.WORDINGS, to.gap_desk.on_wordings_press)), WORDINGS_PATTERN
                ),
                CallbackQueryHandler(
                    press(door.press(Part.PINS, to.gap_desk.on_change_press)), CHANGE_PATTERN
                ),
                CallbackQueryHandler(press(door.press(Part.PINS, to.gap_desk.on_pins_press)), PINS_PATTERN),
                CallbackQueryHandler(press(to.answer_buttons.on_unknown)),
                InlineQueryHandler(turns.on_inline_query(to.inline.on_query)),
                ChosenInlineResultHandler(on_chosen(to.inline.on_chosen)),
                ChatMemberHandler(turns.on_membership(to.groups.on_membership)),
                MessageHandler(_GROUP & filters.StatusUpdate.MIGRATE, message(to.groups.on_migration)),
            ],
        }
    )
    application.add_error_handler(to.failures.on_error)
    return application
