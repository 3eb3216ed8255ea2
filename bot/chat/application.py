"""The bot on Telegram, put together: which kind of message goes to whom.

``build_application`` is the table of contents of this room. It opens no connection and starts
nothing; ``polling.serve`` does.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, TypeAlias

from telegram import Message, Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ExtBot,
    MessageHandler,
    filters,
)
from telegram.request import HTTPXRequest

from bot.answering import Answerer
from bot.chat.addressing import Addressed
from bot.chat.admin import Admin
from bot.chat.commands import Commands
from bot.chat.failures import Failures
from bot.chat.menus import Menus
from bot.chat.ordering import ChatOrder
from bot.chat.questions import Questions
from bot.journal.exchanges import Journal
from bot.language import LanguageDetector
from bot.wording.phrases import Phrases

_Data: TypeAlias = dict[Any, Any]
BotApplication: TypeAlias = Application[ExtBot[None], ContextTypes.DEFAULT_TYPE, _Data, _Data, _Data, None]
Callback: TypeAlias = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]

_CHATS_AT_ONCE = 32
_CONNECTIONS = 64
_TIMEOUT_S = 10.0

_MESSAGE = filters.UpdateType.MESSAGE
_PRIVATE = _MESSAGE & filters.ChatType.PRIVATE
_GROUP = _MESSAGE & filters.ChatType.GROUPS
_QUESTION = filters.TEXT & ~filters.COMMAND


class ChatError(Exception):
    """The bot cannot be on Telegram, or no longer; the message says why, without any secret."""


def build_application(  # noqa: PLR0913 - the composition root hands over each collaborator by name
    *,
    token: str,
    api_url: str,
    proxy: str | None,
    answerer: Answerer,
    journal: Journal,
    detector: LanguageDetector,
    phrases: Phrases,
    admin_ids: Collection[int],
    passages_limit: int,
) -> BotApplication:
    """Put the bot together from its collaborators; ``api_url`` is the base of a Bot API server.

    Raises:
        ChatError: the proxy is none.
    """
    menus = Menus(phrases=phrases, admin_ids=admin_ids)
    commands = Commands(answerer=answerer, phrases=phrases, menus=menus)
    admin = Admin(answerer=answerer, phrases=phrases, admin_ids=admin_ids)
    questions = Questions(
        answerer=answerer, journal=journal, detector=detector, phrases=phrases, limit=passages_limit
    )

    async def publish_menus(application: BotApplication) -> None:
        await menus.publish(application.bot)

    application = _build_bare(token, api_url, proxy, publish_menus)
    application.add_handlers(
        {
            # Beside whatever else the message is for, and without holding it up.
            -1: [
                MessageHandler(_PRIVATE & filters.User(admin_ids), _on(menus.on_admin_message), block=False)
            ],
            0: [
                CommandHandler("start", _on(commands.start), _MESSAGE),
                CommandHandler("help", _on(commands.help), _MESSAGE),
                CommandHandler("sources", _on(commands.sources), _MESSAGE),
                CommandHandler("ask", _on(questions.ask), _MESSAGE),
                # An admin may go on asking while the articles are read.
                CommandHandler("reload", _on(admin.reload), _MESSAGE, block=False),
                MessageHandler(_PRIVATE & filters.COMMAND, _on(commands.on_unknown)),
                MessageHandler(_PRIVATE & _QUESTION, _on(questions.on_question)),
                MessageHandler(_GROUP & _QUESTION & Addressed(), _on(questions.on_question)),
                MessageHandler(_PRIVATE & ~filters.StatusUpdate.ALL, _on(questions.on_other)),
            ],
        }
    )
    application.add_error_handler(Failures(phrases=phrases).on_error)
    return application


def _build_bare(
    token: str,
    api_url: str,
    proxy: str | None,
    post_init: Callable[[BotApplication], Coroutine[Any, Any, None]],
) -> BotApplication:
    """Build the application without any handler; ``serve`` polls, so it has no updater."""
    base = api_url.rstrip("/")
    return (
        Application.builder()
        .token(token)
        .base_url(f"{base}/bot")
        .base_file_url(f"{base}/file/bot")
        .request(_build_request(proxy, _CONNECTIONS))
        .get_updates_request(_build_request(proxy, 1))
        .concurrent_updates(ChatOrder(_CHATS_AT_ONCE))
        .updater(None)
        .job_queue(None)
        .post_init(post_init)
        .build()
    )


def _build_request(proxy: str | None, connections: int) -> HTTPXRequest:
    try:
        return HTTPXRequest(
            connection_pool_size=connections,
            proxy=proxy,
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            write_timeout=_TIMEOUT_S,
            pool_timeout=_TIMEOUT_S,
        )
    except (ValueError, RuntimeError):
        # The URL of a proxy may hold a password, and what was raised repeats it.
        message = (
            "BOT_PROXY is not the URL of a proxy, such as socks5://127.0.0.1:1080 or http://127.0.0.1:3128"
        )
        raise ChatError(message) from None


def _on(handle: Callable[[Message], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes a message."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await handle(update.message)

    return callback
