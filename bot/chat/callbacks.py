"""Handlers' callbacks, made of what takes the part of an update that it is about.

So the rest of the room never sees an update, and says in its types what it handles.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from telegram import CallbackQuery, ChatMemberUpdated, ChosenInlineResult, InlineQuery, Message, Update
from telegram.ext import ContextTypes

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
