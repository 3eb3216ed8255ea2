"""The commands for admins: /reload reads the articles again.

Admins are known by their user id alone, and are served in their private chats, where nobody else
reads the reports. To everybody else a command here says no more than that it is not for them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection

from telegram import Message
from telegram.constants import ChatType

from bot.answering import Desk
from bot.chat.addressing import find_asker
from bot.chat.cards.markup import Markup, text
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import delete, edit, reply
from bot.wording.phrases import Phrases

_PROGRESS_EVERY_S = 2.0


class Admin:
    """Does what only admins may have done."""

    def __init__(self, *, desk: Desk, readings: ReaderLanguages, admin_ids: Collection[int]) -> None:
        """Take who reloads, the texts, and who the admins are."""
        self._desk = desk
        self._readings = readings
        self._admin_ids = frozenset(admin_ids)

    async def reload(self, message: Message) -> None:
        """Read the articles again and report what changed, or what is wrong with them."""
        is_private = message.chat.type == ChatType.PRIVATE
        asker = find_asker(message)
        is_admin = asker is not None and asker.id in self._admin_ids
        phrases = await self._readings.phrases_for(asker)
        if not is_private:
            if is_admin:
                await reply(message, text(phrases.say("reload.in-private")))
            return
        if not is_admin:
            await reply(message, text(phrases.say("reload.refused")))
            return
        progress = ReloadProgress()
        async with _showing(progress, message, phrases):
            report = await reload_articles(self._desk, phrases, progress)
        await reply(message, text(report))


@contextlib.asynccontextmanager
async def _showing(progress: ReloadProgress, message: Message, phrases: Phrases) -> AsyncIterator[None]:
    """Keep a message up to date while the work within takes long, and take it back after."""
    shown: list[Message] = []
    showing = asyncio.create_task(_show(progress, message, phrases, shown))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        for notice in shown:
            await delete(notice)


async def _show(progress: ReloadProgress, message: Message, phrases: Phrases, shown: list[Message]) -> None:
    said: Markup | None = None
    while True:
        await asyncio.sleep(_PROGRESS_EVERY_S)
        content = _describe(progress, phrases)
        if not shown:
            shown.extend(filter(None, [await reply(message, content)]))
        elif content != said:
            await edit(shown[0], content)
        said = content


def _describe(progress: ReloadProgress, phrases: Phrases) -> Markup:
    if not progress.total:
        return text(phrases.say("reload.begun"))
    return text(phrases.say("reload.progress", done=progress.done, total=progress.total))
