"""Personal data: a person's recent questions, all their data as a file, and its erasure.

It is shown and erased in private chats only. Erasing asks once, and takes away what is kept in
memory too. The passages shown are part of what is kept, as they were quoted.
"""

import asyncio
import gzip
import json
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, User

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import neutralise, text
from bot.chat.handlers.follow_ups import Preceding
from bot.chat.handlers.private_door import admit
from bot.chat.handlers.questions import Questions
from bot.chat.profile.menus import Menus
from bot.chat.turn import MessageTurn, PressTurn
from bot.chat.upkeep import Upkeep
from bot.chat.wire import sending
from bot.chat.wire.sending import reply_with_file
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.personal import PersonalRecords

_QUESTIONS = 10
_LABEL_UNITS = 64

HISTORY_PATTERN = r"^again:[A-Za-z0-9_-]{1,32}$"
FORGET_PATTERN = r"^forget:(yes|no)$"

Memory = Callable[[int], None]
"""Forgets the user with an id."""


class Personal:
    """Answers /history, /mydata and /forget."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        *,
        journal: Journal,
        records: PersonalRecords,
        menus: Menus,
        questions: Questions,
        memories: Collection[Memory],
        upkeep: Upkeep,
    ) -> None:
        """Take, beside the database, the ``memories`` from which /forget must erase a person.

        ``upkeep`` takes their wordings out of pins and tests.
        """
        self._journal = journal
        self._records = records
        self._menus = menus
        self._questions = questions
        self._memories = tuple(memories)
        self._upkeep = upkeep

    async def history(self, turn: MessageTurn) -> None:
        """Offer the questions that the reader asked last, to be asked again."""
        reader = await admit(turn, "history")
        if reader is None:
            return
        try:
            questions = await self._journal.list_questions(reader.id, _QUESTIONS)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        buttons = [
            [InlineKeyboardButton(_label(question.text), callback_data=f"again:{key}")]
            for key, question in questions.items()
        ]
        heading = turn.say("history.heading" if buttons else "history.nothing")
        await turn.reply(text(heading), InlineKeyboardMarkup(buttons) if buttons else None)

    async def on_history_press(self, turn: PressTurn) -> None:
        """Ask the question of the button again, if it is the reader's own."""
        try:
            exchange = await self._journal.find(turn.value)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        message = turn.private_message
        if message is None or exchange is None or exchange.user_id != turn.presser.id:
            await turn.acknowledge("history.gone")
            return
        await turn.acknowledge()
        question = exchange.answer.question
        # A question that leant on another one leans on it again.
        earlier = replace(question.earlier, is_reply=True) if question.earlier else None
        preceding = Preceding(exchange, earlier, is_own=True) if earlier else None
        await self._questions.pose(turn.at(message), question.text, preceding)

    async def mydata(self, turn: MessageTurn) -> None:
        """Send everything kept about the reader as a file."""
        reader = await admit(turn, "mydata")
        if reader is None:
            return
        try:
            records = await self._records.collect(reader.id)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        if not any(records.values()):
            await turn.tell("mydata.nothing")
            return
        collected_at = datetime.now(UTC).isoformat(timespec="seconds")
        content = {"user_id": reader.id, "collected_at": collected_at, **records}
        file, name = await asyncio.to_thread(_write_file, content)
        await reply_with_file(turn.message, file, name, turn.say("mydata.caption"))

    async def forget(self, turn: MessageTurn) -> None:
        """Ask whether to erase everything."""
        if await admit(turn, "forget"):
            buttons = [
                [InlineKeyboardButton(turn.say(f"forget.{choice}"), callback_data=f"forget:{choice}")]
                for choice in ("yes", "no")
            ]
            await turn.reply(text(turn.say("forget.ask")), InlineKeyboardMarkup(buttons))

    async def on_forget_press(self, turn: PressTurn) -> None:
        """Erase everything, or nothing, as the button says."""
        if not turn.is_private:
            await turn.acknowledge()
            return
        if turn.value != "yes":
            await _conclude(turn, turn.say("forget.kept"))
            return
        try:
            erased = await self._erase(turn.presser)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        done = turn.say("forget.done", count=erased) if erased else turn.say("forget.done-nothing")
        await _conclude(turn, done)
        await self._menus.set_for_reader(turn.press.get_bot(), turn.presser.id, None)

    async def _erase(self, reader: User) -> int:
        erased = await self._records.forget(reader.id)
        for forget in self._memories:
            forget(reader.id)
        await self._upkeep.refresh()
        return erased


async def _conclude(turn: PressTurn, words: str) -> None:
    """Say how it ended in the place of the question; where that cannot be changed, in a note."""
    if await turn.show(text(words)):
        await turn.acknowledge()
    else:
        await turn.note(words)


def _write_file(content: dict[str, object]) -> tuple[bytes, str]:
    """Return the file and its name; what Telegram would not take as it is, compressed."""
    file = json.dumps(content, ensure_ascii=False, indent=2).encode()
    if len(file) <= sending.MOST_FILE_BYTES:
        return file, "mydata.json"
    return gzip.compress(file), "mydata.json.gz"


def _label(question: str) -> str:
    """Return a question as the label of a button, which must not be empty."""
    return shorten(" ".join(neutralise(question).split()), _LABEL_UNITS) or "…"
