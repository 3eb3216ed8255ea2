"""Links that translate a passage: made from the owner's URL template, opened by the reader.

The bot itself translates nothing and asks no service; the text travels only when somebody opens
the link.
"""

from urllib.parse import quote, urlsplit

from bot.chat.cards.fitting import shorten
from bot.chat.cards.markup import neutralise

# Telegram refuses buttons as a whole that are too large; services take no more either.
_URL_CHARACTERS = 2000
_STEP_UNITS = 20
# Google's codes differ from BCP 47 here.
_GOOGLE_HOST = "translate.google.com"
_GOOGLE_CODES = {"nb": "no", "he": "iw", "zh": "zh-CN"}


class TranslationLinks:
    """Fills the template; an empty one makes no links."""

    def __init__(self, template: str) -> None:
        """Take a URL with the placeholders ``{text}``, ``{from}`` and ``{to}``; the settings checked it."""
        self._template = template
        is_google = urlsplit(template).hostname == _GOOGLE_HOST
        self._codes = _GOOGLE_CODES if is_google else {}

    def link(self, text: str, language: str, reader: str) -> str | None:
        """Return the URL that translates a text into the reader's language, if it needs to be.

        A text that makes the URL too long is shortened.
        """
        if not self._template or language == reader:
            return None
        shown = shorten(neutralise(text), _URL_CHARACTERS)
        while len(url := self._fill(shown, language, reader)) > _URL_CHARACTERS:
            if not shown:
                return None
            shown = shorten(shown, len(shown) - _STEP_UNITS)
        return url if shown.strip() else None

    def _fill(self, text: str, language: str, reader: str) -> str:
        values = {
            "text": quote(text, safe=""),
            "from": self._codes.get(language, language),
            "to": self._codes.get(reader, reader),
        }
        return self._template.format_map(values)
