"""Article files are read whole or refused with every mistake, its file and its line."""

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from bot.corpus.articles import CorpusError, compare_corpora, find_strangers, load_corpus
from bot.search.index import CorpusIndex
from bot.settings import PROJECT

GOOD = '+++\nlanguage = "en"\nsource = "https://example.org/a"\n+++\n\nOne. Two.\n\nThree.\n'
MAX_BYTES = 10_000


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


Put = Callable[[str, str | bytes], Path]


def refusals(folder: Path) -> list[str]:
    with pytest.raises(CorpusError) as caught:
        load_corpus(folder, MAX_BYTES)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


def test_articles_are_read_with_their_places(put: Put, tmp_path: Path) -> None:
    put("news/first.md", GOOD)
    corpus = load_corpus(tmp_path, MAX_BYTES)
    (article,) = corpus.articles
    assert (article.id, article.language, article.outlet) == ("news/first", "en", "example.org")
    assert article.published is None
    places = [(passage.id, passage.text, passage.paragraph) for passage in corpus.passages]
    assert places == [
        ("news/first#0", "One.", 0),
        ("news/first#1", "Two.", 0),
        ("news/first#2", "Three.", 1),
    ]


def test_articles_keep_what_their_front_matter_says(put: Put, tmp_path: Path) -> None:
    optional = 'outlet = "Dân trí"\npublished = 2025-10-26\ntitle = "A title"\n'
    put("a.md", GOOD.replace("+++\n\n", f"{optional}+++\n\n").replace('"en"', '"no"'))
    (article,) = load_corpus(tmp_path, MAX_BYTES).articles
    assert (article.outlet, article.published, article.title) == ("Dân trí", date(2025, 10, 26), "A title")
    assert article.language == "nb"


@pytest.mark.parametrize(("written", "read"), [("vi", "vi"), ("no", "nb"), ("pt-BR", "pt"), ("en", None)])
def test_articles_tell_the_language_of_their_original(
    put: Put, tmp_path: Path, written: str, read: str | None
) -> None:
    put("a.md", GOOD.replace('/a"', f'/a"\noriginal = "{written}"'))
    (article,) = load_corpus(tmp_path, MAX_BYTES).articles
    assert article.original == read


def test_articles_may_have_windows_line_ends_and_a_byte_order_mark(put: Put, tmp_path: Path) -> None:
    put("a.md", b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert len(load_corpus(tmp_path, MAX_BYTES).passages) == 3


def test_articles_lose_control_characters(put: Put, tmp_path: Path) -> None:
    put("a.md", GOOD.replace("Three", "\x1b[31mThree\x00"))
    assert load_corpus(tmp_path, MAX_BYTES).passages[-1].text == "[31mThree."


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (GOOD.replace('language = "en"\n', ""), "a.md:1: language: is missing"),
        (GOOD.replace("source", "sauce"), "a.md:3: sauce: is not a key"),
        (GOOD.replace('"en"', "false"), "a.md:2: language: input should be a valid string, not False"),
        (GOOD.replace('"en"', '"english"'), "a.md:2: language: must be the tag of a language"),
        (
            GOOD.replace("https://example.org/a", "/a"),
            "a.md:3: source: must be an absolute http or https URL",
        ),
        (GOOD.replace("https://", "ftp://"), "a.md:3: source: must be an absolute http or https URL"),
        (GOOD.replace('/a"', '/a"\npublished = "2025"'), "a.md:4: published: input should be a valid date"),
        (GOOD.replace('/a"', '/a"\ntitle = " "'), "a.md:4: title: "),
        (GOOD.replace('/a"', '/a"\noutlet = "a\\nb"'), "a.md:4: outlet: must be one line"),
        (GOOD.replace('/a"', '/a"\noriginal = "viet"'), "a.md:4: original: must be the tag of a language"),
        (GOOD.replace('/a"', '/a"\noriginal = 1'), "a.md:4: original: input should be a valid string, not 1"),
        (GOOD.replace('= "en"', "="), "a.md:2: the front matter is not TOML"),
        (GOOD.replace("+++\n\n", "\n"), "a.md:8: the front matter is not closed"),
        ("Just text.", "a.md:1: the first line must be +++"),
        ("", "a.md:1: the first line must be +++"),
        (GOOD.partition("One")[0], "a.md:4: there is no text"),
        (GOOD.encode().replace(b"Three", b"Thr\xffee"), "a.md:8: is not UTF-8"),
        (GOOD + "x" * MAX_BYTES, "a.md: is larger than 10000 bytes"),
        (GOOD.replace('"en"', "[" * 2_000), "a.md:3: the front matter is not TOML"),
        (GOOD.replace('"en"', "1" * 5_000), "a.md:3: the front matter is not TOML"),
        (
            GOOD.replace('"en"', f'["{"x" * 2_000}"]'),
            f"a.md:2: language: input should be a valid string, not ['{'x' * 198}…",
        ),
    ],
)
def test_articles_with_a_mistake_are_refused(
    put: Put, tmp_path: Path, content: str | bytes, refusal: str
) -> None:
    put("a.md", content)
    found = refusals(tmp_path)
    assert any(line.startswith(refusal) for line in found), found


def test_articles_with_one_source_are_refused(put: Put, tmp_path: Path) -> None:
    first = put("a.md", GOOD)
    put("b.md", GOOD)
    assert refusals(tmp_path) == [f"b.md:3: source: {first} already has this URL; each article needs its own"]


def test_articles_all_mistakes_are_told_at_once(put: Put, tmp_path: Path) -> None:
    put("a.md", "x = 1\n")
    put("b.md", "+++\nlanguage = 1\nsource = 2\n+++\n")
    put("c.md", GOOD)
    assert [line.split(":")[:2] for line in refusals(tmp_path)] == [
        ["a.md", "1"],
        ["b.md", "2"],
        ["b.md", "3"],
        ["b.md", "4"],
    ]


