"""The command menus: which commands Telegram offers to whom.

Everybody is offered the same; an admin's own chat also offers what only admins may do. Telegram
refuses a menu for an admin who never wrote to the bot, so it is set again at the next message.
Menus are a convenience: whatever goes wrong with them is logged and stops nothing.
"""

import logging
from collections.abc import Collection

from telegram import Bot, BotCommand, BotCommandScope, BotCommandScopeChat, BotCommandScopeDefault, Message
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_FOR_EVERYBODY = ("ask", "sources", "help", "start")
_FOR_ADMINS = ("reload",)
_NEVER_WROTE = "chat not found"


class Menus:
    """Sets the menus, and remembers which admins have none yet."""

    def __init__(self, *, phrases: Phrases, admin_ids: Collection[int]) -> None:
        """Take the texts, and who the admins are."""
        self._phrases = phrases
        self._admin_ids = frozenset(admin_ids)
        self._admins_without = set(admin_ids)

    async def publish(self, bot: Bot) -> None:
        """Set every menu."""
        await self._set(bot, self._describe(_FOR_EVERYBODY), BotCommandScopeDefault())
        for admin_id in sorted(self._admins_without):
            await self._set_for_admin(bot, admin_id)

    async def on_admin_message(self, message: Message) -> None:
        """Set an admin's menu where Telegram refused it so far."""
        if message.chat_id in self._admins_without:
            await self._set_for_admin(message.get_bot(), message.chat_id)

    def commands_for(self, message: Message) -> list[BotCommand]:
        """Return the commands that the menu offers where a message was written."""
        is_admin = message.chat.type == ChatType.PRIVATE and message.chat_id in self._admin_ids
        return self._describe(_FOR_EVERYBODY + _FOR_ADMINS if is_admin else _FOR_EVERYBODY)

    async def _set_for_admin(self, bot: Bot, admin_id: int) -> None:
        # Taken out at once, so that two messages in a row do not set it twice.
        self._admins_without.discard(admin_id)
        commands = self._describe(_FOR_EVERYBODY + _FOR_ADMINS)
        if not await self._set(bot, commands, BotCommandScopeChat(admin_id)):
            self._admins_without.add(admin_id)

    async def _set(self, bot: Bot, commands: list[BotCommand], scope: BotCommandScope) -> bool:
        """Set one menu and tell whether Telegram took it."""
        try:
            await bot.set_my_commands(commands, scope=scope)
        except TelegramError as error:
            level = logging.INFO if _NEVER_WROTE in error.message.lower() else logging.WARNING
            _LOG.log(level, "A command menu (%s) is not set yet: %s", scope.to_dict(), error)
            return False
        return True

    def _describe(self, commands: tuple[str, ...]) -> list[BotCommand]:
        return [BotCommand(command, self._phrases.say(f"command.{command}")) for command in commands]
