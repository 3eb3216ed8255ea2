"""The bot on Telegram, put together: which kind of message goes to whom.

``build_application`` is the table of contents of this room. It opens no connection and starts
nothing; ``serving.serve`` does.
"""

import asyncio
import logging
from collections.abc import Collection

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

from bot.answering import Desk
from bot.chat.addressing import Addressed
from bot.chat.alerts import Alerts
from bot.chat.cards.inline_card import InlineCards
from bot.chat.cards.keyboards import Keyboards
from bot.chat.cards.translation_links import TranslationLinks
from bot.chat.handlers.admin import Admin
from bot.chat.handlers.allowance import Allowance
from bot.chat.handlers.answer_buttons import PATTERN, Buttons
from bot.chat.handlers.answers import Answers
from bot.chat.handlers.commands import Commands
from bot.chat.handlers.example_buttons import EXAMPLE_PATTERN, ExampleButtons
from bot.chat.handlers.failures import Failures
from bot.chat.handlers.follow_ups import FollowUps
from bot.chat.handlers.groups import Groups
from bot.chat.handlers.inline import Inline
from bot.chat.handlers.languages import LANGUAGE_PATTERN, Languages
from bot.chat.handlers.personal import FORGET_PATTERN, HISTORY_PATTERN, Personal
from bot.chat.handlers.posing import Posing
from bot.chat.handlers.private_door import PrivateDoor
from bot.chat.handlers.questions import Questions
from bot.chat.handlers.sources import SOURCES_PATTERN, Sources
from bot.chat.profile.descriptions import list_descriptions
from bot.chat.profile.menus import Menus
from bot.chat.profile.publishing import publish
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import (
    on_chosen,
    on_edited,
    on_inline_query,
    on_membership,
    on_message,
    on_press,
)
from bot.chat.wire.bot_api import BotApplication, Connection
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.journal.votes import Votes
from bot.metrics import Metrics
from bot.wording.examples import Examples

_LOG = logging.getLogger(__name__)

# Telegram asks inline at every pause in somebody's typing.
_KEYSTROKES = 5

# What somebody sends by way of inline mode, a card of this bot's too, is nothing they say to it.
_MESSAGE = filters.UpdateType.MESSAGE & ~filters.VIA_BOT
_EDITED = filters.UpdateType.EDITED_MESSAGE & ~filters.VIA_BOT
_PRIVATE = _MESSAGE & filters.ChatType.PRIVATE
_GROUP = _MESSAGE & filters.ChatType.GROUPS
_QUESTION = (filters.TEXT & ~filters.COMMAND) | filters.CAPTION


