"""Pieces of a message: built by functions, so that markup is always closed and text always escaped.

A piece carries its HTML, the units that Telegram will count once it has parsed that, and the same
as plain text for the day when Telegram refuses the HTML. It does not send anything.
"""

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.characters import UNFIT_FOR_MESSAGES
from bot.chat.cards.fitting import ENTITIES, MESSAGE_UNITS, SOURCE_BYTES, count_units, shorten

_DOTTED = re.compile(r"[^\s.]+(?:\.[^\s.]+)+")
# So that the links of a passage and of those who agree fit into a message beside its text.
_ADDRESS_BYTES = 1500
_URL_UNITS = 200


@dataclass(frozen=True, slots=True)
class Markup:
    """A piece of a message: as HTML, as plain text, and its length in UTF-16 units when parsed."""

    html: str
    plain: str
    units: int

    def __add__(self, other: "Markup") -> "Markup":
        """Return this piece with another right behind it."""
        return Markup(self.html + other.html, self.plain + other.plain, self.units + other.units)

    @property
    def is_sendable(self) -> bool:
        """Whether one message holds it."""
        return (
            self.units <= MESSAGE_UNITS
            and len(self.html.encode()) <= SOURCE_BYTES
            and self.html.count("</") <= ENTITIES
        )


EMPTY = Markup("", "", 0)


def neutralise(content: str) -> str:
    """Return the text without characters that break a message or mislead its reader."""
    # Nothing that Unicode calls printable is among them, and Python looks that up at once.
    if content.isprintable():
        return content
    return UNFIT_FOR_MESSAGES.sub(lambda match: " " if match[0].isspace() else "", content)


def text(content: str) -> Markup:
    """Return any text, however hostile, as a piece that shows it."""
    shown = neutralise(content)
    return Markup(html.escape(shown, quote=False), shown, count_units(shown))


def bold(piece: Markup) -> Markup:
    """Return the piece in bold."""
    return Markup(f"<b>{piece.html}</b>", piece.plain, piece.units) if piece.units else piece


def italic(piece: Markup) -> Markup:
    """Return the piece in italics."""
    return Markup(f"<i>{piece.html}</i>", piece.plain, piece.units) if piece.units else piece


def link(piece: Markup, url: str) -> Markup:
    """Return the piece as a link; the URL stands behind it in plain text, or where Telegram takes no link."""
    shown = neutralise(url)
    address = html.escape(shown)
    if not _is_taken(shown) or len(address.encode()) > _ADDRESS_BYTES:
        return piece + text(f" ({shorten(shown, _URL_UNITS)})")
    return Markup(f'<a href="{address}">{piece.html}</a>', f"{piece.plain} ({shown})", piece.units)


def fold(piece: Markup) -> Markup:
    """Return the piece in a quote that a reader unfolds."""
    return Markup(f"<blockquote expandable>{piece.html}</blockquote>", piece.plain, piece.units)


def join(separator: str, pieces: Iterable[Markup]) -> Markup:
    """Return the pieces with a text between each two of them."""
    joined = EMPTY
    for number, piece in enumerate(pieces):
        joined += text(separator) + piece if number else piece
    return joined


def _is_taken(url: str) -> bool:
    """Tell whether Telegram makes a link of a URL: only to hosts with a dot, and nothing odd in it."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return has_port and _DOTTED.fullmatch(parts.hostname or "") is not None and not any(map(str.isspace, url))
