"""Changes of the corpus folder from a chat: one at a time, read again at once, taken back if that fails.

So the folder always loads after a change that was reported as made, and a change that does not load
leaves the folder as it was. Pins and tests are checked after each change, as after a reload.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bot.answering import Desk, Reload, ReloadRunningError
from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import neutralise
from bot.chat.turn import MessageTurn
from bot.chat.upkeep import Upkeep
from bot.corpus.articles import CorpusError
from bot.corpus.store import ArticleStore, Change, ChangedSinceError, GoneError, StoreError
from bot.wording.phrases import Phrases

_LOOK_EVERY_S = 0.2
_DETAIL_UNITS = 600


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made, and what came of reading the articles again.

    ``checks`` are the lines of the report on pins and tests.
    """

    change: Change
    reload: Reload
    checks: tuple[str, ...]


class CorpusChanges:
    """Makes changes and has the articles read again."""

    def __init__(self, *, desk: Desk, upkeep: Upkeep, store: ArticleStore) -> None:
        self._desk = desk
        self._upkeep = upkeep
        self._store = store
        self._changing = asyncio.Lock()

    async def make(self, turn: MessageTurn, change: Callable[[], Change], by: str) -> Done | None:
        """Make a change, in a worker thread, and read the articles; if it cannot be made, say why."""
        try:
            return await self._make(change, by, turn.phrases)
        except (GoneError, ChangedSinceError):
            await turn.tell("articles.gone")
        except CorpusError as error:
            await turn.tell("articles.not-loading", detail=describe_failure(error.mistakes[0]))
        except StoreError as error:
            await turn.tell("articles.read-only", detail=describe_failure(error))
        return None

    async def _make(self, change: Callable[[], Change], by: str, phrases: Phrases) -> Done:
        """Make a change.

        Raises:
            StoreError: it cannot be made.
            CorpusError: the articles do not load with it; it was undone.
        """
        async with self._changing:
            made = await asyncio.to_thread(change)
            try:
                reload = await self._reload()
            except CorpusError:
                await asyncio.to_thread(self._store.undo, made.key, by=by)
                raise
            return Done(made, reload, tuple(await self._upkeep.check(phrases)))

    async def _reload(self) -> Reload:
        """Read the articles, after a reload that is running."""
        while True:
            try:
                return await asyncio.to_thread(self._desk.reload)
            except ReloadRunningError:
                await asyncio.sleep(_LOOK_EVERY_S)


def describe_failure(failure: object) -> str:
    """Return what a failure says, short and harmless enough for a message."""
    return shorten(neutralise(str(failure)), _DETAIL_UNITS)
