"""Pressed buttons, whatever they do: each press is answered, and traced to its message."""

import logging

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from bot.chat.limits import shorten

_LOG = logging.getLogger(__name__)
_NOTE_UNITS = 200


async def acknowledge(press: CallbackQuery, note: str | None = None, *, is_passing: bool = False) -> None:
    """End the waiting of whoever pressed a button; never raises.

    A note is shown until it is closed, a passing one for a moment.
    """
    try:
        await press.answer(
            shorten(note, _NOTE_UNITS) if note else None, show_alert=bool(note) and not is_passing
        )
    except TelegramError as error:
        _LOG.info("A press of %s waits no longer: %s", press.from_user.id, error)


def find_message(press: CallbackQuery) -> Message | None:
    """Return the message that a button stands under, unless Telegram no longer shows it to the bot."""
    message = press.message
    return message if isinstance(message, Message) and message.is_accessible else None
