"""Messages on their way: what Telegram may answer to one, and what is done about it.

Everything the bot writes goes through here. What certainly did not arrive is sent again, within
bounds; a new message that may have arrived is not, since nobody likes to read an answer twice. It
does not know what the messages say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias, TypeVar

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    MaybeInaccessibleMessage,
    Message,
    ReplyParameters,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.chat.limits import MESSAGE_UNITS, shorten
from bot.chat.markup import Markup

_T = TypeVar("_T")
_Write: TypeAlias = Callable[[str, ParseMode | None], Awaitable[_T]]

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 4
_PAUSE_S = 1.0
_LONGEST_WAIT_S = 60.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_UNPARSABLE = "can't parse entities"
_NOT_SENT = "pool timeout"
_NOT_MODIFIED = "message is not modified"
# Refusals, in Telegram's words, that say nothing about the message but that nobody can be told it.
_UNDELIVERABLE = (
    "chat not found",
    "chat_write_forbidden",
    "have no rights to send",
    "message thread not found",
    "message to be replied not found",
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "not enough rights",
    "topic_closed",
    "user_is_blocked",
)


async def reply(
    message: Message, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Reply to a message, and return the reply, or None where it cannot be told to anybody.

    A group that has become a supergroup meanwhile is followed there.

    Raises:
        BadRequest: Telegram refuses the reply itself.
    """
    answered = ReplyParameters(message.message_id, allow_sending_without_reply=True)
    try:
        return await _send(
            message.get_bot(), message.chat_id, content, keyboard, topic=topic_of(message), answered=answered
        )
    except ChatMigrated as error:
        # Ids of messages count anew there, so there is nothing to reply to.
        return await send(message.get_bot(), error.new_chat_id, content, keyboard)


async def send(
    bot: Bot, chat_id: int, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Write to a chat in reply to nothing, and return the message, or None where it cannot be told.

    Raises:
        BadRequest: Telegram refuses the message itself.
    """
    try:
        return await _send(bot, chat_id, content, keyboard)
    except ChatMigrated as error:
        return await _send(bot, error.new_chat_id, content, keyboard)


async def edit(
    message: MaybeInaccessibleMessage, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> bool:
    """Change a message of the bot, and tell whether it now says this; else it stays as it was."""
    return await edit_at(message.get_bot(), message.chat.id, message.message_id, content, keyboard)


async def edit_at(
    bot: Bot, chat_id: int, message_id: int, content: Markup, keyboard: InlineKeyboardMarkup | None
) -> bool:
    """Change the message of the bot with those ids, and tell whether it now says this."""

    async def write(text: str, parse_mode: ParseMode | None) -> Message | bool:
        return await bot.edit_message_text(
            text,
            chat_id,
            message_id,
            parse_mode=parse_mode,
            link_preview_options=_NO_PREVIEW,
            reply_markup=keyboard,
        )

    try:
        return await _persist(lambda: _write(content, write), chat_id, is_repeatable=True) is not None
    except TelegramError as error:
        if _says(error, _NOT_MODIFIED):
            return True
        _LOG.warning("A message in chat %s stays as it was: %s", chat_id, error)
        return False


async def reply_with_file(message: Message, content: bytes, name: str, caption: str) -> Message | None:
    """Reply to a message with a file, and return the reply, or None where it cannot be sent.

    Raises:
        BadRequest: Telegram refuses the file.
    """

    async def write() -> Message:
        return await message.get_bot().send_document(
            message.chat_id,
            InputFile(content, name),
            caption=caption,
            message_thread_id=topic_of(message),
            reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
        )

    return await _persist(write, message.chat_id, is_repeatable=False)


async def delete(message: Message) -> None:
    """Take back a message of the bot; where Telegram does not, it stays."""
    try:
        await message.delete()
    except TelegramError as error:
        _LOG.info("A message in chat %s stays: %s", message.chat_id, error)


def topic_of(message: Message) -> int | None:
    """Return the forum topic that a message stands in; threads of replies are no topics."""
    return message.message_thread_id if message.is_topic_message else None


async def _send(  # noqa: PLR0913 - what a message says and where it goes
    bot: Bot,
    chat_id: int,
    content: Markup,
    keyboard: InlineKeyboardMarkup | None,
    *,
    topic: int | None = None,
    answered: ReplyParameters | None = None,
) -> Message | None:
    async def write(text: str, parse_mode: ParseMode | None) -> Message:
        return await bot.send_message(
            chat_id,
            text,
            parse_mode=parse_mode,
            message_thread_id=topic,
            link_preview_options=_NO_PREVIEW,
            reply_parameters=answered,
            reply_markup=keyboard,
        )

    return await _persist(lambda: _write(content, write), chat_id, is_repeatable=False)


async def _write(content: Markup, write: _Write[_T]) -> _T:
    """Write once, as plain text where Telegram does not understand the HTML."""
    try:
        return await write(content.html, ParseMode.HTML)
    except BadRequest as error:
        if not _says(error, _UNPARSABLE):
            raise
        _LOG.error("Telegram refused the HTML of a message, which goes as plain text: %s", error)
    return await write(shorten(content.plain, MESSAGE_UNITS), None)


async def _persist(act: Callable[[], Awaitable[_T]], chat_id: int, *, is_repeatable: bool) -> _T | None:
    """Act until it worked, or return None where it cannot; after a timeout only if ``is_repeatable``.

    Raises:
        BadRequest: Telegram refuses what is written.
        ChatMigrated: the group has become a supergroup.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await act()
        except RetryAfter as error:
            pause, reason = seconds_to_wait(error), str(error)
        except Forbidden as error:
            _LOG.info("Chat %s takes no messages from the bot: %s", chat_id, error)
            return None
        except BadRequest as error:
            if not _says(error, *_UNDELIVERABLE):
                raise
            _LOG.info("Chat %s has no place for a message: %s", chat_id, error)
            return None
        except TimedOut as error:
            if not is_repeatable and not _says(error, _NOT_SENT):
                _LOG.warning(
                    "A message to chat %s timed out; it may have arrived and is not sent again", chat_id
                )
                return None
            pause, reason = _PAUSE_S, str(error)
        except NetworkError as error:
            pause, reason = _PAUSE_S * 2 ** (attempt - 1), str(error)
        if attempt == _ATTEMPTS or pause > _LONGEST_WAIT_S:
            break
        _LOG.info("A message to chat %s is sent again in %.0f s: %s", chat_id, pause, reason)
        await asyncio.sleep(pause)
    _LOG.error("What was meant for chat %s could not be sent: %s", chat_id, reason)
    return None


def _says(error: TelegramError, *refusals: str) -> bool:
    words = error.message.lower()
    return any(refusal in words for refusal in refusals)


def seconds_to_wait(error: RetryAfter) -> float:
    """Return how long Telegram wants to be left alone."""
    # A timedelta where PTB_TIMEDELTA is set, and one day everywhere.
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
