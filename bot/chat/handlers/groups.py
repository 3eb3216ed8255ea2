"""Events in groups: the bot is added, and a group becomes a supergroup.

When added it says how it is asked, once. It asks and answers nothing there by itself.
"""

import contextlib

from telegram import Bot, ChatMemberUpdated
from telegram.constants import ChatMemberStatus, ChatType

from bot.answering import Desk
from bot.chat.cards.markup import text
from bot.chat.turn import MessageTurn, Turn
from bot.chat.wire.sending import send
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal

_AWAY = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)
_THERE = (ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR)
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


class Groups:
    """Greets groups, and follows them when their id changes."""

    def __init__(self, *, desk: Desk, journal: Journal) -> None:
        self._desk = desk
        self._journal = journal

    async def on_membership(self, turn: Turn, change: ChatMemberUpdated) -> None:
        """Say how to ask when the bot is added to a group."""
        is_added = change.old_chat_member.status in _AWAY and change.new_chat_member.status in _THERE
        if not is_added or change.chat.type not in _GROUPS:
            return
        bot: Bot = change.get_bot()
        articles = turn.say("articles", count=len(self._desk.corpus.articles))
        greeting = turn.say("group.greeting", handle=f"@{bot.username}", articles=articles)
        await send(bot, change.chat.id, text(greeting))

    async def on_migration(self, turn: MessageTurn) -> None:
        """Move a group's exchanges to its new id as a supergroup."""
        message = turn.message
        old_id = message.migrate_from_chat_id or message.chat_id
        new_id = message.migrate_to_chat_id or message.chat_id
        # If that fails, later questions cannot lean on the earlier ones; nothing else is lost.
        with contextlib.suppress(DatabaseUnavailableError):
            await self._journal.move_chat(old_id, new_id)
