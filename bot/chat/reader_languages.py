"""The language in which the bot talks to a reader, and the languages that they read.

What a reader chose with /language goes first, then the language of their Telegram, then English.
In a group each asker is answered in theirs. The language of a question has no part in it:
people ask in whatever language, and read buttons in their own.
"""

from collections.abc import Mapping

from telegram import Bot, User
from telegram.error import BadRequest

from bot.journal.database import DatabaseUnavailableError
from bot.journal.readers import Readers
from bot.language import parse_language
from bot.wording.phrases import Phrases

_FALLBACK = "en"
# Readers of nynorsk read bokmål, and Telegram's clients may say either, or just Norwegian.
_NEAREST = {"nn": "nb"}
_CODES = {"nb": ("nb", "nn", "no")}


class ReaderLanguages:
    """Finds the texts for a reader, and keeps the language that a reader chooses."""

    def __init__(self, catalogues: Mapping[str, Phrases], readers: Readers) -> None:
        self._catalogues = catalogues
        self._readers = readers
        # Few people choose, so all choices fit into memory; none is looked up for each message.
        self._chosen: dict[int, tuple[str, ...]] | None = None

    @property
    def languages(self) -> list[str]:
        """The languages there are to choose from."""
        return sorted(self._catalogues)

    @property
    def by_code(self) -> dict[str, Phrases]:
        """The texts by Telegram's code of a language; the empty one is for readers of any other."""
        others = {"": self._catalogues[_FALLBACK]}
        return others | {
            code: phrases
            for language, phrases in sorted(self._catalogues.items())
            if language != _FALLBACK
            for code in _CODES.get(language, (language,))
        }

    async def phrases_for(self, user: User | None) -> Phrases:
        """Return the texts for a reader; nobody in particular, such as an anonymous admin, reads English."""
        if user is None or user.is_bot:
            return self._catalogues[_FALLBACK]
        chosen = await self.find_choice(user.id)
        return self.phrases_in(chosen[0] if chosen else user.language_code)

    async def find_reads(self, user: User | None) -> tuple[str, ...]:
        """Return the languages that somebody reads, best first: the chosen ones, and Telegram's."""
        if user is None or user.is_bot:
            return ()
        chosen = await self.find_choice(user.id)
        try:
            telegram = parse_language(user.language_code or "")
        except ValueError:
            return chosen
        return tuple(dict.fromkeys((*chosen, _NEAREST.get(telegram, telegram))))

    async def phrases_by_id(self, bot: Bot, user_id: int) -> Phrases:
        """Return the texts for a reader of whom no message is at hand.

        Raises:
            TelegramError: Telegram cannot be asked for the language of their Telegram.
        """
        chosen = await self.find_choice(user_id)
        if chosen:
            return self.phrases_in(chosen[0])
        try:
            member = await bot.get_chat_member(user_id, user_id)
        except BadRequest:
            return self.phrases_in(None)
        return self.phrases_in(member.user.language_code)

    def phrases_in(self, tag: str | None) -> Phrases:
        """Return the texts in the language of a BCP 47 tag, or in English."""
        try:
            language = parse_language(tag or _FALLBACK)
        except ValueError:
            language = _FALLBACK
        return self._catalogues.get(_NEAREST.get(language, language), self._catalogues[_FALLBACK])

    async def find_choice(self, user_id: int) -> tuple[str, ...]:
        """Return the languages that a reader chose, the first one first; none while the database fails."""
        if self._chosen is None:
            try:
                chosen = await self._readers.list_languages()
            except DatabaseUnavailableError:  # it was reported, and Telegram's language will do
                return ()
            if self._chosen is None:
                self._chosen = chosen
        return self._chosen.get(user_id, ())

    async def choose(self, user_id: int, languages: tuple[str, ...]) -> None:
        """Keep a reader's languages; none goes back to that of their Telegram.

        Raises:
            DatabaseUnavailableError: the choice could not be written; nothing has changed.
        """
        await self.find_choice(user_id)
        await self._readers.choose_languages(user_id, languages)
        if self._chosen is not None:
            self._chosen.pop(user_id, None)
            if languages:
                self._chosen[user_id] = languages

    def forget(self, user_id: int) -> None:
        """Forget a reader; somebody else clears the database."""
        if self._chosen is not None:
            self._chosen.pop(user_id, None)
