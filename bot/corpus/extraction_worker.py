"""Reads one page or PDF in a process of its own: a line of JSON and the bytes in, a line of JSON out.

trafilatura finds the article on a page, pypdf the lines of a PDF. Time and memory are bounded by the
operating system where it can; whatever happens here happens to this process alone. ``extraction`` starts
it.
"""

import io
import json
import logging
import re
import sys
from collections import Counter
from itertools import pairwise

import trafilatura
from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError

if sys.platform != "win32":
    import resource

# Address space. An ordinary file takes 150 MiB of it, a page of a megabyte that is all links 280; the bot
# and one such process fit together into the memory that config/bot.service gives them.
_MEMORY_BYTES = 536_870_912
_PAGES = 500
_REPEATED_ON = 3
_SHORT = 0.75
_HEADING = 0.6
_NAMES = (
    "ad",
    "ads",
    "advert",
    "advertisement",
    "banner",
    "cookie",
    "newsletter",
    "promo",
    "related",
    "share",
)
# What pages set amid the text of an article, by the names that authors give to its parts.
_REST = [
    f"//*[self::div or self::aside or self::section or self::p]"
    f"[contains(concat(' ', translate(@class, '_-', '  '), ' '), ' {name} ')]"
    for name in _NAMES
]
_HYPHEN = re.compile(r"(\w)[-\u00ad]$")
_ENDS = tuple('.!?…"»”’)')


def read_page(content: bytes, address: str | None) -> dict[str, object]:
    """Find the article on a page."""
    found = trafilatura.bare_extraction(
        content,
        url=address,
        include_comments=False,
        include_tables=False,
        with_metadata=True,
        prune_xpath=_REST,
    )
    if found is None or isinstance(found, dict):
        return {"problem": "empty", "detail": ""}
    return {
        "title": found.title,
        "outlet": found.sitename,
        "published": found.date,
        "source": found.url,
        "paragraphs": [line.removeprefix("- ") for line in (found.text or "").splitlines()],
    }


def read_pdf(content: bytes) -> dict[str, object]:
    """Find the text of a PDF: lines that are repeated on its pages are left out, the others joined."""
    try:
        reader = PdfReader(io.BytesIO(content))
        pages = [page.extract_text().splitlines() for page in reader.pages[:_PAGES]]
    except FileNotDecryptedError:
        return {"problem": "locked", "detail": ""}
    metadata = reader.metadata
    created = metadata.creation_date if metadata else None
    return {
        "title": metadata.title if metadata else None,
        "outlet": None,
        "published": created.date().isoformat() if created else None,
        "source": None,
        "paragraphs": join_lines(leave_out_repeated(pages)),
    }


def leave_out_repeated(pages: list[list[str]]) -> list[str]:
    """Return the lines of all pages but those at the top or foot of most pages, whatever their number."""
    edges = [{_without_digits(line) for line in (*page[:1], *page[-1:])} for page in pages]
    counts = Counter(line for edge in edges for line in edge)
    least = max(_REPEATED_ON, len(pages) // 2 + 1)
    repeated = {line for line, count in counts.items() if count >= least}
    return [line.strip() for page in pages for line in page if _without_digits(line) not in repeated]


def join_lines(lines: list[str]) -> list[str]:
    """Join lines to paragraphs: one ends at an empty line, or at a line that is short for its text."""
    longest = max(map(len, lines), default=0)
    paragraphs: list[str] = []
    joined = ""
    for line, following in pairwise([*lines, ""]):
        joined = (
            f"{joined} {line}".strip() if not _HYPHEN.search(joined) else _HYPHEN.sub(r"\1", joined) + line
        )
        is_end = line.endswith(_ENDS) and len(line) < _SHORT * longest
        is_heading = (
            len(line) < _HEADING * longest and following[:1].isupper() and not line.endswith((",", "-"))
        )
        if not following or not line or is_end or is_heading:
            paragraphs.append(joined)
            joined = ""
    return [paragraph for paragraph in paragraphs if paragraph]


def _without_digits(line: str) -> str:
    return re.sub(r"\d+", "#", line.strip())


def main() -> None:
    """Read what standard input holds, and write what was found."""
    first, _, content = sys.stdin.buffer.read().partition(b"\n")
    wish = json.loads(first)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        seconds = int(wish["seconds"]) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    logging.disable()
    try:
        found = read_pdf(content) if wish["kind"] == "pdf" else read_page(content, wish["address"])
    except Exception as error:  # noqa: BLE001 - a library's way of saying that the file is broken
        found = {"problem": "broken", "detail": f"{type(error).__name__}: {error}"[:200]}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
