"""One update being handled: who asks, and the language in which the bot talks to them.

Handlers take a turn and see nothing else of an update. ``Turns`` makes them, in one place, and
is where python-telegram-bot's callbacks come from. A turn does not know what it is about.
"""

import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar, cast

from telegram import (
    Bot,
    CallbackQuery,
    ChatMemberUpdated,
    ChosenInlineResult,
    InlineKeyboardMarkup,
    InlineQuery,
    Message,
    Update,
    User,
)
from telegram.constants import ChatType
from telegram.error import TelegramError
from telegram.ext import ContextTypes

from bot.chat.addressing import find_asker
from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import Markup, text
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import edit, reply
from bot.chat.wire.update_in_hand import Handling, in_hand
from bot.wording.phrases import Phrases

_T = TypeVar("_T")
Callback: TypeAlias = Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]

_LOG = logging.getLogger(__name__)
_NOTE_UNITS = 200


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's turn to be talked to; nobody in particular asks as an anonymous admin."""

    asker: User | None
    phrases: Phrases
    handling: Handling | None

    def say(self, key: str, **values: object) -> str:
        """Return a text of the bot's own in the asker's language."""
        return self.phrases.say(key, **values)

    def once(self, name: str, do: Callable[[], _T]) -> _T:
        """Do something at the first attempt at an update, and return what came of it at each later one."""
        if self.handling is None:
            return do()
        if name not in self.handling.done:
            self.handling.done[name] = do()
        return cast("_T", self.handling.done[name])

    @property
    def is_repeated(self) -> bool:
        """Whether an earlier run of the bot may have done what the update asks for."""
        return self.handling is not None and self.handling.is_repeated


@dataclass(frozen=True, slots=True)
class MessageTurn(Turn):
    """A message being answered: the asker's own, or one of the bot's that asks for them."""

    message: Message

    @property
    def bot(self) -> Bot:
        """The bot as Telegram knows it."""
        return self.message.get_bot()

    @property
    def is_private(self) -> bool:
        """Whether only the asker sees the chat."""
        return self.message.chat.type == ChatType.PRIVATE

    async def reply(self, content: Markup, keyboard: InlineKeyboardMarkup | None = None) -> Message | None:
        """Reply to the message, and return the reply, or None where nobody can be told.

        Raises:
            BadRequest: Telegram refuses the reply itself.
            UndeliveredError: it did not arrive, and has to wait.
        """
        return await reply(self.message, content, keyboard)

    async def tell(self, key: str, **values: object) -> Message | None:
        """Reply with a text of the bot's own; raises what ``reply`` does."""
        return await self.reply(text(self.say(key, **values)))

    def at(self, message: Message) -> "MessageTurn":
        """Return the same person's turn at another message."""
        return replace(self, message=message)


@dataclass(frozen=True, slots=True)
class PressTurn(Turn):
    """A pressed button being answered; the person who pressed it waits until it is acknowledged.

    ``message`` is what the button stands under, unless Telegram no longer shows it to the bot.
    """

    press: CallbackQuery
    presser: User
    message: Message | None

    @property
    def value(self) -> str:
        """What the button carries behind the name of its kind."""
        return (self.press.data or "").partition(":")[2]

    @property
    def is_private(self) -> bool:
        """Whether only the presser sees the message."""
        return self.press.message is not None and self.press.message.chat.type == ChatType.PRIVATE

    @property
    def private_message(self) -> Message | None:
        """The message, if it is in a private chat and can be changed."""
        return self.message if self.is_private else None

    async def acknowledge(self, key: str | None = None, *, is_passing: bool = False) -> None:
        """End the waiting; never raises. A note is shown until it is closed, a passing one for a moment."""
        note = shorten(self.say(key), _NOTE_UNITS) if key else None
        await self._end_waiting(text=note, show_alert=bool(note) and not is_passing)

    async def note(self, words: str) -> None:
        """End the waiting by words that are shown until they are closed; never raises."""
        await self._end_waiting(text=shorten(words, _NOTE_UNITS), show_alert=True)

    async def open(self, url: str) -> None:
        """End the waiting by opening a chat with the bot for the presser; never raises."""
        await self._end_waiting(url=url)

    async def _end_waiting(self, **answer: Any) -> None:  # noqa: ANN401 - what Telegram takes
        if self.handling:
            self.handling.is_acknowledged = True
        try:
            await self.press.answer(**answer)
        except TelegramError as error:
            _LOG.info("The button press of %s is no longer waiting: %s", self.presser.id, error)

    async def show(self, content: Markup, keyboard: InlineKeyboardMarkup | None = None) -> bool:
        """Change the message that the button stands under, and tell whether it now says this."""
        return self.message is not None and await edit(self.message, content, keyboard)

    def at(self, message: Message) -> MessageTurn:
        """Return the same person's turn at a message."""
        return MessageTurn(self.asker, self.phrases, self.handling, message)


@dataclass(frozen=True, slots=True)
class InlineTurn(Turn):
    """An inline query being answered."""

    query: InlineQuery


class Turns:
    """Makes turns, and python-telegram-bot's callbacks out of handlers of turns."""

    def __init__(self, languages: ReaderLanguages) -> None:
        self._languages = languages

    async def of_message(self, message: Message) -> MessageTurn:
        """Return the turn of the person who wrote a message."""
        asker = find_asker(message)
        return MessageTurn(asker, await self._languages.phrases_for(asker), in_hand.get(), message)

    async def of_press(self, press: CallbackQuery) -> PressTurn:
        """Return the turn of the person who pressed a button."""
        message = press.message
        near = message if isinstance(message, Message) and message.is_accessible else None
        presser = press.from_user
        phrases = await self._languages.phrases_for(presser)
        return PressTurn(presser, phrases, in_hand.get(), press, presser, near)

    def on_message(self, handle: Callable[[MessageTurn], Awaitable[None]]) -> Callback:
        """Return the callback for messages."""

        async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            if update.message is not None:
                await handle(await self.of_message(update.message))

        return callback

    def on_edited(self, handle: Callable[[MessageTurn], Awaitable[None]]) -> Callback:
        """Return the callback for edited messages."""

        async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            if update.edited_message is not None:
                await handle(await self.of_message(update.edited_message))

        return callback

    def on_press(self, handle: Callable[[PressTurn], Awaitable[None]]) -> Callback:
        """Return the callback for pressed buttons."""

        async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            if update.callback_query is not None:
                await handle(await self.of_press(update.callback_query))

        return callback

    def on_inline_query(self, handle: Callable[[InlineTurn], Awaitable[None]]) -> Callback:
        """Return the callback for inline queries."""

        async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            query = update.inline_query
            if query is not None:
                phrases = await self._languages.phrases_for(query.from_user)
                await handle(InlineTurn(query.from_user, phrases, in_hand.get(), query))

        return callback

    def on_membership(self, handle: Callable[[Turn, ChatMemberUpdated], Awaitable[None]]) -> Callback:
        """Return the callback for changes of the bot's membership, in the turn of their author."""

        async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
            change = update.my_chat_member
            if change is not None:
                phrases = await self._languages.phrases_for(change.from_user)
                await handle(Turn(change.from_user, phrases, in_hand.get()), change)

        return callback


def on_chosen(handle: Callable[[ChosenInlineResult], Awaitable[None]]) -> Callback:
    """Return the callback for inline results that were sent: nobody is talked to."""

    async def callback(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.chosen_inline_result is not None:
            await handle(update.chosen_inline_result)

    return callback
