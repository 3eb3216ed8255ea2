"""The reader's choice of the language in which the bot talks to them.

It goes before that of their Telegram, for texts, buttons and the command menu. Articles are
quoted as they are, and questions may be in any language.
"""

from telegram import Bot, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, User

from bot.chat.cards.markup import text
from bot.chat.handlers.private_door import PrivateDoor, find_private_message
from bot.chat.profile.menus import Menus
from bot.chat.reader_languages import ReaderLanguages
from bot.chat.turn import acknowledge
from bot.chat.wire.sending import edit, reply
from bot.journal.database import DatabaseUnavailableError
from bot.wording.phrases import Phrases

_BUTTONS_A_ROW = 2
_AUTOMATIC = "auto"
_TAKEN = " ✓"

LANGUAGE_PATTERN = r"^language:[a-z]{2,4}$"
"""What the buttons call back with: a language, or "auto" for that of Telegram."""


class Languages:
    """Answers /language, and keeps what is chosen."""

    def __init__(self, *, readings: ReaderLanguages, door: PrivateDoor, menus: Menus) -> None:
        """Take who finds and keeps the language, who is let in, and the menus to be set anew."""
        self._readings = readings
        self._door = door
        self._menus = menus

    async def language(self, message: Message) -> None:
        """Offer the languages there are."""
        reader = await self._door.admit(message, "language")
        if reader is not None:
            phrases = await self._readings.phrases_for(reader)
            buttons = self._make_buttons(await self._readings.find_choice(reader.id), phrases)
            await reply(message, text(phrases.say("language.choose")), buttons)

    async def on_press(self, press: CallbackQuery) -> None:
        """Keep the language of the button, and say so in it."""
        message = find_private_message(press)
        chosen = (press.data or "").partition(":")[2]
        if message is None or chosen not in {_AUTOMATIC, *self._readings.languages}:
            await acknowledge(press)
            return
        reader = press.from_user
        language = None if chosen == _AUTOMATIC else chosen
        try:
            await self._readings.choose(reader.id, language)
        except DatabaseUnavailableError:
            phrases = await self._readings.phrases_for(reader)
            await acknowledge(press, phrases.say("personal.unavailable"))
            return
        await acknowledge(press)
        await self._confirm(message, reader, language)

    async def _confirm(self, message: Message, reader: User, language: str | None) -> None:
        phrases = await self._readings.phrases_for(reader)
        key = "language.automatic-chosen" if language is None else "language.chosen"
        await edit(message, text(phrases.say(key)), self._make_buttons(language, phrases))
        bot: Bot = message.get_bot()
        await self._menus.set_for_reader(bot, reader.id, language)

    def _make_buttons(self, chosen: str | None, phrases: Phrases) -> InlineKeyboardMarkup:
        """Return a button for each language, in its own words, and one for that of Telegram."""
        buttons = [
            _make_button(
                self._readings.phrases_in(language).say("language.name"),
                language,
                is_taken=language == chosen,
            )
            for language in self._readings.languages
        ]
        rows = [buttons[start : start + _BUTTONS_A_ROW] for start in range(0, len(buttons), _BUTTONS_A_ROW)]
        automatic = _make_button(phrases.say("language.automatic"), _AUTOMATIC, is_taken=chosen is None)
        return InlineKeyboardMarkup([*rows, [automatic]])


def _make_button(label: str, data: str, *, is_taken: bool) -> InlineKeyboardButton:
    return InlineKeyboardButton(label + _TAKEN * is_taken, callback_data=f"language:{data}")
