"""The reader's choice of the language in which the bot talks to them.

It goes before that of their Telegram, for texts, buttons and the command menu. Articles are
quoted as they are, and questions may be in any language.
"""

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.cards.markup import text
from bot.chat.handlers.private_door import admit
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import MessageTurn, PressTurn
from bot.journal.database import DatabaseUnavailableError
from bot.wording.phrases import Phrases

_BUTTONS_A_ROW = 2
_AUTOMATIC = "auto"
_TAKEN = " ✓"

LANGUAGE_PATTERN = r"^language:[a-z]{2,4}$"
"""Matches the callback data of the buttons: a language, or "auto" for Telegram's."""


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
        """Keep the language of the button, and confirm in that language."""
        message = turn.private_message
        if message is None or turn.value not in {_AUTOMATIC, *self._reader_languages.languages}:
            await turn.acknowledge()
            return
        language = None if turn.value == _AUTOMATIC else turn.value
        try:
            await self._reader_languages.choose(turn.presser.id, language)
        except DatabaseUnavailableError:
            await turn.acknowledge("personal.unavailable")
            return
        await turn.acknowledge()
        # The turn still has the language from before the press.
        phrases = await self._reader_languages.phrases_for(turn.presser)
        key = "language.automatic-chosen" if language is None else "language.chosen"
        await turn.show(text(phrases.say(key)), self._make_buttons(language, phrases))
        bot: Bot = message.get_bot()
        await self._menus.set_for_reader(bot, turn.presser.id, language)

    def _make_buttons(self, chosen: str | None, phrases: Phrases) -> InlineKeyboardMarkup:
        """Return a button for each language, in its own words, and one for that of Telegram."""
        buttons = [
            _make_button(
                self._reader_languages.phrases_in(language).say("language.name"),
                language,
                is_taken=language == chosen,
            )
            for language in self._reader_languages.languages
        ]
        rows = [buttons[start : start + _BUTTONS_A_ROW] for start in range(0, len(buttons), _BUTTONS_A_ROW)]
        automatic = _make_button(phrases.say("language.automatic"), _AUTOMATIC, is_taken=chosen is None)
        return InlineKeyboardMarkup([*rows, [automatic]])


def _make_button(label: str, data: str, *, is_taken: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(label + _TAKEN * is_taken, callback_data=f"language:{data}")
