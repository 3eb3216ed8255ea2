"""The command /export: the log of exchanges as a file.

Period, form and ids are chosen by buttons, which carry all three choices, so that they work after
a restart. A file that Telegram would not take is left to the shell.
"""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.cards.keyboards import CHOSEN
from bot.chat.cards.markup import text
from bot.chat.handlers.admin_door import record_act
from bot.chat.turn import MessageTurn, PressTurn
from bot.chat.wire import sending
from bot.chat.wire.sending import reply_with_file
from bot.journal.audit import Act, Audit
from bot.journal.exchanges import Journal
from bot.journal.export import ExportError, Form, export_exchanges, load_key
from bot.journal.statistics import Period
from bot.wording.phrases import Phrases

EXPORT_PATTERN = r"^export:(day|week|month|year|all):(csv|jsonl):(pseudonyms|ids):(choose|send)$"
"""Matches the callback data of the buttons: the choices, and whether the file is asked for."""

_PSEUDONYMS, _IDS = "pseudonyms", "ids"
_PERIODS_A_ROW = 3


class _Choice(NamedTuple):
    period: Period = Period.WEEK
    form: Form = Form.CSV
    ids: str = _PSEUDONYMS

    def carry(self, deed: str = "choose") -> str:
        return f"export:{self.period.value}:{self.form.value}:{self.ids}:{deed}"


class Exporting:
    """Answers /export, and its buttons."""

    def __init__(self, *, database: Path, journal: Journal, audit: Audit) -> None:
        """Take the file; the key of the pseudonyms is kept beside it."""
        self._database = database
        self._journal = journal
        self._audit = audit

    async def export(self, turn: MessageTurn) -> None:
        """Offer the choices."""
        await turn.reply(text(turn.say("export.choose")), _make_buttons(_Choice(), turn.phrases))

    async def on_press(self, turn: PressTurn) -> None:
        """Show what was chosen, or send the file."""
        period, form, ids, deed = turn.value.split(":")
        choice = _Choice(Period(period), Form(form), ids)
        await turn.acknowledge()
        if turn.message is None:
            return
        if deed == "choose":
            await turn.show(text(turn.say("export.choose")), _make_buttons(choice, turn.phrases))
            return
        await self._journal.flush()
        try:
            file = await asyncio.to_thread(self._collect, choice)
        except ExportError:
            await turn.at(turn.message).tell("personal.unavailable")
            return
        if file is None:
            await turn.at(turn.message).tell("export.too-large")
            return
        record_act(turn, self._audit, Act.EXPORTED, f"{choice.period} {choice.form} {choice.ids}")
        caption = turn.say(f"export-caption.{choice.ids}")
        await reply_with_file(turn.message, file, f"exchanges-{choice.period}.{choice.form}", caption)

    def _collect(self, choice: _Choice) -> bytes | None:
        """Return the file, or None where it would be too large."""
        key = load_key(self._database.parent) if choice.ids == _PSEUDONYMS else None
        file = bytearray()
        for line in export_exchanges(self._database, choice.period, choice.form, datetime.now(UTC), key=key):
            file += line.encode("utf-8", "replace")
            if len(file) > sending.MOST_FILE_BYTES:
                return None
        return bytes(file)


def _make_buttons(chosen: _Choice, phrases: Phrases) -> InlineKeyboardMarkup:
    periods = [
        _make_button(phrases.say(f"period.{period.value}"), chosen._replace(period=period), chosen)
        for period in Period
    ]
    forms = [
        _make_button(label, chosen._replace(form=form), chosen)
        for label, form in (("CSV", Form.CSV), ("JSON Lines", Form.JSON_LINES))
    ]
    ids = [
        _make_button(phrases.say(f"export.{ids}"), chosen._replace(ids=ids), chosen)
        for ids in (_PSEUDONYMS, _IDS)
    ]
    send = InlineKeyboardButton(phrases.say("export.send"), callback_data=chosen.carry("send"))
    return InlineKeyboardMarkup([periods[:_PERIODS_A_ROW], periods[_PERIODS_A_ROW:], forms, ids, [send]])


def _make_button(label: str, choice: _Choice, chosen: _Choice) -> InlineKeyboardButton:
    return InlineKeyboardButton(label + CHOSEN * (choice == chosen), callback_data=choice.carry())
