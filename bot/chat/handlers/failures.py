"""Failures of handlers: logged first, reported to the admins, then apologised for.

The handlers that run in groups run only for messages to the bot and for its buttons, so whoever
wrote or pressed waits for an answer. It does not repair anything.
"""

import logging

from telegram import Update
from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram.ext import ContextTypes

from bot.chat.alerts import Alerts
from bot.chat.turn import Turns
from bot.chat.wire.sending import UndeliveredError
from bot.chat.wire.update_in_hand import in_hand
from bot.model import Trouble, TroubleKind

_LOG = logging.getLogger(__name__)


class Failures:
    """The application's error handler; it never raises."""

    def __init__(self, *, turns: Turns, alerts: Alerts) -> None:
        self._turns = turns
        self._alerts = alerts

    async def on_error(self, update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Log an error and apologise to the person waiting; postpone an update that was not delivered."""
        handling = in_hand.get()
        if isinstance(context.error, UndeliveredError) and handling is not None:
            if handling.is_concluded:
                _LOG.error(
                    "What was meant for chat %s could not be sent: %s", handling.chat_id, context.error
                )
            else:
                handling.postpone(context.error.pause_s)
            return
        message = update.message or update.edited_message if isinstance(update, Update) else None
        press = update.callback_query if isinstance(update, Update) else None
        chat_id = update.effective_chat.id if isinstance(update, Update) and update.effective_chat else None
        _LOG.error("Failed to handle an update from chat %s", chat_id, exc_info=context.error)
        if not _is_telegrams(context.error):
            # The error may quote a secret. The log masks secrets; an alert only names the kind of error.
            self._alerts.report(Trouble(TroubleKind.UPDATE_FAILED, type(context.error).__name__))
        turn = await self._turns.of_message(message) if message else None
        if press is not None:
            pressed = await self._turns.of_press(press)
            if handling is None or not handling.is_acknowledged:
                await pressed.acknowledge("press.failed")
            elif pressed.message:
                # Telegram takes one note a press, and this one had its.
                turn = pressed.at(pressed.message)
        if turn is None:
            return
        try:
            await turn.tell("apology")
        except TelegramError as error:
            _LOG.warning("Could not apologise to chat %s: %s", chat_id, error)


def _is_telegrams(error: Exception | None) -> bool:
    """Tell whether Telegram was unreachable or busy, which is not the bot's fault."""
    return isinstance(error, NetworkError | RetryAfter) and not isinstance(error, BadRequest)
