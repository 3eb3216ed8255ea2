"""Questions: which words of a message are the question, and what to reply if there are none.

A question that is edited is answered again, in the place of the first answer; an edit that
changes other things than its words is not a question. A question that somebody asks without typing it
(from an example, a link, or their history) is written into the chat first and answered there, so that
the chat reads like any other. It does not find the answers.
"""

from collections import deque
from datetime import UTC, datetime

from telegram import Message

from bot.chat.addressing import read_question, read_replied_text
from bot.chat.cards.markup import text
from bot.chat.handlers.allowance import QUESTION_CHARACTERS, Allowance, Verdict
from bot.chat.handlers.answers import Answers
from bot.chat.handlers.follow_ups import FollowUps, Preceding
from bot.chat.turn import MessageTurn
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.model import Exchange

_ALBUMS = 64
_POSED = "posed"


class Questions:
    """Reads questions out of messages and has them answered."""

    def __init__(
        self, *, answers: Answers, follow_ups: FollowUps, journal: Journal, allowance: Allowance
    ) -> None:
        self._answers = answers
        self._follow_ups = follow_ups
        self._journal = journal
        self._allowance = allowance
        self._albums: deque[str] = deque(maxlen=_ALBUMS)

    async def on_question(self, turn: MessageTurn) -> None:
        """Answer a text or caption; the bot's bare name asks the message that it replies to."""
        self._notice_album(turn.message)
        await self._answer(turn, read_question(turn.message), None)

    async def on_edited_question(self, turn: MessageTurn) -> None:
        """Answer an edited text or caption again."""
        await self._answer_again(turn, read_question(turn.message))

    async def ask(self, turn: MessageTurn) -> None:
        """Answer the words behind the command, or else the message that it replies to."""
        await self._answer(turn, _read_argument(turn.message), None)

    async def on_edited_ask(self, turn: MessageTurn) -> None:
        """Answer the words behind an edited command."""
        await self._answer_again(turn, _read_argument(turn.message))

    async def pose(self, turn: MessageTurn, words: str, preceding: Preceding | None = None) -> None:
        """Write a question in somebody's name, as a reply to a message, and answer it there.

        One that may not be asked is not written. It leans on ``preceding`` alone.
        """
        if not await self._is_answerable(turn, words, datetime.now(UTC)):
            return
        posed = turn.handling.done.get(_POSED) if turn.handling else None
        if not isinstance(posed, Message):
            posed = await turn.reply(text(turn.say("asked", question=words)))
        if turn.handling:
            # If only the answer has to wait, the question is not written again.
            turn.handling.done[_POSED] = posed
        if posed is not None:
            await self._answers.give(turn.at(posed), words, preceding=preceding)

    async def on_other(self, turn: MessageTurn) -> None:
        """Say that the bot only reads text, once for an album."""
        if turn.once("album", lambda: self._notice_album(turn.message)):
            await turn.tell("question.only-text")

    async def _answer_again(self, turn: MessageTurn, words: str) -> None:
        """Answer an edited message, unless its question is the same or the database cannot tell."""
        try:
            answered = await self._find_exchange(turn)
        except DatabaseUnavailableError:
            return
        if answered and answered.answer.question.text == (words or read_replied_text(turn.message)):
            return
        await self._answer(turn, words, answered)

    async def _answer(self, turn: MessageTurn, words: str, replaced: Exchange | None) -> None:
        if await self._was_answered(turn, words):
            return
        # A question that somebody else wrote does not lean on this person's.
        preceding = await self._follow_ups.find_preceding(turn.message, turn.asker) if words else None
        words = words or read_replied_text(turn.message)
        asked_at = turn.message.edit_date or turn.message.date
        if await self._is_answerable(turn, words, asked_at):
            await self._answers.give(turn, words, preceding=preceding, replaced=replaced)

    async def _was_answered(self, turn: MessageTurn, words: str) -> bool:
        """Tell whether an earlier run of the bot already answered the message."""
        if not turn.is_repeated:
            return False
        try:
            exchange = await self._find_exchange(turn)
        except DatabaseUnavailableError:
            return False
        return (
            exchange is not None
            and exchange.answer_message_id is not None
            and exchange.answer.question.text == (words or read_replied_text(turn.message))
        )

    async def _find_exchange(self, turn: MessageTurn) -> Exchange | None:
        return await self._journal.find_by_question(turn.message.chat_id, turn.message.message_id)

    async def _is_answerable(self, turn: MessageTurn, words: str, asked_at: datetime) -> bool:
        """Tell whether the words can be asked; if not, say why."""
        if not words:
            await turn.tell("question.usage")
            return False
        if len(words) > QUESTION_CHARACTERS:
            await turn.tell("question.too-long", limit=QUESTION_CHARACTERS)
            return False
        asker_id = turn.asker.id if turn.asker else turn.message.chat_id
        verdict = turn.once("verdict", lambda: self._allowance.judge(asker_id, asked_at))
        if verdict is Verdict.REFUSED:
            await turn.tell("question.too-many", count=self._allowance.questions_per_minute)
        return verdict is Verdict.ANSWERED

    def _notice_album(self, message: Message) -> bool:
        """Tell whether a message is the first of its album; a message without one always is."""
        album = message.media_group_id
        if album is None:
            return True
        if album in self._albums:
            return False
        self._albums.append(album)
        return True


def _read_argument(message: Message) -> str:
    """Return the words behind a command."""
    return read_question(message).partition(" ")[2]
