"""The commands for admins: /reload reads the articles again.

Admins are known by their user id alone, and are served in their private chats, where nobody else
reads the reports. To everybody else a command here says no more than that it is not for them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from telegram import Message
from telegram.constants import ChatType

from bot.answering import Answerer
from bot.chat.markup import Markup, text
from bot.chat.reloading import ReloadProgress, reload_articles
from bot.chat.sending import delete, edit, reply
from bot.wording.phrases import Phrases

_PROGRESS_EVERY_S = 2.0


class Admin:
    """Does what only admins may have done."""

    def __init__(self, *, answerer: Answerer, phrases: Phrases, admin_ids: Collection[int]) -> None:
        """Take who reloads, the texts, and who the admins are."""
        self._answerer = answerer
        self._phrases = phrases
        self._admin_ids = frozenset(admin_ids)

    async def reload(self, message: Message) -> None:
        """Read the articles again and report what changed, or what is wrong with them."""
        is_private = message.chat.type == ChatType.PRIVATE
        is_admin = message.from_user is not None and message.from_user.id in self._admin_ids
        if not is_private:
            if is_admin:
                await reply(message, self._say("reload.in-private"))
            return
        if not is_admin:
            await reply(message, self._say("reload.refused"))
            return
        progress = ReloadProgress()
        async with self._showing(progress, message):
            report = await reload_articles(self._answerer, self._phrases, progress)
        await reply(message, text(report))

    @contextlib.asynccontextmanager
    async def _showing(self, progress: ReloadProgress, message: Message) -> AsyncIterator[None]:
        """Keep a message up to date while the work within takes long, and take it back after."""
        shown: list[Message] = []
        showing = asyncio.create_task(self._show(progress, message, shown))
        try:
            yield
        finally:
            showing.cancel()
            for notice in shown:
                await delete(notice)

    async def _show(self, progress: ReloadProgress, message: Message, shown: list[Message]) -> None:
        said: Markup | None = None
        while True:
            await asyncio.sleep(_PROGRESS_EVERY_S)
            content = self._describe(progress)
            if not shown:
                shown.extend(filter(None, [await reply(message, content)]))
            elif content != said:
                await edit(shown[0], content)
            said = content

    def _describe(self, progress: ReloadProgress) -> Markup:
        if not progress.total:
            return self._say("reload.begun")
        return self._say("reload.progress", done=progress.done, total=progress.total)

    def _say(self, key: str, **values: object) -> Markup:
        return text(self._phrases.say(key, **values))
