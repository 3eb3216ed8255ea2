"""Sending messages, and dealing with every error that Telegram may answer.

All messages of the bot go through here. A message that did not arrive is sent again at once if that
may help; otherwise its update is postponed and taken up again. A message that may have arrived
counts as not arrived: an answer read twice is better than none. This module does not know the
content of the messages.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaPhoto,
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
)

from bot.chat.cards.fitting import MESSAGE_UNITS, shorten
from bot.chat.cards.markup import Markup
from bot.chat.wire.bot_api import Connection, RawMessage, connection_of
from bot.chat.wire.transport import may_have_arrived
from bot.chat.wire.update_in_hand import in_hand
from bot.model import Trouble, TroubleKind
from bot.pauses import GrowingPause

_T = TypeVar("_T")
_Write: TypeAlias = Callable[[str, ParseMode | None], Awaitable[_T]]

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 3
_MOST_DOUBTS = 4
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

MOST_FILE_BYTES = 49_000_000
"""Telegram takes files of 50 MB from bots."""

_UNPARSABLE = "can't parse entities"
_NOT_MODIFIED = "message is not modified"
# Refusals, in Telegram's words, because of the chat and not because of the message.
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


class UndeliveredError(TelegramError):
    """A message did not arrive, and must be sent again, after ``pause_s`` seconds if that is given."""

    def __init__(self, reason: str, pause_s: float | None) -> None:
        """``pause_s`` is how long Telegram asks to wait, if it does."""
        super().__init__(reason)
        self.pause_s = pause_s


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands."""

    chat_id: int
    message_id: int


