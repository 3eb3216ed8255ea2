"""From the bytes of a file to a draft of an article: .md in our format, .txt, .html and .pdf.

Pages and PDFs come from anywhere. They are read in a process of their own (``extraction_worker``) that
has a limited time and a limited memory, so that a hostile or broken file costs no more than a message.
Pages without a text, such as robot checks and paywalls, are told apart by their emptiness.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from bot.characters import UNFIT_FOR_ARTICLES
from bot.corpus.articles import CorpusError, parse_article, split_paragraphs
from bot.corpus.drafts import Draft, is_sound_source, make_line
from bot.corpus.front_matter import FrontMatterError, parse_front_matter, split_front_matter
from bot.corpus.importing import find_date, read_raw_text
from bot.settings import PROJECT

SUFFIXES = (".md", ".txt", ".html", ".htm", ".pdf")
"""The kinds of files that can be read."""

_TIMEOUT_S = 60.0
_LEAST_SENTENCES = 3
_LEAST_CHARACTERS = 250
_TITLE_CHARACTERS = 150
_LINE_CHARACTERS = 300
_LANGUAGE_CHARACTERS = 4000
_PLACE = Path("article.md")


class Problem(StrEnum):
    """The reasons why a file does not become a draft."""

    KIND = "kind"
    EMPTY = "empty"
    BROKEN = "broken"
    LOCKED = "locked"
    SLOW = "slow"
    LARGE = "large"
    ENCODING = "encoding"
    FORMAT = "format"


class ExtractionError(Exception):
    """The file does not become a draft; ``detail`` says more, in English, if there is more to say."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(f"{problem.value}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail


class Extractor:
    """Makes drafts of files."""

    def __init__(
        self,
        detect_language: Callable[[str], str],
        *,
        max_article_bytes: int,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """``max_article_bytes`` bounds the article file; reading one takes at most ``timeout_s``."""
        self._detect_language = detect_language
        self._max_article_bytes = max_article_bytes
        self._timeout_s = timeout_s

    def extract(self, content: bytes, name: str, address: str | None = None) -> Draft:
        """Make a draft of a file; the suffix of its name tells its kind.

        ``address`` is where it was fetched from, and the source of the article.

        Raises:
            ExtractionError: it cannot be read, has no text, or is too large.
        """
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".md":
            draft = self._read_article(content)
        elif suffix == ".txt":
            draft = self._read_text(content)
        elif suffix in SUFFIXES:
            draft = self._read_foreign(content, suffix, address)
        else:
            raise ExtractionError(Problem.KIND, suffix)
        if address is not None:
            published = draft.published or find_date(address)
            draft = replace(draft, source=address, published=published)
        if draft.outlet is None and draft.source:
            draft = replace(draft, outlet=urlsplit(draft.source).hostname)
        self._check(draft)
        return draft

    def _check(self, draft: Draft) -> None:
        """Hold that the draft, once it has a source, is an article."""
        content = replace(draft, source=draft.source or "https://example.org").render()
        if len(content) > self._max_article_bytes:
            raise ExtractionError(Problem.LARGE)
        try:
            parse_article(_PLACE, Path(), content)
        except CorpusError as error:
            raise ExtractionError(Problem.FORMAT, error.mistakes[0].remedy) from None

    def _read_article(self, content: bytes) -> Draft:
        lines = _decode(content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        try:
            front, body = split_front_matter(lines)
            matter = parse_front_matter(front)
        except FrontMatterError as error:
            line, remedy = error.mistakes[0]
            raise ExtractionError(Problem.FORMAT, f"{line}: {remedy}") from None
        paragraphs = tuple(split_paragraphs(body))
        if not paragraphs:
            raise ExtractionError(Problem.EMPTY)
        return Draft(
            paragraphs,
            matter.language,
            matter.source,
            matter.title,
            matter.outlet,
            matter.published,
            matter.original,
        )

    def _read_text(self, content: bytes) -> Draft:
        text = _decode(content)
        source, lines = read_raw_text(text)
        paragraphs = _clean(lines if source else split_paragraphs(text.splitlines()))
        title = None
        if len(paragraphs) > 1 and _is_heading(paragraphs[0]):
            title, *paragraphs = paragraphs
        if not paragraphs:
            raise ExtractionError(Problem.EMPTY)
        sound = source if source and is_sound_source(source) else None
        published = find_date(sound) if sound else None
        return Draft(tuple(paragraphs), self._detect(paragraphs), sound, title, published=published)

    def _read_foreign(self, content: bytes, suffix: str, address: str | None) -> Draft:
        """Have a page or a PDF read."""
        found = self._run_worker(content, "pdf" if suffix == ".pdf" else "html", address)
        title = make_line(found["title"] or "")[:_LINE_CHARACTERS] or None
        paragraphs = [text for text in _clean(found["paragraphs"]) if text != title]
        language = self._detect(paragraphs)
        source = found["source"]
        draft = Draft(
            tuple(paragraphs),
            language,
            source if source and is_sound_source(source) else None,
            title,
            make_line(found["outlet"] or "")[:_LINE_CHARACTERS] or None,
            _read_date(found["published"]),
        )
        if len(" ".join(paragraphs)) < _LEAST_CHARACTERS or len(draft.split()) < _LEAST_SENTENCES:
            raise ExtractionError(Problem.EMPTY)
        return draft

    def _run_worker(self, content: bytes, kind: str, address: str | None) -> dict[str, Any]:
        wish = json.dumps({"kind": kind, "address": address, "seconds": self._timeout_s}).encode()
        try:
            done = subprocess.run(
                [sys.executable, "-m", "bot.corpus.extraction_worker"],
                input=wish + b"\n" + content,
                capture_output=True,
                timeout=self._timeout_s,
                cwd=PROJECT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ExtractionError(Problem.SLOW) from None
        try:
            found: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            # Out of memory or time, or it crashed in a library.
            raise ExtractionError(Problem.BROKEN, f"status {done.returncode}") from None
        if "problem" in found:
            raise ExtractionError(Problem(found["problem"]), found["detail"])
        return found

    def _detect(self, paragraphs: list[str]) -> str:
        return self._detect_language("\n".join(paragraphs)[:_LANGUAGE_CHARACTERS])


def _decode(content: bytes) -> str:
    has_mark = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        return content.decode("utf-16" if has_mark else "utf-8-sig")
    except UnicodeDecodeError:
        raise ExtractionError(Problem.ENCODING) from None


def _clean(paragraphs: Iterable[str]) -> list[str]:
    """Return the paragraphs as an article file holds them."""
    texts = (UNFIT_FOR_ARTICLES.sub("", paragraph) for paragraph in paragraphs)
    lines = (" ".join(text.encode("utf-8", "replace").decode().split()) for text in texts)
    return [line for line in lines if line]


def _is_heading(paragraph: str) -> bool:
    return (
        len(paragraph) <= _TITLE_CHARACTERS and paragraph[-1] not in ".!?…:;,。" and paragraph.isprintable()
    )


def _read_date(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value) if value else None
    except ValueError:
        return None