def test_articles_outside_the_folder_are_refused(put: Put, tmp_path: Path) -> None:
    put("corpus/a.md", GOOD)
    (tmp_path / "corpus" / "b.md").symlink_to(put("secret.md", GOOD))
    assert refusals(tmp_path / "corpus") == [
        "b.md: is a link that leads out of the folder; copy the file here instead"
    ]


@pytest.mark.parametrize(("folder", "reason"), [("", "holds no article"), ("nowhere", "is not a folder")])
def test_articles_missing_altogether_are_a_mistake(tmp_path: Path, folder: str, reason: str) -> None:
    assert reason in refusals(tmp_path / folder)[0]


def test_articles_of_other_kinds_are_named(put: Put, tmp_path: Path) -> None:
    put("a.md", GOOD)
    stranger = put("notes.txt", "x")
    put(".hidden/b.txt", "x")
    assert find_strangers(tmp_path) == [stranger]


def test_articles_version_depends_on_content_alone(put: Put, tmp_path: Path) -> None:
    put("one/a.md", GOOD)
    put("two/b.md", GOOD)
    put("three/b.md", GOOD + "More.\n")
    versions = [load_corpus(tmp_path / name, MAX_BYTES).version for name in ("one", "two", "three")]
    assert versions[0] == versions[1] != versions[2]


def test_articles_changes_are_told_by_id(put: Put, tmp_path: Path) -> None:
    for name in ("kept", "changed", "gone"):
        put(f"{name}.md", GOOD.replace("/a", f"/{name}"))
    before = load_corpus(tmp_path, MAX_BYTES)
    put("changed.md", GOOD.replace("/a", "/changed") + "More.\n")
    put("new.md", GOOD.replace("/a", "/new"))
    (tmp_path / "gone.md").unlink()
    change = compare_corpora(before, load_corpus(tmp_path, MAX_BYTES))
    assert (change.new, change.changed, change.gone) == (("new",), ("changed",), ("gone",))


def test_articles_of_the_project_are_read_as_they_should() -> None:
    corpus = load_corpus(PROJECT / "corpus", MAX_BYTES)
    assert [article.language for article in corpus.articles] == ["en", "id", "nb", "de", "fr"]
    texts = [passage.text for passage in corpus.passages]
    assert sum("72" in text for text in texts) == 4
    assert any(text.startswith("Ettermiddagen 26. oktober, i sin avslutningstale") for text in texts)
    assert "Three consensus results" in texts
    assert not any("Comment" in text or "http" in text for text in texts)


def test_articles_that_are_no_files_are_refused_at_once(put: Put, tmp_path: Path) -> None:
    put("a.md", GOOD)
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "gone.md").symlink_to(tmp_path / "nowhere")
    (tmp_path / "null.md").symlink_to("/dev/zero")
    (tmp_path / "folder.md").mkdir()
    assert refusals(tmp_path) == [
        "gone.md: cannot be read: No such file or directory",
        "null.md: is a link that leads out of the folder; copy the file here instead",
        "pipe.md: is not a regular file; move it out of the folder of the articles",
    ]


def test_articles_behind_a_linked_folder_are_refused(put: Put, tmp_path: Path) -> None:
    put("corpus/a.md", GOOD)
    put("elsewhere/b.md", GOOD)
    (tmp_path / "corpus" / "linked").symlink_to(tmp_path / "elsewhere")
    assert refusals(tmp_path / "corpus") == [
        "linked: is a link to a folder, which is not followed; copy the folder here instead"
    ]


def test_articles_may_be_links_within_the_folder(put: Put, tmp_path: Path) -> None:
    # As Kubernetes mounts them.
    put(".mounted/a.md", GOOD)
    (tmp_path / ".data").symlink_to(".mounted")
    (tmp_path / "a.md").symlink_to(Path(".data") / "a.md")
    assert [article.id for article in load_corpus(tmp_path, MAX_BYTES).articles] == ["a"]


def test_articles_too_large_together_are_refused(put: Put, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        put(f"{name}.md", GOOD.replace("/a", f"/{name}"))
    assert len(load_corpus(tmp_path, MAX_BYTES, 3 * len(GOOD)).articles) == 3
    with pytest.raises(
        CorpusError, match="holds more than 200 bytes of articles; raise BOT_MAX_CORPUS_BYTES"
    ):
        load_corpus(tmp_path, MAX_BYTES, 200)


def test_articles_front_matter_has_an_end(put: Put, tmp_path: Path) -> None:
    keys = "".join(f"k{number} = 1\n" for number in range(100_000))
    put("a.md", GOOD.replace("language", f"{keys}language"))
    with pytest.raises(CorpusError, match="100003: the front matter is longer than 16384 characters"):
        load_corpus(tmp_path, 2_000_000)


@pytest.mark.parametrize(
    "unit",
    [", ", "字。", "« ", "((a ", "- ", "\u00a0", "\u00a0\0", " \n", "a. b! ", "，", "x", "Ab. ", "1 000 "],
)
def test_articles_take_time_by_their_length_only(put: Put, tmp_path: Path, unit: str) -> None:
    put("a.md", GOOD + unit * (100_000 // len(unit)))
    started = time.process_time()
    CorpusIndex.build(load_corpus(tmp_path, 1_000_000))
    # A tenth of this on two cores; minutes where time goes by the square of the length.
    assert time.process_time() - started < 10


def test_articles_with_a_name_that_is_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "\udcff.md").write_text(GOOD)
    (refusal,) = refusals(tmp_path)
    assert refusal.endswith(".md: its name is not UTF-8; rename it")
