"""Files become drafts of articles: with all of the article, and nothing of the rest."""

import json
import os
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.corpus.articles import load_corpus
from bot.corpus.drafts import Draft, Drafts, FieldError, KeptDraft, change_draft
from bot.corpus.extraction import ExtractionError, Extractor, Problem
from bot.corpus.store import ArticleStore
from bot.language import LanguageDetector
from bot.settings import PROJECT
from tests.article_files import read_page, read_pages, write_pdf

UPLOADS = int(os.environ.get("UPLOADS", "150"))
DETECTOR = LanguageDetector(("de", "en", "fr", "id", "nb", "vi"))
EXTRACTOR = Extractor(DETECTOR.detect, max_article_bytes=100_000)
LINES = [
    "The old mill by the river will be a museum from next spring on.",
    "Its wheel turned for the last time in 1961, when the owner retired",
    "and nobody wanted to take over the work. Volunteers have re-",
    "paired the roof and the wheel since then.",
    "They look for people who remember the mill at work.",
]


def problem_of(content: bytes, name: str) -> Problem:
    with pytest.raises(ExtractionError) as caught:
        EXTRACTOR.extract(content, name)
    return caught.value.problem


@pytest.mark.parametrize("page", read_pages(), ids=lambda page: page["file"])
def test_extraction_finds_the_article_on_a_page(page: dict[str, Any]) -> None:
    draft = EXTRACTOR.extract(read_page(page["file"]), "page.html")
    text = "\n".join(draft.paragraphs)
    found = sum(sentence in text for sentence in page["sentences"])
    assert found >= 0.95 * len(page["sentences"]), text
    assert [line for line in page["rest"] if line in text] == []
    assert (draft.title, draft.outlet, draft.language) == (page["title"], page["outlet"], page["language"])
    assert draft.published == date.fromisoformat(page["published"])
    assert draft.source == f"https://news.example.org/{page['file']}"
    assert len(draft.split()) <= len(page["sentences"]) + 1


def test_extraction_takes_the_address_for_the_source() -> None:
    draft = EXTRACTOR.extract(read_page("orgel"), "page.html", "https://other.example/2026/10/07/orgel")
    assert draft.source == "https://other.example/2026/10/07/orgel"


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html></html>",
        b"<html><body><h1>Are you a robot?</h1><p>Please tick the box to go on.</p></body></html>",
        b"<html><body><h1>News</h1><p>The council has voted.</p>Subscribe to read on.</body></html>",
    ],
)
def test_extraction_tells_pages_without_an_article(page: bytes) -> None:
    assert problem_of(page, "page.html") is Problem.EMPTY


def test_extraction_reads_a_pdf() -> None:
    pages = [["The River Post", *LINES, f"Page {number}"] for number in (1, 2, 3)]
    draft = EXTRACTOR.extract(write_pdf(pages, "A museum in the mill"), "mill.pdf")
    assert draft.title == "A museum in the mill"
    assert draft.published == date(2026, 11, 2)
    assert draft.language == "en"
    assert draft.missing == ("outlet", "source")
    text = " ".join(draft.paragraphs)
    assert "River Post" not in text
    assert "Page" not in text
    assert "Volunteers have repaired the roof and the wheel since then." in draft.split()
    assert len(draft.split()) == 12


def test_extraction_reads_a_text() -> None:
    text = "A museum in the mill\n\nThe mill opens.\nIt is old.\n\nSource: https://post.example/2026/04/05/mill\n"
    draft = EXTRACTOR.extract(text.encode(), "mill.TXT")
    assert (draft.title, draft.source) == ("A museum in the mill", "https://post.example/2026/04/05/mill")
    assert (draft.published, draft.outlet) == (date(2026, 4, 5), "post.example")
    assert draft.split() == ["The mill opens.", "It is old."]
    assert EXTRACTOR.extract("The mill opens.".encode("utf-16"), "mill.txt").missing == (
        *("title", "outlet", "published", "source"),
    )


