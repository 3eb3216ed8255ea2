"""The command /reload, which reads the articles again, and the menus of admins.

``admin_door`` lets in only who may.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from telegram import Message

from bot.answering import Desk
from bot.chat.cards.markup import Markup, text
from bot.chat.handlers.admin_door import record_act
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.profile.menus import Menus
from bot.chat.turn import MessageTurn
from bot.chat.upkeep import Upkeep
from bot.chat.wire.sending import delete, edit
from bot.journal.audit import Act, Audit
from bot.wording.phrases import Phrases

_PROGRESS_EVERY_S = 2.0


class Admin:
    """Answers /reload, and sets the menus that admins lack."""

    def __init__(self, *, desk: Desk, upkeep: Upkeep, menus: Menus, audit: Audit) -> None:
        self._desk = desk
        self._upkeep = upkeep
        self._menus = menus
        self._audit = audit

    async def on_message(self, turn: MessageTurn) -> None:
        """Set an admin's command menu where Telegram refused it so far."""
        await self._menus.set_missing(turn.bot, turn.message.chat_id)

    async def reload(self, turn: MessageTurn) -> None:
        """Read the articles again and report what changed, or what is wrong with them."""
        record_act(turn, self._audit, Act.RELOADED)
        progress = ReloadProgress()
        async with _showing(progress, turn):
            report = await reload_articles(self._desk, self._upkeep, turn.phrases, progress)
        await turn.reply(text(report))


@contextlib.asynccontextmanager
async def _showing(progress: ReloadProgress, turn: MessageTurn) -> AsyncIterator[None]:
    """Keep a message up to date while the work within takes long, and take it back after."""
    shown: list[Message] = []
    showing = asyncio.create_task(_show(progress, turn, shown))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
        for notice in shown:
            await delete(notice)


async def _show(progress: ReloadProgress, turn: MessageTurn, shown: list[Message]) -> None:
    said: Markup | None = None
    while True:
        await asyncio.sleep(_PROGRESS_EVERY_S)
        content = _describe(progress, turn.phrases)
        if not shown:
            shown.extend(filter(None, [await turn.reply(content)]))
        elif content != said:
            await edit(shown[0], content)
        said = content


def _describe(progress: ReloadProgress, phrases: Phrases) -> Markup:
    if not progress.total:
        return text(phrases.say("reload.begun"))
    return text(phrases.say("reload.progress", done=progress.done, total=progress.total))
