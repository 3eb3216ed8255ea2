"""The command menus: which commands Telegram offers to whom, in each language.

Private chats have more commands than groups, and an admin's chat also has what their role lets them
do. A reader who chose a language has the menu in it. Telegram refuses a menu for an admin who
never wrote to the bot, so it is set at the next message. What is set already is left alone.
"""

import logging
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
from telegram.ext import filters

from bot.chat.permissions import Part, Permissions
from bot.chat.profile.publishing import Step
from bot.chat.reader_languages import ReaderLanguages
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_ANYWHERE = ("ask", "sources", "privacy", "help")
_IN_PRIVATE = ("ask", "sources", "history", "language", "privacy", "mydata", "forget", "help", "start")
_FOR_ADMINS = (
    ("stats", Part.STATS),
    ("gaps", Part.GAPS),
    ("pins", Part.PINS),
    ("articles", Part.ARTICLES),
    ("reload", Part.ARTICLES),
    ("versions", Part.VERSIONS),
    ("version", Part.VERSIONS),
    ("export", Part.EXPORT),
    ("allow", Part.ROLES),
    ("audit", Part.AUDIT),
)
_MENUS: tuple[tuple[BotCommandScope, tuple[str, ...]], ...] = (
    (BotCommandScopeDefault(), _ANYWHERE),
    (BotCommandScopeAllGroupChats(), _ANYWHERE),
    (BotCommandScopeAllPrivateChats(), _IN_PRIVATE),
)
_NEVER_WROTE = "chat not found"


class Menus:
    """Sets the menus, and remembers which admins still lack theirs."""

    def __init__(self, *, reader_languages: ReaderLanguages, permissions: Permissions) -> None:
        self._reader_languages = reader_languages
        self._texts = reader_languages.by_code
        self._permissions = permissions
        self._lacking = filters.User(permissions.owner_ids)
        # They have a menu for each language, and each goes before the one for all languages.
        self._with_menu = set[int]()

    @property
    def lacking(self) -> filters.MessageFilter:
        """Admits messages of the admins who still lack their menu."""
        return self._lacking

    def list_menus(self, bot: Bot) -> list[Step]:
        """Return the steps that set the menus for everybody."""
        return [
            partial(_set_menu, bot, scope, code, _describe(commands, phrases))
            for scope, commands in _MENUS
            for code, phrases in self._texts.items()
        ]

    async def publish_for_admins(self, bot: Bot) -> None:
        """Set the menus of the admins who have written already."""
        for admin_id in sorted(await self._permissions.list_admin_ids()):
            await self._set_for_admin(bot, admin_id)

    async def set_missing(self, bot: Bot, admin_id: int) -> None:
        """Set an admin's menu where Telegram refused it so far."""
        if admin_id in self._lacking.user_ids:
            await self._set_for_admin(bot, admin_id)

    async def set_for_role(self, bot: Bot, user_id: int) -> None:
        """Show a person the menu of a role that they got, changed or lost."""
        chosen = await self._reader_languages.find_choice(user_id)
        await self.set_for_reader(bot, user_id, chosen[0] if chosen else None)

    async def set_for_reader(self, bot: Bot, user_id: int, language: str | None) -> None:
        """Show a reader the menu of their role, in the language they chose or in that of their Telegram."""
        if await self._permissions.find_parts(user_id):
            await self._set_for_admin(bot, user_id)
            return
        self._lacking.remove_user_ids(user_id)
        scope = BotCommandScopeChat(user_id)
        try:
            if user_id in self._with_menu:
                for code in filter(None, self._texts):
                    await bot.delete_my_commands(scope, code)
                self._with_menu.remove(user_id)
            if language is None:
                await bot.delete_my_commands(scope)
            else:
                await _set_menu(
                    bot, scope, "", _describe(_IN_PRIVATE, self._reader_languages.phrases_in(language))
                )
        except TelegramError as error:
            _LOG.warning("Could not change a reader's menu: %s", error)

    async def describe_commands(self, message: Message, phrases: Phrases) -> list[BotCommand]:
        """Return the commands of the chat of a message."""
        if message.chat.type != ChatType.PRIVATE:
            return _describe(_ANYWHERE, phrases)
        return _describe(await self._list_commands(message.chat_id), phrases)

    async def _list_commands(self, user_id: int) -> tuple[str, ...]:
        parts = await self._permissions.find_parts(user_id)
        return _IN_PRIVATE + tuple(command for command, part in _FOR_ADMINS if part in parts)

    async def _set_for_admin(self, bot: Bot, admin_id: int) -> None:
        # Taken out at once, so that two messages in a row do not set it twice.
        self._lacking.remove_user_ids(admin_id)
        chosen = await self._reader_languages.find_choice(admin_id)
        commands = await self._list_commands(admin_id)
        scope = BotCommandScopeChat(admin_id)
        try:
            for code, phrases in self._texts.items():
                shown = self._reader_languages.phrases_in(chosen[0]) if chosen else phrases
                await _set_menu(bot, scope, code, _describe(commands, shown))
            self._with_menu.add(admin_id)
        except TelegramError as error:
            level = logging.INFO if _NEVER_WROTE in error.message.lower() else logging.WARNING
            _LOG.log(level, "The menu of admin %s is not set yet: %s", admin_id, error)
            self._lacking.add_user_ids(admin_id)


async def _set_menu(bot: Bot, scope: BotCommandScope, code: str, commands: list[BotCommand]) -> None:
    if list(await bot.get_my_commands(scope, code)) != commands:
        await bot.set_my_commands(commands, scope, code)


def _describe(commands: tuple[str, ...], phrases: Phrases) -> list[BotCommand]:
    return [BotCommand(command, phrases.say(f"command.{command}")) for command in commands]