def test_extraction_keeps_an_article_as_it_is() -> None:
    draft = Draft(("One text. Another one.", "A third."), "nb", "https://post.example/a", "T+++", "Post")
    assert EXTRACTOR.extract(draft.render(), "a.md") == draft


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"MZ", "virus.exe", Problem.KIND),
        (b"no front matter", "a.md", Problem.FORMAT),
        (b"\xff\xfe\xfa", "a.txt", Problem.ENCODING),
        (b" \n\n ", "a.txt", Problem.EMPTY),
        (b"word " * 30_000, "a.txt", Problem.LARGE),
        (b"%PDF-1.4 broken", "a.pdf", Problem.BROKEN),
        (b"", "a.pdf", Problem.BROKEN),
    ],
)
def test_extraction_says_why_not(content: bytes, name: str, problem: Problem) -> None:
    assert problem_of(content, name) is problem


def test_extraction_is_bounded_in_time() -> None:
    hurried = Extractor(DETECTOR.detect, max_article_bytes=100_000, timeout_s=0.05)
    with pytest.raises(ExtractionError) as caught:
        hurried.extract(read_page("orgel"), "page.html")
    assert caught.value.problem is Problem.SLOW


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded on Linux alone")
def test_extraction_fits_beside_the_bot_into_the_memory_of_the_unit() -> None:
    # As large as a page that is fetched may be, and hostile: five million elements, each in the one before.
    page = b"<p>" * 5_300_000
    wish = json.dumps({"kind": "html", "address": None, "seconds": 10}).encode()
    script = (
        "from bot.corpus.extraction_worker import main; main();"
        " print(); print(open('/proc/self/status').read())"
    )
    done = subprocess.run(  # noqa: S603 - the bot itself
        [sys.executable, "-c", script],
        input=wish + b"\n" + page,
        capture_output=True,
        cwd=PROJECT,
        check=False,
    )
    peak = re.search(rb"^VmHWM:\s+(\d+) kB$", done.stdout, re.MULTILINE)
    assert peak, done.stderr[-300:]
    unit = (PROJECT / "config" / "bot.service").read_text("utf-8")
    gibibytes = re.search(r"^MemoryMax=(\d+)G$", unit, re.MULTILINE)
    assert gibibytes
    # The bot takes up to 400 MB.
    assert int(peak[1]) * 1024 < int(gibibytes[1]) * 2**30 - 400_000_000


def test_draft_is_changed_by_hand() -> None:
    draft = Draft(("A text.",), "en")
    assert change_draft(draft, "published", "24.11.2026", "de").published == date(2026, 11, 24)
    assert change_draft(draft, "language", "Französisch", "de").language == "fr"
    assert change_draft(draft, "language", "no", "en").language == "nb"
    assert change_draft(draft, "title", "Two\nlines\x00", "en").title == "Two lines"
    for name, value in (
        ("published", "soon"),
        ("language", "Quuxish"),
        ("source", "x"),
        ("title", " "),
        ("x", "y"),
    ):
        with pytest.raises(FieldError):
            change_draft(draft, name, value, "en")


def test_drafts_are_kept(tmp_path: Path) -> None:
    draft = Draft(("A text.",), "en", published=date(2026, 1, 2))
    Drafts(tmp_path).keep(KeptDraft("key", draft, {"7:9": "title"}))
    drafts = Drafts(tmp_path)
    assert drafts.find("key") == KeptDraft("key", draft, {"7:9": "title"})
    found = drafts.find_asked(7, 9)
    assert found is not None
    assert found[1] == "title"
    assert drafts.find_asked(7, 8) is None
    drafts.drop("key")
    drafts.drop("../key")
    assert drafts.find("key") is None


