"""Questions from a terminal: asked at the desk, and recorded in the journal."""

import asyncio
from datetime import UTC, datetime

from bot.answering import Desk
from bot.chat.handlers.reloading import ReloadProgress, reload_articles
from bot.chat.upkeep import Upkeep
from bot.journal.exchanges import Journal
from bot.journal.gaps import Gap, Gaps
from bot.journal.personal import LocalRecords
from bot.model import Corpus, Earlier, Exchange, Origin
from bot.wording.phrases import Phrases


class Session:
    """Questions from a terminal: answered at once, and recorded between two questions.

    ``language`` is the one that all questions are in; None: each one's is detected, with that of the
    person's system, ``system``, as a hint. They read both.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a terminal may do; the languages have defaults
        self,
        desk: Desk,
        journal: Journal,
        records: LocalRecords,
        gaps: Gaps,
        upkeep: Upkeep,
        runner: asyncio.Runner,
        *,
        language: str | None = None,
        system: str | None = None,
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._records = records
        self._gaps = gaps
        self._upkeep = upkeep
        self._runner = runner
        self._language = language
        self._system = system

    @property
    def corpus(self) -> Corpus:
        """The corpus that questions are answered from."""
        return self._desk.corpus

    def ask(self, text: str, limit: int, origin: Origin, earlier: Earlier | None = None) -> Exchange:
        """Answer one question with at most ``limit`` passages; ``earlier`` came just before."""
        asked_at = datetime.now(UTC)
        reads = [language for language in (self._language, self._system) if language]
        answer = self._desk.ask(
            text, language=self._language, hint=self._system, earlier=earlier, reads=reads, limit=limit
        )
        return Exchange(asked_at=asked_at, origin=origin, answer=answer)

    def record(self, exchange: Exchange) -> None:
        """Record an exchange; it is on disk when this returns."""
        self._runner.run(self._record(exchange))

    def reload(self, phrases: Phrases) -> str:
        """Read the articles again, and return the report."""
        return self._runner.run(reload_articles(self._desk, self._upkeep, phrases, ReloadProgress()))

    def forget(self) -> int:
        """Erase every exchange of this machine's terminals; return how many there were.

        Raises:
            DatabaseUnavailableError: the file cannot be written now.
        """
        erased = self._runner.run(self._records.forget())
        self._runner.run(self._upkeep.refresh())
        return erased

    def list_gaps(self) -> tuple[Gap, ...]:
        """Return what the articles lack, the biggest gap first.

        Raises:
            DatabaseUnavailableError: the database cannot be read.
        """
        return self._runner.run(self._gaps.list_gaps())

    async def _record(self, exchange: Exchange) -> None:
        self._journal.record(exchange)
        await self._journal.flush()
