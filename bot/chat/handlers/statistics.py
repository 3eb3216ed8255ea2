"""The command /stats: how the bot does, as a picture and figures, for a period chosen by buttons."""

from bot.chat.cards.statistics_card import make_period_buttons
from bot.chat.handlers.admin_door import record_act
from bot.chat.reports import Reports
from bot.chat.turn import MessageTurn, PressTurn
from bot.chat.wire.sending import edit_picture, reply_with_picture
from bot.journal.audit import Act, Audit
from bot.journal.statistics import Period, StatisticsError

STATISTICS_PATTERN = r"^stats:(day|week|month|year|all)$"
"""Matches the callback data of the buttons: a period."""

_KIND = "stats"


class StatisticsDesk:
    """Answers /stats, and its buttons."""

    def __init__(self, *, reports: Reports, audit: Audit) -> None:
        self._reports = reports
        self._audit = audit

    async def stats(self, turn: MessageTurn) -> None:
        """Show the last week."""
        record_act(turn, self._audit, Act.VIEWED_STATS)
        try:
            report = await self._reports.make(Period.WEEK, turn.phrases)
        except StatisticsError:
            await turn.tell("personal.unavailable")
            return
        buttons = make_period_buttons(_KIND, Period.WEEK, turn.phrases)
        await reply_with_picture(turn.message, report.picture, report.caption, buttons)

    async def on_press(self, turn: PressTurn) -> None:
        """Show the period of the button in the same message."""
        await turn.acknowledge()
        if turn.message is None:
            return
        period = Period(turn.value)
        try:
            report = await self._reports.make(period, turn.phrases)
        except StatisticsError:
            await turn.at(turn.message).tell("personal.unavailable")
            return
        buttons = make_period_buttons(_KIND, period, turn.phrases)
        await edit_picture(turn.message, report.picture, report.caption, buttons)
