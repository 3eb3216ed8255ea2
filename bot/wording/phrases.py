"""The bot's own texts, by key and by the reader's language.

``catalogues/<language>.po`` holds them: the msgid is a key such as ``not-found``, the msgstr the
text, with ``{placeholders}``. They are plain text; the callers add markup. Quotations from articles
are not translated and have no place here. In languages written from the right, a mark stands before
each command and each handle, so that its slash or @ stays in front of it.
"""

from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO, StringIO
from types import MappingProxyType

from babel import Locale
from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import Translations

_FALLBACK = "en"
_LEFT_TO_RIGHT_MARK = "\u200e"
_RIGHT_TO_LEFT_MARK = "\u200f"
_WIDE_COLON = "："


class Phrases:
    """The texts in one language; a text that it lacks is said in English."""

    def __init__(self, language: str, translations: Translations) -> None:
        self.language = language
        self._translations = translations

    @property
    def line_start(self) -> str:
        """What goes before a name at the start of a line, so that the line runs as its language does."""
        return _RIGHT_TO_LEFT_MARK if self._is_from_right else ""

    @property
    def separator(self) -> str:
        """What stands between details, so that a figure behind a Latin name does not run on with it."""
        return f" · {self.line_start}"

    def write_command(self, command: str) -> str:
        """Return a command as it stands at the start of a line, its slash in front of it."""
        mark = _LEFT_TO_RIGHT_MARK if self._is_from_right else ""
        return f"{self.line_start}{mark}/{command}"

    def write_date(self, day: date) -> str:
        """Return a date as the language writes it; in figures only where no slash makes a command of them."""
        return _format_date(day, "long" if self._is_from_right else "medium", self.language)

    def introduce(self, key: str) -> str:
        """Return a text that ends in a colon, with the space behind it; a wide colon has its own."""
        said = self.say(key)
        return said if said.endswith(_WIDE_COLON) else f"{said} "

    def say(self, key: str, **values: object) -> str:
        """Return a text with its placeholders filled; ``count`` chooses the plural form.

        Raises:
            KeyError: there is no such text, or a placeholder has no value.
        """
        count = values.get("count")
        if isinstance(count, int):
            text = self._translations.ungettext(key, key, count)
        else:
            text = self._translations.ugettext(key)
        if text == key:
            raise KeyError(key)
        return text.format_map({name: self._localise(value) for name, value in values.items()})

    @property
    def _is_from_right(self) -> bool:
        return Locale(self.language).text_direction == "rtl"

    def _localise(self, value: object) -> object:
        """Format dates and numbers as the language does."""
        if isinstance(value, date):
            return self.write_date(value)
        if isinstance(value, int | float):
            return format_decimal(value, locale=self.language)
        return value


@cache
def load_phrases() -> Mapping[str, Phrases]:
    """Read every catalogue, once in a process; the keys are languages.

    Raises:
        PoFileError: a catalogue is not a valid gettext file.
    """
    catalogues = {
        entry.name.removesuffix(".po"): _compile(entry.read_text("utf-8"))
        for entry in (files("bot.wording") / "catalogues").iterdir()
        if entry.name.endswith(".po")
    }
    for language, catalogue in catalogues.items():
        if language != _FALLBACK:
            catalogue.add_fallback(catalogues[_FALLBACK])
    return MappingProxyType(
        {language: Phrases(language, catalogue) for language, catalogue in sorted(catalogues.items())}
    )


@lru_cache(maxsize=1024)
def _format_date(day: date, form: str, language: str) -> str:
    return format_date(day, form, locale=language)


def _compile(text: str) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, read_po(StringIO(text), abort_invalid=True))
    compiled.seek(0)
    return Translations(fp=compiled)
