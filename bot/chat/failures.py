"""What failed in a handler: logged first, then apologised for.

The handlers that run in groups run only for messages to the bot, so whoever wrote the message
waits for an answer. It does not repair anything.
"""

import logging

from telegram import Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.chat.markup import text
from bot.chat.sending import reply
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)


class Failures:
    """The application's error handler; it never raises."""

    def __init__(self, *, phrases: Phrases) -> None:
        """Take the text of the apology."""
        self._phrases = phrases

    async def on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Log what a handler raised, and apologise to whoever waits."""
        message = update.message if isinstance(update, Update) else None
        chat_id = message.chat_id if message else None
        _LOG.error("A message in chat %s was not handled", chat_id, exc_info=context.error)
        if message is None:
            return
        try:
            await reply(message, text(self._phrases.say("apology")))
        except TelegramError as error:
            _LOG.warning("Nor could chat %s be told so: %s", chat_id, error)
