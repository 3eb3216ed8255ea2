"""The command /audit: who did what to the bot, and when, the latest first, a page at a time."""

from babel.dates import format_datetime
from telegram import InlineKeyboardMarkup

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import Markup, neutralise, text
from bot.chat.cards.paging import turn_rows
from bot.chat.turn import MessageTurn, PressTurn
from bot.journal.audit import Audit, Entry
from bot.journal.database import DatabaseUnavailableError
from bot.model import Origin
from bot.wording.phrases import Phrases

AUDIT_PATTERN = r"^audit:\d{1,12}$"
"""Matches the callback data of the buttons: the number of later acts before the page."""

_PAGE = 10
_LINE_UNITS = 300


class Trail:
    """Answers /audit, and turns its pages."""

    def __init__(self, audit: Audit) -> None:
        self._audit = audit

    async def audit(self, turn: MessageTurn) -> None:
        """Show the latest acts."""
        try:
            page, buttons = await self._make_page(0, turn.phrases)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        await turn.reply(page, buttons)

    async def on_press(self, turn: PressTurn) -> None:
        """Turn to the page of the button."""
        try:
            page, buttons = await self._make_page(int(turn.value), turn.phrases)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        await turn.acknowledge()
        await turn.show(page, buttons)

    async def _make_page(self, skip: int, phrases: Phrases) -> tuple[Markup, InlineKeyboardMarkup | None]:
        entries = await self._audit.list_entries(skip, _PAGE)
        if not entries.shown:
            return text(phrases.say("audit.nothing")), None
        lines = [phrases.say("audit.heading"), ""]
        lines += [describe_entry(entry, phrases) for entry in entries.shown]
        rows = turn_rows(
            "audit", skip, entries.total, _PAGE, phrases, back="audit.later", forth="audit.earlier"
        )
        return text("\n".join(lines)), InlineKeyboardMarkup(rows) if rows else None


def describe_entry(entry: Entry, phrases: Phrases) -> str:
    """Return an act as one line: when (UTC), who, what."""
    if entry.actor.origin is not Origin.TELEGRAM:
        who = phrases.say("audit.shell")
    else:
        who = entry.actor.name or phrases.say("audit.erased")
    when = format_datetime(entry.acted_at, "short", locale=phrases.language)
    what = phrases.say(f"act.{entry.act.value}")
    parts = [when, who, what, entry.subject_name, entry.detail]
    line = " · ".join(part for part in parts if part)
    return shorten(" ".join(neutralise(line).split()), _LINE_UNITS)
