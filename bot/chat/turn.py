"""Handlers' callbacks, made of what takes the part of an update that it is about.

So the rest of the room never sees an update, and says in its types what it handles.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from telegram import CallbackQuery, ChatMemberUpdated, ChosenInlineResult, InlineQuery, Message, Update
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.chat.cards.fitting import shorten

_LOG = logging.getLogger(__name__)
_NOTE_UNITS = 200

Callback: TypeAlias = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]


def on_message(handle: Callable[[Message], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes a message."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.message is not None:
            await handle(update.message)

    return callback


def on_edited(handle: Callable[[Message], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes an edited message."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.edited_message is not None:
            await handle(update.edited_message)

    return callback


def on_press(handle: Callable[[CallbackQuery], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes a pressed button."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.callback_query is not None:
            await handle(update.callback_query)

    return callback


def on_inline_query(handle: Callable[[InlineQuery], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes an inline query."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.inline_query is not None:
            await handle(update.inline_query)

    return callback


def on_chosen(handle: Callable[[ChosenInlineResult], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes an inline result that was sent."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.chosen_inline_result is not None:
            await handle(update.chosen_inline_result)

    return callback


def on_membership(handle: Callable[[ChatMemberUpdated], Awaitable[None]]) -> Callback:
    """Make a handler's callback of what takes a change of the bot's own membership."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.my_chat_member is not None:
            await handle(update.my_chat_member)

    return callback


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
