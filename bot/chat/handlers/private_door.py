"""The door to what is personal: open in private chats, elsewhere it leads there.

Where somebody writes as a group or a channel (an anonymous admin), Telegram names an account
that many share, and there is nobody to open for.
"""

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User
from telegram.constants import ChatType

from bot.chat.addressing import find_asker
from bot.chat.cards.markup import text
from bot.chat.cards.start_links import link_to_chat
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import find_message
from bot.chat.wire.sending import reply


class PrivateDoor:
    """Tells who may see what is theirs."""

    def __init__(self, *, readings: ReaderLanguages) -> None:
        """Take the texts."""
        self._readings = readings

    async def admit(self, message: Message, payload: str) -> User | None:
        """Return who wrote a message in private; anybody else is led to ``/start payload`` there."""
        asker = find_asker(message)
        if asker is None:
            phrases = await self._readings.phrases_for(None)
            await reply(message, text(phrases.say("personal.anonymous")))
            return None
        if message.chat.type == ChatType.PRIVATE:
            return asker
        phrases = await self._readings.phrases_for(asker)
        address = link_to_chat(message.get_bot().username, payload)
        button = InlineKeyboardButton(phrases.say("personal.open"), url=address)
        await reply(message, text(phrases.say("personal.in-private")), InlineKeyboardMarkup([[button]]))
        return None


def find_private_message(press: CallbackQuery) -> Message | None:
    """Return the message that a button stands under, if it is in a private chat and can be changed."""
    message = find_message(press)
    return message if message is not None and message.chat.type == ChatType.PRIVATE else None
