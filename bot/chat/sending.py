"""Replies on their way: what Telegram may answer to one, and what is done about it.

Every reply goes through here. What certainly did not arrive is sent again, within bounds; what
may have arrived is not, since nobody likes to read an answer twice. It does not know what the
messages say.
"""

import asyncio
import logging
from datetime import timedelta

from telegram import LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.chat.limits import MESSAGE_UNITS, shorten
from bot.chat.markup import Markup

_LOG = logging.getLogger(__name__)
_ATTEMPTS = 4
_PAUSE_S = 1.0
_LONGEST_WAIT_S = 60.0
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

_UNPARSABLE = "can't parse entities"
_NOT_SENT = "pool timeout"
# Refusals, in Telegram's words, that say nothing about the reply but that nobody can be told it.
_UNDELIVERABLE = (
    "chat not found",
    "chat_write_forbidden",
    "have no rights to send",
    "message thread not found",
    "message to be replied not found",
    "not enough rights",
    "topic_closed",
    "user_is_blocked",
)


async def reply(message: Message, content: Markup) -> Message | None:
    """Reply to a message, and return the reply, or None where it cannot be told to anybody.

    Raises:
        BadRequest: Telegram refuses the reply itself.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return await _send(message, content)
        except RetryAfter as error:
            pause, reason = _seconds_to_wait(error), str(error)
        except Forbidden as error:
            _LOG.info("Chat %s takes no messages from the bot: %s", message.chat_id, error)
            return None
        except BadRequest as error:
            if not _says(error, *_UNDELIVERABLE):
                raise
            _LOG.info("Chat %s has no place for a reply: %s", message.chat_id, error)
            return None
        except TimedOut as error:
            if not _says(error, _NOT_SENT):
                _LOG.warning(
                    "A reply in chat %s timed out; it may have arrived and is not sent again", message.chat_id
                )
                return None
            pause, reason = _PAUSE_S, str(error)
        except NetworkError as error:
            pause, reason = _PAUSE_S * 2 ** (attempt - 1), str(error)
        if attempt == _ATTEMPTS or pause > _LONGEST_WAIT_S:
            break
        _LOG.info("A reply in chat %s is sent again in %.0f s: %s", message.chat_id, pause, reason)
        await asyncio.sleep(pause)
    _LOG.error("A reply in chat %s could not be sent: %s", message.chat_id, reason)
    return None


async def edit(message: Message, content: Markup) -> None:
    """Change a message of the bot; where Telegram does not, nothing is lost."""
    try:
        await message.edit_text(content.html, parse_mode=ParseMode.HTML, link_preview_options=_NO_PREVIEW)
    except TelegramError as error:
        _LOG.info("A message in chat %s stays as it was: %s", message.chat_id, error)


async def delete(message: Message) -> None:
    """Take back a message of the bot; where Telegram does not, it stays."""
    try:
        await message.delete()
    except TelegramError as error:
        _LOG.info("A message in chat %s stays: %s", message.chat_id, error)


def topic_of(message: Message) -> int | None:
    """Return the forum topic that a message stands in; threads of replies are no topics."""
    return message.message_thread_id if message.is_topic_message else None


async def _send(message: Message, content: Markup) -> Message:
    """Send a reply once, as plain text where Telegram does not understand the HTML."""
    try:
        return await _send_text(message, content.html, ParseMode.HTML)
    except BadRequest as error:
        if not _says(error, _UNPARSABLE):
            raise
        _LOG.error("Telegram refused the HTML of a reply, which goes as plain text: %s", error)
    return await _send_text(message, shorten(content.plain, MESSAGE_UNITS), None)


async def _send_text(message: Message, text: str, parse_mode: ParseMode | None) -> Message:
    return await message.get_bot().send_message(
        message.chat_id,
        text,
        parse_mode=parse_mode,
        message_thread_id=topic_of(message),
        link_preview_options=_NO_PREVIEW,
        reply_parameters=ReplyParameters(message.message_id, allow_sending_without_reply=True),
    )


def _says(error: TelegramError, *refusals: str) -> bool:
    words = error.message.lower()
    return any(refusal in words for refusal in refusals)


def _seconds_to_wait(error: RetryAfter) -> float:
    # A timedelta where PTB_TIMEDELTA is set, and one day everywhere.
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
