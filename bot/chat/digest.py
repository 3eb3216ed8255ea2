"""The weekly digest: on Monday each owner gets the picture of the week and the biggest gaps.

It is sent once a week to each owner, also if the bot was down on Monday morning or is restarted, which
the database remembers. Whatever goes wrong is logged, and tried again
at the next look at the clock.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from telegram import Bot
from telegram.error import TelegramError

from bot.chat.cards.fitting import CAPTION_UNITS, count_units, shorten
from bot.chat.cards.markup import neutralise, text
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.reports import Reports
from bot.chat.wire.sending import send, send_picture
from bot.journal.database import DatabaseUnavailableError
from bot.journal.digests import Digests
from bot.journal.statistics import Period, StatisticsError
from bot.language import name_language
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_WEEK = timedelta(days=7)
_AT = time(7, tzinfo=UTC)
_GAPS = 3
_GAP_UNITS = 200


@dataclass(frozen=True, slots=True)
class CountedGap:
    """Questions of one meaning that the articles do not answer: how often, and the latest wording."""

    wording: str
    count: int
    languages: tuple[str, ...]


FindGaps = Callable[[int], Awaitable[Sequence[CountedGap]]]
"""Returns at most so many gaps, the biggest first; raises a DatabaseUnavailableError."""


class Digest:
    """Sends the digest."""

    def __init__(  # noqa: PLR0913 - what a digest is made of, and whom it goes to
        self,
        *,
        reports: Reports,
        find_gaps: FindGaps,
        digests: Digests,
        reader_languages: ReaderLanguages,
        owner_ids: Collection[int],
        clock: Callable[[], datetime],
        try_again_s: float,
    ) -> None:
        """Take, beside its parts, what tells the time in UTC, and the seconds between two looks at it."""
        self._reports = reports
        self._find_gaps = find_gaps
        self._digests = digests
        self._reader_languages = reader_languages
        self._owner_ids = tuple(owner_ids)
        self._clock = clock
        self._try_again_s = try_again_s

    async def keep_sending(self, bot: Bot) -> None:
        """Send each week's digest when it is due, for as long as the bot runs."""
        while True:
            for owner_id in self._owner_ids:
                try:
                    await self._send_if_due(bot, owner_id)
                except (DatabaseUnavailableError, StatisticsError, TelegramError) as error:
                    _LOG.warning("The weekly digest did not reach admin %s yet: %s", owner_id, error)
                except Exception:  # noqa: BLE001 - alerts are told beside it, and must go on
                    _LOG.exception("The weekly digest for admin %s could not be made", owner_id)
            await asyncio.sleep(self._try_again_s)

    async def _send_if_due(self, bot: Bot, owner_id: int) -> None:
        week = _find_week(self._clock())
        if await self._digests.is_sent(week, owner_id):
            return
        phrases = await self._reader_languages.phrases_by_id(bot, owner_id)
        report = await self._reports.make(Period.WEEK, phrases)
        gaps = _describe_gaps(await self._find_gaps(_GAPS), phrases)
        caption = f"{report.caption}\n\n{gaps}" if gaps else report.caption
        is_long = count_units(caption) > CAPTION_UNITS
        await send_picture(bot, owner_id, report.picture, report.caption if is_long else caption)
        # Noted before the rest, so that the picture never comes twice.
        await self._digests.note_sent(week, owner_id)
        if is_long:
            await send(bot, owner_id, text(gaps))


def _find_week(now: datetime) -> str:
    """Return the Monday of the latest digest that is due."""
    due = datetime.combine(now.date() - timedelta(days=now.weekday()), _AT)
    return (due if due <= now else due - _WEEK).date().isoformat()


def _describe_gaps(gaps: Sequence[CountedGap], phrases: Phrases) -> str:
    if not gaps:
        return ""
    lines = [phrases.say("digest.gaps")]
    for gap in gaps:
        languages = ", ".join(name_language(language, phrases.language) for language in gap.languages)
        wording = shorten(" ".join(neutralise(gap.wording).split()), _GAP_UNITS)
        lines.append(f"{gap.count} × {wording} ({languages})")
    return "\n".join(lines)
