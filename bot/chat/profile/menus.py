"""The command menus: which commands Telegram offers to whom, in each language.

Private chats have more commands than groups, and an admin's chat also has what only admins may
do. A reader who chose a language has the menu in it. Telegram refuses a menu for an admin who
never wrote to the bot, so it is set at the next message. What is set already is left alone.
"""

import logging
from collections.abc import Collection
from functools import partial

from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    Message,
)
from telegram.constants import ChatType
from telegram.error import TelegramError

from bot.chat.profile.publishing import Step
from bot.chat.reader_languages import ReaderLanguages
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_ANYWHERE = ("ask", "sources", "privacy", "help")
_IN_PRIVATE = ("ask", "sources", "history", "language", "privacy", "mydata", "forget", "help", "start")
_FOR_ADMINS = ("reload",)
_MENUS: tuple[tuple[BotCommandScope, tuple[str, ...]], ...] = (
    (BotCommandScopeDefault(), _ANYWHERE),
    (BotCommandScopeAllGroupChats(), _ANYWHERE),
    (BotCommandScopeAllPrivateChats(), _IN_PRIVATE),
)
_NEVER_WROTE = "chat not found"


class Menus:
    """Sets the menus, and remembers which admins still lack theirs."""

    def __init__(self, *, reader_languages: ReaderLanguages, admin_ids: Collection[int]) -> None:
        self._reader_languages = reader_languages
        self._texts = reader_languages.by_code
        self._admin_ids = frozenset(admin_ids)
        self._admins_without = set(admin_ids)

    def list_menus(self, bot: Bot) -> list[Step]:
        """Return the steps that set the menus for everybody."""
        return [
            partial(_set_menu, bot, scope, code, _describe(commands, phrases))
            for scope, commands in _MENUS
            for code, phrases in self._texts.items()
        ]

    async def publish_for_admins(self, bot: Bot) -> None:
        """Set the menus of the admins who have written already."""
        for admin_id in sorted(self._admins_without):
            await self._set_for_admin(bot, admin_id)

    async def set_missing(self, bot: Bot, admin_id: int) -> None:
        """Set an admin's menu where Telegram refused it so far."""
        if admin_id in self._admins_without:
            await self._set_for_admin(bot, admin_id)

    async def set_for_reader(self, bot: Bot, user_id: int, language: str | None) -> None:
        """Show a reader the menu in the language they chose, or again in that of their Telegram."""
        if user_id in self._admin_ids:
            await self._set_for_admin(bot, user_id)
            return
        scope = BotCommandScopeChat(user_id)
        try:
            if language is None:
                await bot.delete_my_commands(scope)
            else:
                await _set_menu(
                    bot, scope, "", _describe(_IN_PRIVATE, self._reader_languages.phrases_in(language))
                )
        except TelegramError as error:
            _LOG.warning("Could not change a reader's menu: %s", error)

    def describe_commands(self, message: Message, phrases: Phrases) -> list[BotCommand]:
        """Return the commands of the chat of a message."""
        if message.chat.type != ChatType.PRIVATE:
            return _describe(_ANYWHERE, phrases)
        is_admin = message.chat_id in self._admin_ids
        return _describe(_IN_PRIVATE + _FOR_ADMINS if is_admin else _IN_PRIVATE, phrases)

    async def _set_for_admin(self, bot: Bot, admin_id: int) -> None:
        # Taken out at once, so that two messages in a row do not set it twice.
        self._admins_without.discard(admin_id)
        chosen = await self._reader_languages.find_choice(admin_id)
        scope = BotCommandScopeChat(admin_id)
        try:
            for code, phrases in self._texts.items():
                shown = self._reader_languages.phrases_in(chosen[0]) if chosen else phrases
                await _set_menu(bot, scope, code, _describe(_IN_PRIVATE + _FOR_ADMINS, shown))
        except TelegramError as error:
            level = logging.INFO if _NEVER_WROTE in error.message.lower() else logging.WARNING
            _LOG.log(level, "The menu of admin %s is not set yet: %s", admin_id, error)
            self._admins_without.add(admin_id)


async def _set_menu(bot: Bot, scope: BotCommandScope, code: str, commands: list[BotCommand]) -> None:
    if list(await bot.get_my_commands(scope, code)) != commands:
        await bot.set_my_commands(commands, scope, code)


def _describe(commands: tuple[str, ...], phrases: Phrases) -> list[BotCommand]:
    return [BotCommand(command, phrases.say(f"command.{command}")) for command in commands]
