"""Personal data are shown in private chats only; elsewhere a button leads there.

Where somebody writes as a group or a channel (an anonymous admin), Telegram names an account
that many share, and there is nobody to open for.
"""

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, User

from bot.chat.cards.markup import text
from bot.chat.cards.start_links import link_to_chat
from bot.chat.turn import MessageTurn


async def admit(turn: MessageTurn, payload: str) -> User | None:
    """Return the person if the chat is private; otherwise offer a link to ``/start payload`` there."""
    if turn.asker is None:
        await turn.tell("personal.anonymous")
        return None
    if turn.is_private:
        return turn.asker
    address = link_to_chat(turn.bot.username, payload)
    button = InlineKeyboardButton(turn.say("personal.open"), url=address)
    await turn.reply(text(turn.say("personal.in-private")), InlineKeyboardMarkup([[button]]))
    return None
