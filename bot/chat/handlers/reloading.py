"""Reloading the articles, with a report to the admin.

Any outcome is one report: what changed, every mistake in the files, or that a reload is at work
already. It runs in a worker thread; questions are answered meanwhile. Only admins may read the
report, since it names files.
"""

import asyncio

from bot.answering import Desk, Reload, ReloadRunningError
from bot.chat.cards.fitting import MESSAGE_UNITS, fit_lines, shorten
from bot.chat.cards.markup import neutralise
from bot.chat.cards.paging import list_first
from bot.chat.upkeep import Upkeep
from bot.corpus.articles import CorpusError
from bot.wording.phrases import Phrases

_ARTICLES_NAMED = 10
_NAME_UNITS = 100
_MISTAKE_UNITS = 600


class ReloadAbandonedError(Exception):
    """Ends a reload because nobody waits for its report any more."""


class ReloadProgress:
    """How far a reload is: written by its worker thread, read by the event loop."""

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self._is_abandoned = False

    def __call__(self, done: int, total: int) -> None:
        """Note how many of how many passages are ready.

        Raises:
            ReloadAbandonedError: nobody waits any more; it ends the reload.
        """
        if self._is_abandoned:
            raise ReloadAbandonedError
        self.done, self.total = done, total

    def abandon(self) -> None:
        """Have the reload end at its next step, without any change."""
        self._is_abandoned = True


async def reload_articles(desk: Desk, upkeep: Upkeep, phrases: Phrases, progress: ReloadProgress) -> str:
    """Read the articles again, check pins and tests, and return the report, which fits into one message."""
    try:
        reload = await asyncio.to_thread(desk.reload, progress)
    except ReloadRunningError:
        return phrases.say("reload.running")
    except CorpusError as error:
        return _report_mistakes(error, phrases)
    except asyncio.CancelledError:
        progress.abandon()
        raise
    checks = await upkeep.check(phrases)
    return shorten("\n".join([_report_change(reload, phrases), *checks]), MESSAGE_UNITS)


def _report_change(reload: Reload, phrases: Phrases) -> str:
    before, after, change = reload.before, reload.after, reload.change
    lines = [
        phrases.say("reload.done", seconds=round(reload.elapsed_ms / 1000, 2)),
        phrases.say("reload.articles", before=len(before.articles), after=len(after.articles)),
        phrases.say("reload.passages", before=len(before.passages), after=len(after.passages)),
        phrases.say("reload.version", before=before.version, after=after.version),
    ]
    if not (change.new or change.changed or change.gone):
        lines.append(phrases.say("reload.unchanged"))
    for key, ids in (("new", change.new), ("changed", change.changed), ("gone", change.gone)):
        if ids:
            lines += ["", phrases.say(f"reload.{key}", count=len(ids))]
            lines += list_first(ids, phrases, most=_ARTICLES_NAMED, units=_NAME_UNITS)
    return "\n".join(lines)


def _report_mistakes(error: CorpusError, phrases: Phrases) -> str:
    heading = phrases.say("reload.mistakes", count=len(error.mistakes)) + "\n\n"
    mistakes = [f"• {shorten(neutralise(str(mistake)), _MISTAKE_UNITS)}" for mistake in error.mistakes]
    room = MESSAGE_UNITS - len(heading)
    return heading + "\n".join(fit_lines(mistakes, room, lambda count: phrases.say("left-out", count=count)))
