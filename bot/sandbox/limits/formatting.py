"""A text with its entities, and how it is written as Telegram's HTML; `html_reader` reads it."""

from __future__ import annotations

import html as stdlib_html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.sandbox.limits.entities import character_index, sorted_entities, utf16_offsets
from bot.sandbox.limits.refusals import Json

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json

_TAG_OF_TYPE = {
    "bold": "b",
    "italic": "i",
    "strikethrough": "s",
    "underline": "u",
    "spoiler": "tg-spoiler",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
}


@dataclass(frozen=True)
class FormattedText:
    """A text as people see it, and the entities that dress it."""

    text: str
    entities: list[Json] = field(default_factory=list)

    @property
    def html(self) -> str:
        """The text as Telegram's HTML."""
        return render_html(self.text, self.entities)


def checked_link(link: str) -> str | None:
    """Return a link as Telegram keeps it, or None where it would drop it.

    "https://Example.org" becomes "https://example.org/".
    """
    if re.match(r"(?i)(tg|ton|tonsite)://", link):
        return link
    if "://" not in link:
        link = f"http://{link}"
    try:
        parts = urlsplit(link)
        _ = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not re.fullmatch(r"[^\s.]+(\.[^\s.]+)+", host):
        return None
    if re.search(r"\s", link):
        return None
    place = parts.netloc.lower() if "@" not in parts.netloc else parts.netloc
    return parts._replace(netloc=place, path=parts.path or "/").geturl()


def render_html(text: str, entities: list[Json]) -> str:
    """Return text and entities as Telegram's HTML; what Telegram marks by itself stays bare."""
    offsets = utf16_offsets(text)
    pieces: list[str] = []
    closing: list[tuple[int, str]] = []
    position = 0

    def write_until(index: int) -> None:
        nonlocal position
        while closing and closing[-1][0] <= index:
            end, tag = closing.pop()
            pieces.extend((stdlib_html.escape(text[position:end], quote=False), tag))
            position = end
        pieces.append(stdlib_html.escape(text[position:index], quote=False))
        position = index

    for entity in sorted_entities(entities):
        opening, tag = _tags(entity)
        if opening:
            write_until(character_index(offsets, entity["offset"]))
            pieces.append(opening)
            closing.append((character_index(offsets, entity["offset"] + entity["length"]), tag))
    write_until(len(text))
    return "".join(pieces)


def _tags(entity: Json) -> tuple[str, str]:
    kind = entity["type"]
    if kind == "text_link":
        return f'<a href="{stdlib_html.escape(entity["url"])}">', "</a>"
    if kind == "text_mention":
        return f'<a href="tg://user?id={entity["user"]["id"]}">', "</a>"
    if kind == "custom_emoji":
        return f'<tg-emoji emoji-id="{entity["custom_emoji_id"]}">', "</tg-emoji>"
    if kind == "expandable_blockquote":
        return "<blockquote expandable>", "</blockquote>"
    if kind == "pre" and "language" in entity:
        return f'<pre><code class="language-{entity["language"]}">', "</code></pre>"
    tag = _TAG_OF_TYPE.get(kind)
    return (f"<{tag}>", f"</{tag}>") if tag else ("", "")
