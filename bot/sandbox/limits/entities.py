"""Offsets and entities of plain text, counted as Telegram counts: in UTF-16 code units.

`find_entities` marks what Telegram marks by itself: commands, mentions, hashtags, links and e-mail
addresses. "😀 /ask" holds one command, at offset 3. Phone and card numbers are not looked for, and
of links without "https://" only those in common top-level domains.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.sandbox.limits.refusals import Json

_DOMAINS = "com|org|net|edu|gov|info|io|me|de|uk|ru|fr|es|it|no|se|dk|nl|eu|ch|at|us|ua|pl|cz|dev"
_PATTERNS = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}(?![\w-])")),
    (
        "url",
        re.compile(
            r"(?<![\w@.-])(?:https?://[\w.-]+\.\w{2,}|(?:[\w-]+\.)+(?:" + _DOMAINS + r")(?!\w))"
            r"(?::\d+)?(?:[/?#][^\s<>\"]*)?",
            re.IGNORECASE,
        ),
    ),
    (
        "bot_command",
        re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/<>@])"),
    ),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{2,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\d*[^\W\d])\w{1,256}(?![\w#])")),
)
_LAST_OF_ONE_UNIT = 0xFFFF
_MARKS = re.compile(r"[@/#.]")


def utf16_length(text: str) -> int:
    """Return the number of UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str:
    """Return the part of a text that an entity covers."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def utf16_offsets(text: str) -> list[int]:
    """Return for every character, and for the end, its offset in UTF-16 code units."""
    if utf16_length(text) == len(text):
        return list(range(len(text) + 1))
    return list(accumulate((1 + (ord(char) > _LAST_OF_ONE_UNIT) for char in text), initial=0))


def overlap(first: Json, second: Json) -> bool:
    """Tell whether two entities have a character in common."""
    return bool(
        first["offset"] < second["offset"] + second["length"]
        and second["offset"] < first["offset"] + first["length"]
    )


def find_entities(text: str) -> list[Json]:
    """Return what Telegram marks by itself, in order."""
    if not _MARKS.search(text):
        return []
    offsets = utf16_offsets(text)
    found: list[Json] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            end = match.end()
            if kind == "url":
                end = match.start() + len(match[0].rstrip(".,:;!?'\")]}"))
            start = offsets[match.start()]
            entity = {"type": kind, "offset": start, "length": offsets[end] - start}
            if not any(overlap(entity, other) for other in found):
                found.append(entity)
    return sorted_entities(found)


def sorted_entities(entities: Iterable[Json]) -> list[Json]:
    """Return entities in Telegram's order: by offset, the longer first."""
    return sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def character_index(offsets: list[int], utf16_offset: int) -> int:
    """Return the index of the character at an offset, given `utf16_offsets` of the text."""
    return bisect_left(offsets, utf16_offset)
