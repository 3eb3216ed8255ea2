"""The reader of Telegram's HTML.

It follows the documented grammar and words its refusals as Telegram does, with the offset in bytes
of UTF-8. It is stricter in three things, which Telegram passes over in silence by dropping what was
meant: nestings that are not allowed, attributes that mean nothing, links that lead nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from bot.sandbox.limits.entities import overlap, sorted_entities, utf16_length
from bot.sandbox.limits.formatting import FormattedText, checked_link
from bot.sandbox.limits.refusals import Json, refuse, refuse_here

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json

_TYPE_OF_TAG = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_ATTRIBUTES = {
    "a": {"href"},
    "code": {"class"},
    "span": {"class"},
    "tg-emoji": {"emoji-id"},
    "tg-time": {"unix", "format"},
    "blockquote": {"expandable"},
}
_LEAVES = {"text_link", "custom_emoji", "date_time", "code", "pre"}
_CHARACTER_REFERENCE = re.compile(
    r"&(?:#x(?P<hex>[0-9a-fA-F]*)|#(?P<dec>[0-9]*)|(?P<name>[A-Za-z]*))(?P<end>;?)"
)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SPACE = " \t\r\n\0\v"
_SPACES = re.compile(r"[ \t\r\n\0\v]*")
_TAG_NAME = re.compile(r"[^ \t\r\n\0\v>]*")
_ATTRIBUTE_NAME = re.compile(r"[^ \t\r\n\0\v=>/\"']*")
_NAME_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONGEST_REFERENCE = 10
_LAST_CHARACTER = 0x10FFFF
_USER_LINK = re.compile(r"tg://user/?\?id=(\d+)")


@dataclass
class _OpenTag:
    name: str
    position: int
    offset: int
    begin: int
    attributes: dict[str, str]


def parse_html(source: str) -> FormattedText:
    """Return what the HTML says, or raise what Telegram would answer."""
    if "<" not in source and "&" not in source:
        return FormattedText(source)
    return _Reader(source).read()


class _Reader:
    """One pass over one text; `position` is where it stands."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self.text: list[str] = []
        self.offset = 0
        self.open: list[_OpenTag] = []
        self.entities: list[Json] = []

    def read(self) -> FormattedText:
        while self.position < len(self.source):
            char = self.source[self.position]
            if char == "&":
                self._write(self._read_reference())
            elif char != "<":
                end = min(self._find("<"), self._find("&"))
                self._write(self.source[self.position : end])
                self.position = end
            elif self.source[self.position + 1 : self.position + 2] == "/":
                self._read_end_tag()
            else:
                self._read_start_tag()
        if self.open:
            tag = self.open[-1].name
            self._refuse(f'Can\'t find end tag corresponding to start tag "{tag}"')
        text = "".join(self.text)
        if _SURROGATE.search(text):
            self._refuse(
                "Text contains invalid Unicode characters after decoding HTML entities, check for "
                "unmatched surrogate code units"
            )
        return FormattedText(text, sorted_entities(self.entities))

    def _find(self, char: str) -> int:
        found = self.source.find(char, self.position)
        return len(self.source) if found < 0 else found

    def _write(self, text: str) -> None:
        self.text.append(text)
        self.offset += utf16_length(text)

    def _refuse(self, reason: str, position: int | None = None) -> NoReturn:
        place = "" if position is None else f" at byte offset {self._byte_offset(position)}"
        refuse(f"can't parse entities: {reason}{place}")

    def _refuse_here(self, reason: str, position: int) -> NoReturn:
        refuse_here(f"can't parse entities: {reason} at byte offset {self._byte_offset(position)}")

    def _byte_offset(self, position: int) -> int:
        return len(self.source[:position].encode("utf-8", "replace"))

    def _read_reference(self) -> str:
        match = _CHARACTER_REFERENCE.match(self.source, self.position)
        char = _referenced(match) if match else None
        if match is None or char is None:
            self.position += 1
            return "&"
        self.position = match.end()
        return char

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.source, self.position)
        skipped = match[0] if match else ""
        self.position += len(skipped)
        return skipped

    def _next(self) -> str:
        return self.source[self.position : self.position + 1]

    def _read_start_tag(self) -> None:
        begin = self.position
        self.position += 1
        name = self._skip(_TAG_NAME).lower()
        if not self._next():
            self._refuse("Unclosed start tag", begin)
        if name not in _TYPE_OF_TAG:
            self._refuse(f'Unsupported start tag "{name}"', begin)
        attributes: dict[str, str] = {}
        while True:
            self._skip(_SPACES)
            if self._next() == ">":
                break
            key, value = self._read_attribute(name, begin)
            if key not in _ATTRIBUTES.get(name, set()):
                self._refuse_here(f'The tag "{name}" has no attribute "{key}"', begin)
            attributes[key] = value
        self.position += 1
        if name == "span" and attributes.get("class") != "tg-spoiler":
            self._refuse('Tag "span" must have class "tg-spoiler"', begin)
        self._check_nesting(name, begin)
        self.open.append(_OpenTag(name, len(self.text), self.offset, begin, attributes))

    def _read_attribute(self, tag: str, begin: int) -> tuple[str, str]:
        key = self._skip(_ATTRIBUTE_NAME)
        if not key:
            self._refuse(f'Empty attribute name in the tag "{tag}"', begin)
        self._skip(_SPACES)
        if self._next() == "=":
            self.position += 1
            self._skip(_SPACES)
        elif self._next():
            return key, ""
        if not self._next():
            self._refuse(f'Unclosed start tag "{tag}"', begin)
        quote = self._next()
        if quote not in "'\"":
            token_begin = self.position
            value = self._skip(_NAME_TOKEN).lower()
            if self._next() and self._next() not in _SPACE + ">":
                self._refuse("Unexpected end of name token", token_begin)
        else:
            self.position += 1
            end = self._find(quote)
            value = _CHARACTER_REFERENCE.sub(
                lambda match: _referenced(match) or match[0], self.source[self.position : end]
            )
            self.position = min(end + 1, len(self.source))
        if not self._next():
            self._refuse("Unclosed start tag", begin)
        return key, value

    def _check_nesting(self, name: str, begin: int) -> None:
        kind = _TYPE_OF_TAG[name]
        around = [_TYPE_OF_TAG[tag.name] for tag in self.open]
        if {kind, *around[-1:]} == {"pre", "code"} and around.count(around[-1]) == 1:
            around.pop()
        for outer in around:
            if (
                outer in ("code", "pre")
                or (kind in ("code", "pre") and outer != "blockquote")
                or (kind in _LEAVES | {"blockquote"} and outer in _LEAVES)
                or kind == outer == "blockquote"
            ):
                self._refuse_here(f'"{kind}" can\'t be nested in "{outer}"', begin)

    def _read_end_tag(self) -> None:
        begin = self.position
        if not self.open:
            self._refuse("Unexpected end tag", begin)
        self.position += 2
        name = self._skip(_TAG_NAME).lower()
        self._skip(_SPACES)
        if self._next() != ">":
            self._refuse("Unclosed end tag", begin)
        self.position += 1
        tag = self.open[-1]
        if name and name != tag.name:
            self._refuse(
                f"Unmatched end tag at byte offset {self._byte_offset(begin)}, "
                f'expected "</{tag.name}>", found "</{name}>"'
            )
        self.open.pop()
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _OpenTag) -> None:
        kind = _TYPE_OF_TAG[tag.name]
        entity: Json = {"type": kind, "offset": tag.offset, "length": self.offset - tag.offset}
        if kind in ("pre", "code"):
            self._close_code(entity, tag)
            return
        if any(_TYPE_OF_TAG[outer.name] == kind for outer in self.open):
            return  # bold inside bold is just bold
        if kind == "blockquote" and "expandable" in tag.attributes:
            entity["type"] = "expandable_blockquote"
        elif kind == "custom_emoji":
            if not tag.attributes.get("emoji-id", "").isdigit():
                self._refuse("Invalid custom emoji identifier specified")
            entity["custom_emoji_id"] = tag.attributes["emoji-id"]
        elif kind == "date_time":
            entity["unix_time"] = int(tag.attributes.get("unix") or 0)
            entity["date_time_format"] = tag.attributes.get("format", "")
        elif kind == "text_link":
            entity |= self._link(tag)
        self.entities.append(entity)

    def _link(self, tag: _OpenTag) -> Json:
        link = tag.attributes.get("href") or "".join(self.text[tag.position :])
        if match := _USER_LINK.match(link):
            return {"type": "text_mention", "user": {"id": int(match[1])}}
        checked = checked_link(link)
        if checked is None:
            self._refuse_here(f"Telegram would drop the link to {link!r}", tag.begin)
        return {"url": checked}

    def _close_code(self, entity: Json, tag: _OpenTag) -> None:
        """Add pre or code; where one fills the whole of the other, both are one pre."""
        language = tag.attributes.get("class", "").removeprefix("language-")
        inner = self.entities[-1] if self.entities else None
        if inner and overlap(inner, entity):
            if (inner["offset"], inner["length"]) != (entity["offset"], entity["length"]):
                self._refuse_here('"code" must fill the whole of "pre"', tag.begin)
            self.entities.pop()
            entity["type"] = "pre"
            language = language or inner.get("language", "")
        elif not (self.open and self.open[-1].name == "pre"):
            language = ""
        self.entities.append(entity | ({"language": language} if language else {}))


def _referenced(match: re.Match[str]) -> str | None:
    """Return the character a reference names, or None where Telegram leaves it as it stands."""
    if match["name"] is not None:
        return _NAMED.get(match["name"])
    digits = match["hex"] if match["hex"] is not None else match["dec"]
    code = int(digits or "0", 16 if match["hex"] is not None else 10)
    too_long = match.end() - len(match["end"]) - match.start() >= _LONGEST_REFERENCE
    return None if code == 0 or code >= _LAST_CHARACTER or too_long else chr(code)