def build_application(  # noqa: PLR0913 - the composition root hands over each collaborator by name
    *,
    connection: Connection,
    desk: Desk,
    journal: Journal,
    votes: Votes,
    records: PersonalRecords,
    retention_days: int,
    readings: ReaderLanguages,
    alerts: Alerts,
    metrics: Metrics,
    examples: Examples,
    translate_url: str,
    admin_ids: Collection[int],
    passages_limit: int,
    questions_per_minute: int,
) -> BotApplication:
    """Put the bot together from its collaborators."""
    menus = Menus(readings=readings, admin_ids=admin_ids)
    admin = Admin(desk=desk, readings=readings, admin_ids=admin_ids)
    keyboards = Keyboards(translation=TranslationLinks(translate_url), examples=examples)
    answers = Answers(
        desk=desk,
        journal=journal,
        readings=readings,
        keyboards=keyboards,
        metrics=metrics,
        limit=passages_limit,
    )
    questions = Questions(
        answers=answers,
        followups=FollowUps(journal),
        journal=journal,
        readings=readings,
        allowance=Allowance(questions_per_minute=questions_per_minute, exempt_ids=admin_ids),
    )
    buttons = Buttons(
        journal=journal, votes=votes, readings=readings, keyboards=keyboards, limit=passages_limit
    )
    groups = Groups(desk=desk, journal=journal, readings=readings)

    async def publish_profile(application: BotApplication) -> None:
        try:
            await menus.publish_for_admins(application.bot)
            texts = readings.by_code
            await publish([*menus.list_menus(application.bot), *list_descriptions(application.bot, texts)])
        except Exception:  # noqa: BLE001 - see below
            # Whatever it is, admins are told of troubles all the same.
            _LOG.exception("The menus and descriptions were not set")

    async def be_there(application: BotApplication) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(publish_profile(application))
            group.create_task(alerts.keep_telling(application.bot, readings))

    application = (
        Application.builder().bot(connection).updater(None).job_queue(None).post_init(be_there).build()
    )
    posing = Posing(readings=readings, answer=questions.answer)
    inline = Inline(
        desk=desk,
        journal=journal,
        readings=readings,
        examples=examples,
        cards=InlineCards(keyboards, lambda: application.bot.username),
        allowance=Allowance(questions_per_minute=_KEYSTROKES * questions_per_minute, exempt_ids=admin_ids),
    )
    door = PrivateDoor(readings=readings)
    personal = Personal(
        readings=readings,
        door=door,
        journal=journal,
        records=records,
        menus=menus,
        posing=posing,
        memories=(readings.forget, inline.forget, journal.forget),
    )
    languages = Languages(readings=readings, door=door, menus=menus)
    commands = Commands(
        desk=desk,
        readings=readings,
        menus=menus,
        examples=examples,
        posing=posing,
        inline=inline,
        retention_days=retention_days,
        opened={
            "history": personal.history,
            "mydata": personal.mydata,
            "forget": personal.forget,
            "language": languages.language,
        },
    )
    sources = Sources(desk=desk, readings=readings)
    example_buttons = ExampleButtons(examples=examples, readings=readings, posing=posing)
    application.add_handlers(
        {
            # Beside whatever else the message is for, and without holding it up.
            -1: [
                MessageHandler(
                    _PRIVATE & filters.User(admin_ids), on_message(menus.on_admin_message), block=False
                )
            ],
            0: [
                CommandHandler("start", on_message(commands.start), _MESSAGE),
                CommandHandler("help", on_message(commands.help), _MESSAGE),
                CommandHandler("privacy", on_message(commands.privacy), _MESSAGE),
                CommandHandler("sources", on_message(sources.sources), _MESSAGE),
                CommandHandler("language", on_message(languages.language), _MESSAGE),
                CommandHandler("history", on_message(personal.history), _MESSAGE),
                CommandHandler("mydata", on_message(personal.mydata), _MESSAGE),
                CommandHandler("forget", on_message(personal.forget), _MESSAGE),
                CommandHandler("ask", on_message(questions.ask), _MESSAGE),
                # An admin may go on asking while the articles are read. What an admin forwards are
                # somebody else's words.
                CommandHandler(
                    "reload", on_message(admin.reload), _MESSAGE & ~filters.FORWARDED, block=False
                ),
                MessageHandler(_PRIVATE & filters.COMMAND, on_message(commands.on_unknown)),
                MessageHandler(_PRIVATE & _QUESTION, on_message(questions.on_question)),
                MessageHandler(_GROUP & _QUESTION & Addressed(), on_message(questions.on_question)),
                MessageHandler(_PRIVATE & ~filters.StatusUpdate.ALL, on_message(questions.on_other)),
                CommandHandler("ask", on_edited(questions.on_edited_ask), _EDITED),
                MessageHandler(
                    _EDITED & _QUESTION & (filters.ChatType.PRIVATE | filters.ChatType.GROUPS & Addressed()),
                    on_edited(questions.on_edited_question),
                ),
                CallbackQueryHandler(on_press(buttons.on_press), PATTERN),
                CallbackQueryHandler(on_press(example_buttons.on_press), EXAMPLE_PATTERN),
                CallbackQueryHandler(on_press(sources.on_press), SOURCES_PATTERN),
                CallbackQueryHandler(on_press(languages.on_press), LANGUAGE_PATTERN),
                CallbackQueryHandler(on_press(personal.on_history_press), HISTORY_PATTERN),
                CallbackQueryHandler(on_press(personal.on_forget_press), FORGET_PATTERN),
                CallbackQueryHandler(on_press(buttons.on_unknown)),
                InlineQueryHandler(on_inline_query(inline.on_query)),
                ChosenInlineResultHandler(on_chosen(inline.on_chosen)),
                ChatMemberHandler(on_membership(groups.on_membership)),
                MessageHandler(_GROUP & filters.StatusUpdate.MIGRATE, on_message(groups.on_migration)),
            ],
        }
    )
    application.add_error_handler(Failures(readings=readings, alerts=alerts).on_error)
    return application
