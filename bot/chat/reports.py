"""The statistics of a period as a message: a picture, and the figures below it.

It reads and draws for up to some seconds, so it does both in a worker thread, one report at a time.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.chart import can_draw, draw_chart
from bot.chat.cards.statistics_card import describe_statistics, make_chart
from bot.journal.exchanges import Journal
from bot.journal.statistics import Period, read_statistics
from bot.wording.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Report:
    """A picture (PNG) and its caption."""

    picture: bytes
    caption: str


class Reports:
    """Makes reports."""

    def __init__(self, *, database: Path, journal: Journal, english: Phrases) -> None:
        """Take the file, and the texts of a picture whose font lacks the characters of other ones."""
        self._database = database
        self._journal = journal
        self._english = english
        self._drawing = asyncio.Lock()

    async def make(self, period: Period, phrases: Phrases) -> Report:
        """Make the report on a period that ends now.

        Raises:
            StatisticsError: the database cannot be read.
        """
        await self._journal.flush()
        async with self._drawing:
            return await asyncio.to_thread(self._make, period, phrases)

    def _make(self, period: Period, phrases: Phrases) -> Report:
        statistics = read_statistics(self._database, period, datetime.now(UTC))
        chart = make_chart(statistics, phrases)
        if not can_draw(chart.texts):
            chart = make_chart(statistics, self._english)
        return Report(draw_chart(chart), describe_statistics(statistics, phrases))