async def reply(
    message: Message, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Reply to a message, and return the reply, or None where the chat takes no messages.

    A group that has become a supergroup meanwhile is followed there.

    Raises:
        BadRequest: Telegram refuses the reply itself.
        UndeliveredError: it did not arrive, and has to wait.
    """
    sent = await _reply(message, content, keyboard)
    return Message.de_json(sent, message.get_bot()) if sent else None


async def place_reply(
    message: Message, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> Place | None:
    """Reply to a message like ``reply``, and return only the place of the reply.

    Raises:
        BadRequest: Telegram refuses the reply itself.
        UndeliveredError: it did not arrive, and has to wait.
    """
    sent = await _reply(message, content, keyboard)
    return Place(sent["chat"]["id"], sent["message_id"]) if sent else None


async def send(
    bot: Bot, chat_id: int, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> Place | None:
    """Send a message that replies to nothing; return its place, or None where the chat takes no messages.

    Raises:
        BadRequest: Telegram refuses the message itself.
        UndeliveredError: it did not arrive, and has to wait.
    """
    sent = await _send_following(bot, chat_id, content, keyboard)
    return Place(sent["chat"]["id"], sent["message_id"]) if sent else None


async def edit(
    message: MaybeInaccessibleMessage, content: Markup, keyboard: InlineKeyboardMarkup | None = None
) -> bool:
    """Change a message of the bot, and tell whether that worked; if not, the message stays as it was."""
    try:
        return await edit_at(message.get_bot(), message.chat.id, message.message_id, content, keyboard)
    except UndeliveredError as error:
        _LOG.warning("A message in chat %s could not be edited: %s", message.chat.id, error)
        return False


async def edit_at(
    bot: Bot, chat_id: int, message_id: int, content: Markup, keyboard: InlineKeyboardMarkup | None
) -> bool:
    """Change the message of the bot with those ids, and tell whether that worked.

    Raises:
        UndeliveredError: Telegram could not be told, and has to be told later.
    """

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
        sent = await _persist(connection_of(bot), lambda: _write(bot, content, write), chat_id)
    except UndeliveredError:
        raise
    except TelegramError as error:
        if _says(error, _NOT_MODIFIED):
            return True
        _LOG.warning("A message in chat %s could not be edited: %s", chat_id, error)
        return False
    return sent is not None


async def reply_with_file(message: Message, content: bytes, name: str, caption: str) -> Message | None:
    """Reply to a message with a file, and return the reply, or None where it cannot be sent.

    Raises:
        BadRequest: Telegram refuses the file.
        UndeliveredError: it did not arrive, and has to wait.
    """

    async def write() -> Message:
        return await message.get_bot().send_document(
            message.chat_id,
            InputFile(content, name),
            caption=caption,
            message_thread_id=topic_of(message),
            reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
        )

    return await _persist(connection_of(message.get_bot()), write, message.chat_id)


async def reply_with_picture(
    message: Message, picture: bytes, caption: str, keyboard: InlineKeyboardMarkup
) -> Message | None:
    """Reply to a message with a picture, and return the reply, or None where it cannot be sent.

    Raises:
        BadRequest: Telegram refuses the picture.
        UndeliveredError: it did not arrive, and has to wait.
    """

    async def write() -> Message:
        return await message.get_bot().send_photo(
            message.chat_id,
            picture,
            caption=caption,
            message_thread_id=topic_of(message),
            reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
            reply_markup=keyboard,
        )

    return await _persist(connection_of(message.get_bot()), write, message.chat_id)


async def send_picture(bot: Bot, chat_id: int, picture: bytes, caption: str) -> Message | None:
    """Send a picture that replies to nothing, and return the message, or None where it cannot be sent.

    Raises:
        BadRequest: Telegram refuses the picture.
        UndeliveredError: it did not arrive, and has to wait.
    """

    async def write() -> Message:
        return await bot.send_photo(chat_id, picture, caption=caption)

    return await _persist(connection_of(bot), write, chat_id)


async def edit_picture(
    message: Message, picture: bytes, caption: str, keyboard: InlineKeyboardMarkup
) -> bool:
    """Change a picture of the bot, and tell whether that worked; if not, the message stays as it was."""
    bot = message.get_bot()

    async def write() -> Message | bool:
        return await bot.edit_message_media(
            InputMediaPhoto(picture, caption), message.chat_id, message.message_id, reply_markup=keyboard
        )

    try:
        sent = await _persist(connection_of(bot), write, message.chat_id)
    except TelegramError as error:
        if _says(error, _NOT_MODIFIED):
            return True
        _LOG.warning("A picture in chat %s could not be changed: %s", message.chat_id, error)
        return False
    return sent is not None


async def delete(message: Message) -> None:
    """Delete a message of the bot, unless Telegram refuses that."""
    try:
        await message.delete()
    except TelegramError as error:
        _LOG.info("A message in chat %s was not deleted: %s", message.chat_id, error)


def topic_of(message: Message) -> int | None:
    """Return the forum topic that a message stands in; a thread of replies is not a topic."""
    return message.message_thread_id if message.is_topic_message else None


async def _reply(
    message: Message, content: Markup, keyboard: InlineKeyboardMarkup | None
) -> RawMessage | None:
    answered = ReplyParameters(message.message_id, allow_sending_without_reply=True)
    try:
        return await _send(
            message.get_bot(), message.chat_id, content, keyboard, topic=topic_of(message), answered=answered
        )
    except ChatMigrated as error:
        # Message ids start anew in a supergroup, so there is nothing to reply to.
        return await _send_following(message.get_bot(), error.new_chat_id, content, keyboard)


async def _send_following(
    bot: Bot, chat_id: int, content: Markup, keyboard: InlineKeyboardMarkup | None
) -> RawMessage | None:
    try:
        return await _send(bot, chat_id, content, keyboard)
    except ChatMigrated as error:
        return await _send(bot, error.new_chat_id, content, keyboard)


async def _send(  # noqa: PLR0913 - what a message says and where it goes
    bot: Bot,
    chat_id: int,
    content: Markup,
    keyboard: InlineKeyboardMarkup | None,
    *,
    topic: int | None = None,
    answered: ReplyParameters | None = None,
) -> RawMessage | None:
    connection = connection_of(bot)

    async def write(text: str, parse_mode: ParseMode | None) -> RawMessage:
        return await connection.post_message(
            chat_id=chat_id,
            text=text,
            parse_mode=parse_mode,
            message_thread_id=topic,
            link_preview_options=_NO_PREVIEW,
            reply_parameters=answered,
            reply_markup=keyboard,
        )

    return await _persist(connection, lambda: _write(bot, content, write), chat_id)


async def _write(bot: Bot, content: Markup, write: _Write[_T]) -> _T:
    """Write once; as plain text if Telegram refuses the HTML."""
    try:
        return await write(content.html, ParseMode.HTML)
    except BadRequest as error:
        if not _says(error, _UNPARSABLE):
            raise
        _LOG.error("Telegram refused the HTML of a message; sending it as plain text: %s", error)
        connection_of(bot).report_trouble(Trouble(TroubleKind.HTML_REFUSED, str(error)))
    return await write(shorten(content.plain, MESSAGE_UNITS), None)


async def _persist(connection: Connection, act: Callable[[], Awaitable[_T]], chat_id: int) -> _T | None:
    """Act until that works; return None if the chat takes no messages.

    Raises:
        BadRequest: Telegram refuses the message itself.
        ChatMigrated: the group has become a supergroup.
        UndeliveredError: it did not work, and has to wait.
    """
    reason: TelegramError
    growing = GrowingPause(connection.resend_pause_s)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await act()
        except RetryAfter as error:
            pause, reason = seconds_to_wait(error), error
            if pause > connection.longest_wait_s:
                raise UndeliveredError(str(error), pause) from error
        except Forbidden as error:
            _LOG.info("Chat %s takes no messages from the bot: %s", chat_id, error)
            _drop_chat(chat_id)
            return None
        except BadRequest as error:
            if not _says(error, *_UNDELIVERABLE):
                raise
            _LOG.info("A message cannot be sent to chat %s: %s", chat_id, error)
            return None
        except NetworkError as error:
            pause, reason = growing.grow(), error
            if may_have_arrived(error) and _is_too_doubtful(chat_id):
                return None
        if attempt < _ATTEMPTS:
            _LOG.info("A message to chat %s will be sent again in %.0f s: %s", chat_id, pause, reason)
            await asyncio.sleep(pause)
    raise UndeliveredError(str(reason), None) from reason


def _is_too_doubtful(chat_id: int) -> bool:
    """Tell whether a message may have arrived so often already that it is not sent again."""
    handling = in_hand.get()
    if handling is None or handling.chat_id != chat_id:
        return False
    handling.doubts += 1
    if handling.doubts < _MOST_DOUBTS:
        return False
    _LOG.warning(
        "A message to chat %s may have arrived %d times and is not sent again", chat_id, _MOST_DOUBTS
    )
    return True


def _drop_chat(chat_id: int) -> None:
    """Have all other updates of a chat dropped, if the update in hand comes from it."""
    handling = in_hand.get()
    if handling is not None and handling.chat_id == chat_id:
        handling.is_chat_gone = True


def _says(error: TelegramError, *refusals: str) -> bool:
    words = error.message.lower()
    return any(refusal in words for refusal in refusals)


def seconds_to_wait(error: RetryAfter) -> float:
    """Return how long Telegram asks to wait."""
    # A timedelta if PTB_TIMEDELTA is set; a later version of the library always gives one.
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
