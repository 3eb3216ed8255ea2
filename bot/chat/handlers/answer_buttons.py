"""Pressed buttons below answers: more passages, the sentences around one, votes.

All that a button needs is in the journal, as it was quoted when the question was asked, so buttons
go on working after a restart and after the articles have changed. In a group, an answer belongs to whoever
asked: what others want to see of it opens in their private chats. Every press is answered, since the
person sees it wait until then. It does not decide how an answer looks.
"""

import asyncio
import logging
from collections.abc import Callable

from telegram import InlineKeyboardMarkup, Message, User
from telegram.error import TelegramError

from bot.chat.addressing import find_asker
from bot.chat.cards.answer_card import render_answer, render_context, render_further
from bot.chat.cards.keyboards import CONTEXT, MORE, VOTE, Card, Keyboards, Row, mark_vote, shows_vote
from bot.chat.cards.markup import Markup
from bot.chat.cards.start_links import encode_page, link_to_chat
from bot.chat.handlers.suggestions import Suggestions
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import MessageTurn, PressTurn
from bot.chat.wire.sending import UndeliveredError, edit_at
from bot.journal.database import DatabaseUnavailableError
from bot.journal.exchanges import Journal
from bot.journal.votes import Votes
from bot.model import Vote

_LOG = logging.getLogger(__name__)

PATTERN = rf"^(?:{MORE}|{CONTEXT}):[\w-]+:\d{{1,4}}$|^{VOTE}:[\w-]+:(?:up|down)$"
"""Matches the callback data of the buttons below answers."""


class AnswerButtons:
    """Handles presses of the buttons below answers."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        *,
        journal: Journal,
        votes: Votes,
        reader_languages: ReaderLanguages,
        suggestions: Suggestions,
        keyboards: Keyboards,
        limit: int,
        find_username: Callable[[], str],
    ) -> None:
        """Show at most ``limit`` passages on a page; ``find_username`` tells the bot's name."""
        self._journal = journal
        self._votes = votes
        self._reader_languages = reader_languages
        self._suggestions = suggestions
        self._keyboards = keyboards
        self._limit = limit
        self._find_username = find_username

    async def on_press(self, turn: PressTurn) -> None:
        """Show another page or count a vote, and confirm it."""
        if not turn.press.data:
            # A press without data (a game's) reaches the first handler, whatever its pattern.
            await self.on_unknown(turn)
            return
        action, key, value = str(turn.press.data).split(":")
        note: str | None
        try:
            if action == VOTE:
                note = await self._vote(turn, key, Vote(value))
            elif await self._is_for_others(turn, key):
                await turn.open(link_to_chat(self._find_username(), encode_page(str(turn.press.data))))
                return
            else:
                note = await self._turn_to(turn, action, key, int(value))
        except DatabaseUnavailableError:
            note = "press.unavailable"
        await turn.acknowledge(note, is_passing=action == VOTE)

    async def open_page(self, turn: MessageTurn, data: str) -> None:
        """Send what a button of an answer in a group shows to the one person who wants to see it."""
        action, key, value = data.split(":")
        number = int(value)
        try:
            exchange = await self._journal.find(key)
            taken = await self._votes.find(key, turn.asker.id) if turn.asker else None
        except DatabaseUnavailableError:
            await turn.tell("press.unavailable")
            return
        if exchange is None or number >= len(exchange.answer.hits) or action not in {MORE, CONTEXT}:
            await turn.tell("press.too-old")
            return
        reads = await self._reader_languages.find_reads(turn.asker)
        card = Card(key, exchange.answer, turn.phrases, taken, reads=reads)
        content, rows = self._lay_out(action, card, number)
        await turn.reply(content, InlineKeyboardMarkup(rows))

    async def on_unknown(self, turn: PressTurn) -> None:
        """Say that the button no longer works."""
        await turn.acknowledge("press.unknown")

    async def _is_for_others(self, turn: PressTurn, key: str) -> bool:
        """Tell whether others see the answer, and somebody else than the presser asked for it."""
        if turn.is_private:
            return False
        exchange = await self._journal.find(key)
        return exchange is not None and exchange.user_id != turn.presser.id

    async def _turn_to(self, turn: PressTurn, action: str, key: str, number: int) -> str | None:
        """Show another part of the answer in its message; return the key of the note to show, if any."""
        message = turn.press.message
        exchange = await self._journal.find(key)
        if message is None or exchange is None or number >= len(exchange.answer.hits):
            return "press.too-old"
        reader = _find_reader(turn)
        phrases = await self._reader_languages.phrases_for(reader)
        reads = await self._reader_languages.find_reads(reader)
        taken = await self._votes.find(key, turn.presser.id) if turn.is_private else None
        suggested: tuple[str, ...] = ()
        if action == MORE and number == 0:
            candidates = await self._suggestions.list_candidates(phrases.language)
            suggested = await asyncio.to_thread(
                self._suggestions.choose, exchange.answer, candidates, phrases.language
            )
        card = Card(key, exchange.answer, phrases, taken, suggested, reads)
        content, rows = self._lay_out(action, card, number)
        keyboard = InlineKeyboardMarkup(rows)
        try:
            is_shown = await edit_at(
                message.get_bot(), message.chat.id, message.message_id, content, keyboard
            )
        except UndeliveredError as error:
            _LOG.warning("An answer in chat %s could not be turned: %s", message.chat.id, error)
            return "press.unavailable"
        return None if is_shown else "press.unchangeable"

    def _lay_out(self, action: str, card: Card, number: int) -> tuple[Markup, list[Row]]:
        answer, phrases = card.answer, card.phrases
        if action == CONTEXT:
            return render_context(answer, number, phrases), self._keyboards.for_context(card, number)
        if number:
            page = render_further(answer, number, phrases, self._limit)
        else:
            page = render_answer(answer, phrases, self._limit)
        return page.content, self._keyboards.for_page(card, page)

    async def _vote(self, turn: PressTurn, key: str, vote: Vote) -> str:
        """Count a vote, or take it back if it was cast before; return the key of the note to show."""
        voter = turn.presser.id
        wanted = None if await self._is_taken(turn, key, vote) else vote
        if not await self._votes.cast(key, voter, wanted):
            return "press.too-old"
        if turn.is_private:
            await _show_vote(turn.message, key, wanted)
        return f"vote.{wanted.value}" if wanted else "vote.taken-back"

    async def _is_taken(self, turn: PressTurn, key: str, vote: Vote) -> bool:
        """Tell whether the person gave that vote before they pressed.

        What is kept tells, save for a press that is taken up again since the bot ended before it was
        done: that one may have been kept already. Then the pressed button tells, in private, where
        it shows the vote.
        """
        if not turn.is_repeated:
            return await self._votes.find(key, turn.presser.id) is vote
        message = turn.private_message
        return (
            message is not None
            and message.reply_markup is not None
            and shows_vote(message.reply_markup, str(turn.press.data))
        )


async def _show_vote(message: Message | None, key: str, vote: Vote | None) -> None:
    """Mark the vote on its button, unless Telegram no longer shows the message."""
    if message is None or message.reply_markup is None:
        return
    try:
        await message.edit_reply_markup(mark_vote(message.reply_markup, key, vote))
    except TelegramError as error:
        _LOG.info("Could not show a vote in chat %s: %s", message.chat_id, error)


def _find_reader(turn: PressTurn) -> User:
    """Return the person who asked, in whose language the card is; the presser if Telegram does not say."""
    asked = turn.message.reply_to_message if turn.message else None
    asker = find_asker(asked) if asked else None
    return turn.presser if asker is None or asker.is_bot else asker