NAMES = st.one_of(
    st.sampled_from(("a.md", "a.txt", "../../a.txt", "/etc/passwd.md", "..", "a.MD", "\x00.txt", "CON.md")),
    st.text(max_size=40).map(lambda name: f"{name}.txt"),
)
LINES_OF_FILES = st.one_of(
    st.text(max_size=200),
    st.sampled_from(("+++", 'language = "en"', 'source = "https://a.example/../../x"', 'title = "\\u0000"')),
    st.text(max_size=60).map(lambda path: f"Source: https://a.example/{path}"),
)
TEXTS = st.lists(LINES_OF_FILES, max_size=12).map("\n".join)
MATTER = '+++\nlanguage = "en"\nsource = "https://a.example/{0}"\n+++\n\n{0}\n'
CONTENTS = st.one_of(
    st.binary(max_size=2000),
    TEXTS.map(lambda text: text.encode("utf-8", "replace")),
    TEXTS.map(lambda text: MATTER.format(text).encode("utf-8", "replace")),
    TEXTS.map(lambda text: text.encode("utf-16", "replace")),
)
TAGS = (
    "p",
    "div",
    "article",
    "h1",
    "title",
    "script",
    "table",
    "br",
    "a",
    "li",
    "svg",
    "template",
    "p class=ad",
)
PAGES = st.lists(st.tuples(st.sampled_from(TAGS), st.text(max_size=300), st.booleans()), max_size=20).map(
    lambda parts: "".join(
        f"<{tag}>{text}" + (f"</{tag.split()[0]}>" if is_closed else "") for tag, text, is_closed in parts
    ).encode("utf-8", "replace")
)


@st.composite
def broken_files(draw: st.DrawFn, sound: bytes) -> bytes:
    """Cut bytes out of a sound file, or put others in."""
    content = bytearray(sound)
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(content)))
        content[start : start + draw(st.integers(0, 40))] = draw(st.binary(max_size=40))
    return bytes(content)


# Each is read in a process of its own.
FOREIGN = st.one_of(
    st.tuples(st.just("a.html"), st.one_of(PAGES, broken_files(read_page("orgel")))),
    st.tuples(st.just("a.pdf"), broken_files(write_pdf([LINES, LINES], "A museum in the mill"))),
)
CHANGES = st.lists(
    st.tuples(st.sampled_from(("title", "outlet", "published", "language", "source")), st.text(max_size=80)),
    max_size=4,
)


@settings(max_examples=UPLOADS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(name=NAMES, content=CONTENTS, changes=CHANGES)
def test_upload_of_anything_leaves_a_corpus_that_loads(
    name: str, content: bytes, changes: list[tuple[str, str]]
) -> None:
    upload(name, content, changes)


@settings(max_examples=max(4, UPLOADS // 50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(file=FOREIGN, changes=CHANGES)
def test_upload_of_any_page_or_pdf_leaves_a_corpus_that_loads(
    file: tuple[str, bytes], changes: list[tuple[str, str]]
) -> None:
    upload(*file, changes)


def upload(name: str, content: bytes, changes: list[tuple[str, str]]) -> None:
    """Do with a file what the chat does, if it can be read, and look at what is in the folder then."""
    try:
        draft = EXTRACTOR.extract(content, name)
    except ExtractionError:
        return
    for field, value in (*changes, ("source", f"https://a.example/{len(content)}")):
        try:
            draft = change_draft(draft, field, value, "en")
        except FieldError:
            continue
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        store = ArticleStore(folder / "corpus", folder / "state")
        store.folder.mkdir()
        drafts = Drafts(folder / "state")
        drafts.keep(KeptDraft("key", draft))
        kept = drafts.find("key")
        assert kept is not None
        assert kept.draft == draft
        assert list(store.folder.iterdir()) == []
        store.add(draft.name, draft.render(), by="7", key="a")
        assert [path.parent.name for path in store.folder.rglob("*.md")] == ["added"]
        corpus = load_corpus(store.folder, 200_000)
        assert [article.language for article in corpus.articles] == [draft.language]
        assert {path.name for path in folder.iterdir()} == {"corpus", "state"}
