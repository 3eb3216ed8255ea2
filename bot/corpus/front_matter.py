"""The front matter of an article file: language, original language, source, outlet, date and title.

It is TOML between ``+++`` lines, because YAML reads ``language: no`` as false. Every mistake is
reported with its line and its remedy.
"""

import re
import tomllib
from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from bot.language import parse_language

FENCE = "+++"
# Far more than anybody writes, and little enough to report every mistake in it.
_MOST_CHARACTERS = 16_384
_SHOWN_CHARACTERS = 200
_TOML_LINE = re.compile(r"\(at line (\d+)")


class FrontMatterError(Exception):
    """Front matter that cannot be used; ``mistakes`` has pairs of a line (from 1) and a remedy."""

    def __init__(self, *mistakes: tuple[int, str]) -> None:
        super().__init__("; ".join(remedy for _, remedy in mistakes))
        self.mistakes = mistakes


def _check_printable(value: str) -> str:
    if not value.isprintable():
        message = "must be one line without control characters"
        raise ValueError(message)
    return value


def _check_absolute(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in url:
        message = "must be an absolute http or https URL"
        raise ValueError(message)
    return url


_Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_check_printable)
]


class FrontMatter(BaseModel):
    """The keys that an article file may have; the first two it must have."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    language: Annotated[_Line, AfterValidator(parse_language)]
    source: Annotated[_Line, AfterValidator(_check_absolute)]
    outlet: _Line | None = None
    published: date | None = None
    title: _Line | None = None
    original: Annotated[_Line, AfterValidator(parse_language)] | None = None


def split_front_matter(lines: list[str]) -> tuple[list[str], list[str]]:
    """Cut a file's lines into the front matter, with the opening fence but not the closing one, and the text.

    Raises:
        FrontMatterError: there is no front matter, or it is not closed.
    """
    if lines[0].strip() != FENCE:
        raise FrontMatterError((1, f"the first line must be {FENCE}, with the front matter below it"))
    closing = next((number for number, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if closing is None:
        raise FrontMatterError((len(lines), f"the front matter is not closed: a line {FENCE} is missing"))
    return lines[:closing], lines[closing + 1 :]


def parse_front_matter(lines: list[str]) -> FrontMatter:
    """Read the lines of the front matter, from its first fence on.

    Raises:
        FrontMatterError: it is not TOML, or its keys are wrong.
    """
    text = "\n".join(("", *lines[1:], ""))
    if len(text) > _MOST_CHARACTERS:
        remedy = (
            f"the front matter is longer than {_MOST_CHARACTERS} characters; close it earlier, with {FENCE}"
        )
        raise FrontMatterError((len(lines), remedy))
    try:
        keys = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # Numbers with too many digits raise a plain ValueError, deep arrays a RecursionError.
        place = _TOML_LINE.search(str(error))
        line = int(place[1]) if place else len(lines)
        raise FrontMatterError((line, f"the front matter is not TOML: {error}")) from None
    try:
        return FrontMatter(**keys)
    except ValidationError as error:
        mistakes = [
            (find_key(lines, str(mistake["loc"][0])), _explain(mistake)) for mistake in error.errors()
        ]
        raise FrontMatterError(*sorted(mistakes)) from None


def find_key(lines: list[str], key: str) -> int:
    """Return the line (from 1) that sets a key, or 1 where no line does."""
    pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(lines, 1) if pattern.match(line)), 1)


def _explain(mistake: ErrorDetails) -> str:
    key = str(mistake["loc"][0])
    if mistake["type"] == "missing":
        return f"{key}: is missing; it is required"
    if mistake["type"] == "extra_forbidden":
        return f"{key}: is not a key of the front matter; the keys are {', '.join(FrontMatter.model_fields)}"
    remedy = mistake["msg"].removeprefix("Value error, ")
    return f"{key}: {remedy[:1].lower()}{remedy[1:]}, not {_show(mistake['input'])}"


def _show(value: object) -> str:
    """Return a wrong value as text, shortened to a line or two."""
    try:
        shown = repr(value)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__}"
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}…"
