"""Questions: which words of a message are asked, and what is said where there are none.

A question that is edited is answered again, in the place of the first answer; an edit that
changes other things than its words is none. It does not find the answers.
"""

from collections import deque

from telegram import Message, User

from bot.chat.addressing import find_asker, read_question, read_replied_text
from bot.chat.cards.markup import text
from bot.chat.handlers.allowance import Allowance, Verdict
from bot.chat.handlers.answers import Answers
from bot.chat.handlers.follow_ups import FollowUps
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.wire.sending import reply
from bot.chat.wire.update_in_hand import do_once, in_hand
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.model import Exchange

_QUESTION_CHARACTERS = 1000
_ALBUMS = 64


class Questions:
    """Reads questions out of messages and has them answered."""

    def __init__(
        self,
        *,
        answers: Answers,
        followups: FollowUps,
        journal: Journal,
        readings: ReaderLanguages,
        allowance: Allowance,
    ) -> None:
        """Take who answers, what was asked before, the texts, and how much may be asked."""
        self._answers = answers
        self._followups = followups
        self._journal = journal
        self._readings = readings
        self._allowance = allowance
        self._albums: deque[str] = deque(maxlen=_ALBUMS)

    async def on_question(self, message: Message) -> None:
        """Answer a text or caption; the bot's bare name asks what the message replied to asks."""
        self._notice_album(message)
        await self._answer(message, read_question(message), None)

    async def on_edited_question(self, message: Message) -> None:
        """Answer a text or caption again that was edited."""
        await self._answer_again(message, read_question(message))

    async def ask(self, message: Message) -> None:
        """Answer the words behind the command, or else the message that it replies to."""
        await self._answer(message, _read_argument(message), None)

    async def on_edited_ask(self, message: Message) -> None:
        """Answer the words behind an edited command."""
        await self._answer_again(message, _read_argument(message))

    async def answer(self, message: Message, words: str, asker: User) -> None:
        """Answer words that somebody asks without writing them; ``message`` shows them."""
        if await self._is_answerable(message, words, asker):
            await self._answers.give(message, words, asker)

    async def on_other(self, message: Message) -> None:
        """Say that only text is read, once for all pictures of an album."""
        if do_once("album", lambda: self._notice_album(message)):
            await self._say(message, find_asker(message), "question.only-text")

    async def _answer_again(self, message: Message, words: str) -> None:
        """Answer an edited message, unless it asks the same as before or that cannot be known."""
        try:
            answered = await self._journal.find_by_question(message.chat_id, message.message_id)
        except DatabaseUnavailableError:
            return
        if answered and answered.answer.question.text == (words or read_replied_text(message)):
            return
        await self._answer(message, words, answered)

    async def _answer(self, message: Message, words: str, replaced: Exchange | None) -> None:
        asker = find_asker(message)
        if await self._was_answered(message, words):
            return
        # What somebody else wrote is asked as it stands.
        earlier = await self._followups.find_earlier(message, asker, replaced) if words else None
        words = words or read_replied_text(message)
        if await self._is_answerable(message, words, asker):
            await self._answers.give(message, words, asker, earlier=earlier, replaced=replaced)

    async def _was_answered(self, message: Message, words: str) -> bool:
        """Tell whether an earlier run of the bot answered a message before it ended."""
        handling = in_hand.get()
        if handling is None or not handling.is_repeated:
            return False
        try:
            exchange = await self._journal.find_by_question(message.chat_id, message.message_id)
        except DatabaseUnavailableError:
            return False
        return (
            exchange is not None
            and exchange.answer_message_id is not None
            and exchange.answer.question.text == (words or read_replied_text(message))
        )

    async def _is_answerable(self, message: Message, words: str, asker: User | None) -> bool:
        """Tell whether the words can be asked; if not, say what could be."""
        if not words:
            await self._say(message, asker, "question.usage")
            return False
        if len(words) > _QUESTION_CHARACTERS:
            await self._say(message, asker, "question.too-long", limit=_QUESTION_CHARACTERS)
            return False
        asker_id = asker.id if asker else message.chat_id
        asked_at = message.edit_date or message.date
        verdict = do_once("verdict", lambda: self._allowance.judge(asker_id, asked_at))
        if verdict is Verdict.REFUSED:
            limit = self._allowance.questions_per_minute
            await self._say(message, asker, "question.too-many", count=limit)
        return verdict is Verdict.ANSWERED

    async def _say(self, message: Message, asker: User | None, key: str, **values: object) -> None:
        phrases = await self._readings.phrases_for(asker)
        await reply(message, text(phrases.say(key, **values)))

    def _notice_album(self, message: Message) -> bool:
        """Tell whether a message is the first that is seen of its album, as one without an album is."""
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
