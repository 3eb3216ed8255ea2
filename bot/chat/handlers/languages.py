"""The reader's choice of the languages that they read.

They go before that of their Telegram: the one chosen first for texts, buttons and the command menu,
all of them for the passages, of which those in them are shown first. Articles are quoted as they are,
and questions may be in any language.
"""

from collections.abc import Collection

from babel.lists import format_list
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.cards.keyboards import CHOSEN
from bot.chat.cards.markup import text
from bot.chat.handlers.private_door import admit
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import MessageTurn, PressTurn
from bot.journal.database import DatabaseUnavailableError
from bot.language import name_language
from bot.wording.phrases import Phrases

_BUTTONS_A_ROW = 2
_AUTOMATIC = "auto"
_DROPPED = "-"

LANGUAGE_PATTERN = r"^language:-?[a-z]{2,4}$"
"""Matches the callback data of the buttons: a language, one to drop with "-", or "auto" for Telegram's."""


class Languages:
    """Answers /language, and keeps the choice."""

    def __init__(self, *, reader_languages: ReaderLanguages, menus: Menus) -> None:
        self._reader_languages = reader_languages
        self._menus = menus

    async def language(self, turn: MessageTurn) -> None:
        """Offer the languages there are."""
        reader = await admit(turn, "language")
        if reader is not None:
            chosen = await self._reader_languages.find_choice(reader.id)
            await turn.reply(text(turn.say("language.choose")), self._make_buttons(chosen, turn.phrases))

    async def on_press(self, turn: PressTurn) -> None:
        """Keep or drop the language of the button, and confirm in the first one that is kept."""
        message = turn.private_message
        language = turn.value.removeprefix(_DROPPED)
        if message is None or language not in {_AUTOMATIC, *self._reader_languages.languages}:
            await turn.acknowledge("press.unknown")
            return
        chosen: tuple[str, ...] = ()
        if language != _AUTOMATIC:
            before = await self._reader_languages.find_choice(turn.presser.id)
            chosen = tuple(other for other in before if other != language)
            if language == turn.value:
                chosen = before if language in before else (*before, language)
        try:
            await self._reader_languages.choose(turn.presser.id, chosen)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        await turn.acknowledge()
        # The turn still has the language from before the press.
        phrases = await self._reader_languages.phrases_for(turn.presser)
        await turn.show(text(_confirm(chosen, phrases)), self._make_buttons(chosen, phrases))
        bot: Bot = message.get_bot()
        await self._menus.set_for_reader(bot, turn.presser.id, chosen[0] if chosen else None)

    def _make_buttons(self, chosen: Collection[str], phrases: Phrases) -> InlineKeyboardMarkup:
        """Return a button for each language, in its own words, and one for that of Telegram."""
        buttons = [
            _make_button(
                self._reader_languages.phrases_in(language).say("language.name"),
                f"{_DROPPED}{language}" if language in chosen else language,
                is_taken=language in chosen,
            )
            for language in self._reader_languages.languages
        ]
        rows = [buttons[start : start + _BUTTONS_A_ROW] for start in range(0, len(buttons), _BUTTONS_A_ROW)]
        automatic = _make_button(phrases.say("language.automatic"), _AUTOMATIC, is_taken=not chosen)
        return InlineKeyboardMarkup([*rows, [automatic]])


def _confirm(chosen: tuple[str, ...], phrases: Phrases) -> str:
    if not chosen:
        return phrases.say("language.automatic-chosen")
    names = [name_language(language, phrases.language) for language in chosen]
    return phrases.say("language.chosen", languages=format_list(names, locale=phrases.language))


def _make_button(label: str, data: str, *, is_taken: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(label + CHOSEN * is_taken, callback_data=f"language:{data}")
