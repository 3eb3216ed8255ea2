"""Drafts of articles: what was found in a file or on a page, on its way into an article file.

Nothing is made up: what was not found is missing, and a person may fill it in. A draft is kept as a file
until it is added or dropped, so that buttons about it work after a restart.
"""

import contextlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import tomli_w
from babel import Locale
from pydantic import ValidationError

from bot.corpus.durable import remove_durably, write_durably
from bot.corpus.front_matter import FENCE, FrontMatter
from bot.corpus.importing import name_article
from bot.corpus.sentences import split_sentences
from bot.language import parse_language

FIELDS = ("title", "outlet", "published", "language", "source")
"""What a person may change, in the order in which it is shown."""

_KEY = re.compile(r"[A-Za-z0-9_-]{1,32}")
_KEPT = 200
_PUBLISHED = "published"
_LANGUAGE = "language"
_DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y")


class FieldError(ValueError):
    """A value that the field of a draft cannot have; ``field`` names it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.field = name


@dataclass(frozen=True, slots=True)
class Draft:
    """An article that is not one yet; ``source`` must be filled in before it can be.

    ``original`` is the language from which the text was translated, where a file says so.
    """

    paragraphs: tuple[str, ...]
    language: str
    source: str | None = None
    title: str | None = None
    outlet: str | None = None
    published: date | None = None
    original: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that have no value."""
        return tuple(field for field in FIELDS if getattr(self, field) is None)

    @property
    def name(self) -> str:
        """A name for the file, from the source."""
        return name_article(self.source) if self.source else "article"

    def split(self) -> list[str]:
        """Return the sentences."""
        return [
            sentence
            for paragraph in self.paragraphs
            for sentence in split_sentences(paragraph, self.language)
        ]

    def render(self) -> bytes:
        """Return the content of the article file."""
        matter = {
            key: getattr(self, key)
            for key in ("language", "source", "outlet", "published", "title", "original")
        }
        head = tomli_w.dumps({key: value for key, value in matter.items() if value is not None})
        body = "\n\n".join(self.paragraphs)
        return f"{FENCE}\n{head}{FENCE}\n\n{body}\n".encode()


def change_draft(draft: Draft, name: str, value: str, reader: str) -> Draft:
    """Return the draft with another value of a field, as a person wrote it.

    Languages may be tags, or names in the language ``reader``; dates 2026-11-24 or 24.11.2026.

    Raises:
        FieldError: the value cannot be read, or the field is not one.
    """
    line = make_line(value)
    if name == _PUBLISHED:
        return replace(draft, published=_read_date(line))
    if name == _LANGUAGE:
        return replace(draft, language=_read_language(line, reader))
    if name == "source" and not is_sound_source(line):
        raise FieldError(name)
    if name not in FIELDS or not line:
        raise FieldError(name)
    if name == "title":
        return replace(draft, title=line)
    return replace(draft, outlet=line) if name == "outlet" else replace(draft, source=line)


def make_line(value: str) -> str:
    """Return a text as one line without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in value).split())


def is_sound_source(url: str) -> bool:
    """Tell whether a URL may be the source of an article."""
    try:
        FrontMatter(language="en", source=url)
    except ValidationError:
        return False
    return True


def _read_date(value: str) -> date:
    for pattern in _DATE_FORMATS:
        try:
            return datetime.strptime(value, pattern).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise FieldError(_PUBLISHED)


def _read_language(value: str, reader: str) -> str:
    names = {str(name).casefold(): tag for tag, name in Locale(reader).languages.items()}
    try:
        return parse_language(names.get(value.casefold(), value))
    except ValueError:
        raise FieldError(_LANGUAGE) from None


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """A draft with its key, and the messages that ask for a value: ``chat:message`` to the field."""

    key: str
    draft: Draft
    asked: Mapping[str, str] = field(default_factory=dict)


class Drafts:
    """The drafts that wait for a decision, the newest ones."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "drafts"

    def keep(self, kept: KeptDraft) -> None:
        """Keep a draft in the place of what was kept under its key.

        Raises:
            OSError: it cannot be written.
        """
        record = asdict(kept)
        published = kept.draft.published
        record["draft"]["published"] = published.isoformat() if published else None
        write_durably(self._path(kept.key), json.dumps(record, ensure_ascii=False).encode())
        for path in self._list()[_KEPT:]:
            remove_durably(path)

    def find(self, key: str) -> KeptDraft | None:
        """Return the draft with a key."""
        if not _KEY.fullmatch(key):
            return None
        try:
            return _read_draft(self._path(key))
        except FileNotFoundError:
            return None

    def find_asked(self, chat_id: int, message_id: int) -> tuple[KeptDraft, str] | None:
        """Return the draft and the field for which a message asks."""
        place = f"{chat_id}:{message_id}"
        for path in self._list():
            try:
                kept = _read_draft(path)
            except FileNotFoundError:  # another thread removed it
                continue
            if place in kept.asked:
                return kept, kept.asked[place]
        return None

    def drop(self, key: str) -> None:
        """Forget a draft.

        Raises:
            OSError: it cannot be removed.
        """
        if _KEY.fullmatch(key) and self._path(key).exists():
            remove_durably(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _list(self) -> list[Path]:
        """Return the files of the drafts, the newest first, without those that another thread removes."""
        kept_at: dict[Path, float] = {}
        for path in self._folder.glob("[!.]*.json"):
            with contextlib.suppress(FileNotFoundError):
                kept_at[path] = path.stat().st_mtime
        return sorted(kept_at, key=kept_at.__getitem__, reverse=True)


def _read_draft(path: Path) -> KeptDraft:
    record = json.loads(path.read_bytes())
    draft = record["draft"]
    published = draft["published"]
    draft |= {
        "paragraphs": tuple(draft["paragraphs"]),
        "published": date.fromisoformat(published) if published else None,
    }
    return KeptDraft(record["key"], Draft(**draft), record["asked"])
