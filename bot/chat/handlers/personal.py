"""Everything kept about somebody: their recent questions, all of it as a file, and its erasure.

It is shown and erased in private chats only. Erasing asks once, and takes away what is kept in
memory too. The passages shown are part of what is kept, as they were quoted.
"""

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import neutralise, text
from bot.chat.handlers.posing import Posing
from bot.chat.handlers.private_door import PrivateDoor, find_private_message
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import acknowledge
from bot.chat.wire.sending import edit, reply, reply_with_file
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords
from bot.wording.phrases import Phrases

_QUESTIONS = 10
_LABEL_UNITS = 64

HISTORY_PATTERN = r"^again:[A-Za-z0-9_-]{1,32}$"
FORGET_PATTERN = r"^forget:(yes|no)$"

Memory = Callable[[int], None]
"""Forgets what it remembers of the user with an id."""


class Personal:
    """Answers /history, /mydata and /forget."""

    def __init__(  # noqa: PLR0913 - all that has to do with one person meets here
        self,
        *,
        readings: ReaderLanguages,
        door: PrivateDoor,
        journal: Journal,
        records: PersonalRecords,
        menus: Menus,
        posing: Posing,
        memories: Collection[Memory],
    ) -> None:
        """Take the texts, who is let in, what is in the database, and what else remembers people."""
        self._readings = readings
        self._door = door
        self._journal = journal
        self._records = records
        self._menus = menus
        self._posing = posing
        self._memories = tuple(memories)

    async def history(self, message: Message) -> None:
        """Offer the questions that the reader asked last, to be asked again."""
        reader = await self._door.admit(message, "history")
        if reader is None:
            return
        phrases = await self._readings.phrases_for(reader)
        try:
            questions = await self._journal.list_questions(reader.id, _QUESTIONS)
        except DatabaseUnavailableError:
            await reply(message, text(phrases.say("personal.unavailable")))
            return
        buttons = [
            [InlineKeyboardButton(_label(question.text), callback_data=f"again:{key}")]
            for key, question in questions.items()
        ]
        heading = phrases.say("history.heading" if buttons else "history.nothing")
        await reply(message, text(heading), InlineKeyboardMarkup(buttons) if buttons else None)

    async def on_history_press(self, press: CallbackQuery) -> None:
        """Ask the question of the button again, if it is the reader's own."""
        phrases = await self._readings.phrases_for(press.from_user)
        try:
            exchange = await self._journal.find((press.data or "").partition(":")[2])
        except DatabaseUnavailableError:
            await acknowledge(press, phrases.say("personal.unavailable"))
            return
        message = find_private_message(press)
        if message is None or exchange is None or exchange.user_id != press.from_user.id:
            await acknowledge(press, phrases.say("history.gone"))
            return
        await acknowledge(press)
        await self._posing.pose(message, press.from_user, exchange.answer.question.text)

    async def mydata(self, message: Message) -> None:
        """Send everything kept about the reader as a file."""
        reader = await self._door.admit(message, "mydata")
        if reader is None:
            return
        phrases = await self._readings.phrases_for(reader)
        try:
            records = await self._records.collect(reader.id)
        except DatabaseUnavailableError:
            await reply(message, text(phrases.say("personal.unavailable")))
            return
        if not any(records.values()):
            await reply(message, text(phrases.say("mydata.nothing")))
            return
        collected_at = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"user_id": reader.id, "collected_at": collected_at, **records}
        file = json.dumps(content, ensure_ascii=False, indent=2).encode()
        await reply_with_file(message, file, "mydata.json", phrases.say("mydata.caption"))

    async def forget(self, message: Message) -> None:
        """Ask whether everything shall be erased."""
        reader = await self._door.admit(message, "forget")
        if reader is not None:
            phrases = await self._readings.phrases_for(reader)
            buttons = [
                [InlineKeyboardButton(phrases.say(f"forget.{choice}"), callback_data=f"forget:{choice}")]
                for choice in ("yes", "no")
            ]
            await reply(message, text(phrases.say("forget.ask")), InlineKeyboardMarkup(buttons))

    async def on_forget_press(self, press: CallbackQuery) -> None:
        """Erase everything, or nothing, as the button says."""
        message = find_private_message(press)
        if message is None:
            await acknowledge(press)
            return
        phrases = await self._readings.phrases_for(press.from_user)
        if press.data != "forget:yes":
            await acknowledge(press)
            await edit(message, text(phrases.say("forget.kept")))
            return
        try:
            erased = await self._erase(press.from_user)
        except DatabaseUnavailableError:
            await acknowledge(press, phrases.say("personal.unavailable"))
            return
        await acknowledge(press)
        await edit(message, text(_describe_erasure(erased, phrases)))
        await self._menus.set_for_reader(message.get_bot(), press.from_user.id, None)

    async def _erase(self, reader: User) -> int:
        erased = await self._records.forget(reader.id)
        for forget in self._memories:
            forget(reader.id)
        return erased


def _describe_erasure(erased: int, phrases: Phrases) -> str:
    return phrases.say("forget.done", count=erased) if erased else phrases.say("forget.done-nothing")


def _label(question: str) -> str:
    """Return a question as the label of a button, which must show something."""
    return shorten(" ".join(neutralise(question).split()), _LABEL_UNITS) or "…"
