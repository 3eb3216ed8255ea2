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
from bot.corpus.changes import Change, ChangedSinceError, GoneError, StoreError
from bot.corpus.store import TRASH, ArticleStore
from bot.model import Corpus
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
            StoreError: it cannot be made, or not be taken back.
            CorpusError: the articles do not load with it; the folder is as before.
        """
        async with self._changing:
            served = self._desk.corpus
            made = await asyncio.to_thread(change)
            try:
                reload = await self._reload()
            except CorpusError:
                # A press that comes again finds its change made and serving: the mistake is not in that.
                if not _is_within(made, served):
                    await asyncio.to_thread(self._store.take_back, made, by=by)
                raise
            return Done(made, reload, tuple(await self._upkeep.check(phrases)))

    async def _reload(self) -> Reload:
        """Read the articles, after a reload that is running."""
        while True:
            try:
                return await asyncio.to_thread(self._desk.reload)
            except ReloadRunningError:
                await asyncio.sleep(_LOOK_EVERY_S)


def _is_within(change: Change, corpus: Corpus) -> bool:
    """Tell whether the articles are as a change makes them."""
    digests = {f"{article.id}.md": article.digest for article in corpus.articles}
    steps = (step for step in change.steps if not step.path.startswith(f"{TRASH}/"))
    return all(digests.get(step.path) == step.after for step in steps)


def describe_failure(failure: object) -> str:
    """Return what a failure says, short and harmless enough for a message."""
    return shorten(neutralise(str(failure)), _DETAIL_UNITS)
