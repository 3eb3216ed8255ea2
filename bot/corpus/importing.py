"""Raw article texts, as copied from a web page, turned into article files.

Such a text has one paragraph per line, a line that names the source in some language
("Kilde: https://…"), and below it whatever the page shows under an article ("Comment (0)"). The
words of the article are kept; only white space before closing punctuation is removed. Nothing is
made up: keys that the text does not give are left out of the front matter and reported.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from urllib.parse import unquote, urlsplit

import tomli_w

from bot.corpus.front_matter import FENCE

_SOURCE_LINE = re.compile(r"\s*(?:[^\s:：][^:：\n]{0,30}?\s?[:：]\s*)?(https?://\S+)\s*")
_COUNTER_LINE = re.compile(r"\s*[^\W\d_][^\d()\n]{0,30}\(\s*\d+\s*\)\s*")
# French sets a space before ; : ! and ?, so only a space before these marks is surely a mistake.
_STRAY_SPACE = re.compile(r"[ \t\u00a0]+(?=[,.)](?:\s|$|[,.)]))")
_DATE_IN_URL = re.compile(r"(?<!\d)(20\d\d)[-/]?(0[1-9]|1[0-2])[-/]?(0[1-9]|[12]\d|3[01])")
_NAME_LENGTH = 80


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """An article file to be written: its name without suffix, its content, and the keys that are missing."""

    name: str
    content: str
    language: str
    published: date | None
    missing: tuple[str, ...]


class RawTextError(ValueError):
    """The raw text cannot become an article; the message says what is missing."""


def import_article(
    raw: str,
    detect_language: Callable[[str], str],
    outlet: str | None = None,
    published: date | None = None,
    original: str | None = None,
) -> ImportedArticle:
    """Turn a raw text into an article file; ``original`` is the language that it was translated from.

    Raises:
        RawTextError: no line names the source, or there is no text above it.
    """
    lines = [line.strip() for line in raw.lstrip("\ufeff").splitlines()]
    source_at = _find_source(lines)
    if source_at is None:
        message = 'has no line that names the source, such as "Source: https://example.org/article"'
        raise RawTextError(message)
    match = _SOURCE_LINE.fullmatch(lines[source_at])
    source = match[1] if match else ""
    rest = [line for line in lines[source_at + 1 :] if not _COUNTER_LINE.fullmatch(line)]
    paragraphs = [_STRAY_SPACE.sub("", line) for line in (*lines[:source_at], *rest) if line]
    if not paragraphs:
        message = "has no text besides the line that names the source"
        raise RawTextError(message)

    published = published or _find_date(source)
    language = detect_language("\n".join(paragraphs))
    matter: dict[str, object] = {"language": language}
    if original:
        matter["original"] = original
    matter["source"] = source
    if outlet:
        matter["outlet"] = outlet
    if published:
        matter["published"] = published
    body = "\n\n".join(paragraphs)
    return ImportedArticle(
        name=_name(source),
        content=f"{FENCE}\n{tomli_w.dumps(matter)}{FENCE}\n\n{body}\n",
        language=language,
        published=published,
        missing=tuple(name for name, value in (("outlet", outlet), ("published", published)) if not value),
    )


def _find_source(lines: list[str]) -> int | None:
    """Return the index of the last line that holds nothing but a label and a URL."""
    return next((number for number in reversed(range(len(lines))) if _names_source(lines[number])), None)


def _names_source(line: str) -> bool:
    match = _SOURCE_LINE.fullmatch(line)
    try:
        return match is not None and bool(urlsplit(match[1]).hostname)
    except ValueError:
        return False


def _find_date(source: str) -> date | None:
    match = _DATE_IN_URL.search(source)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _name(source: str) -> str:
    """Name the file after the last part of the URL's path, in ASCII."""
    parts = urlsplit(source)
    last = unquote(parts.path).rstrip("/").rpartition("/")[2].rpartition(".")
    text = last[0] or last[2] or parts.netloc
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_NAME_LENGTH].strip("-") or "article"
