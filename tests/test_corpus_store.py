"""Changes of the corpus folder, the versions that are kept of it, and drafts on their way into it."""

import errno
import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli.article_desk import roll_back
from bot.corpus import store
from bot.corpus.articles import CorpusError, load_corpus
from bot.corpus.drafts import Draft, Drafts, KeptDraft
from bot.corpus.durable import remove_durably, write_durably
from bot.corpus.store import (
    ArticleStore,
    ChangedSinceError,
    ChangeKind,
    GoneError,
    PendingError,
    ReadOnlyError,
    StoreError,
)
from bot.corpus.versions import Versions
from bot.model import Corpus
from bot.settings import Settings

ARTICLE = '+++\nlanguage = "en"\nsource = "https://example.org/{0}"\n+++\n\n{0} is here. It stays.\n'


def text(name: str) -> bytes:
    return ARTICLE.format(name.replace(" ", "-")).encode()


class Place:
    """A corpus folder with its store and versions."""

    def __init__(self, folder: Path, max_versions: int = 10, max_bytes: int = 1_000_000) -> None:
        self.folder = folder / "corpus"
        self.folder.mkdir(exist_ok=True)
        self.store = ArticleStore(self.folder, folder / "state")
        self.versions = Versions(self.store, folder / "state", max_versions=max_versions, max_bytes=max_bytes)

    def load(self) -> Corpus:
        return load_corpus(self.folder, 1_000_000)

    def serve(self) -> str:
        corpus = self.load()
        self.versions.keep(corpus)
        return corpus.version

    def names(self) -> set[str]:
        return {article.id for article in self.load().articles}


def test_store_adds_beside_what_is_there(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.add("news", text("a"), by="7", key="a")
    again = place.store.add("news", text("a"), by="7", key="a")
    place.store.add("news", text("b"), by="7", key="b")
    assert place.names() == {"added/news", "added/news-2"}
    assert again.kind is ChangeKind.ADD
    assert [change.key for change in place.store.list_changes()] == ["b", "a"]


def test_store_takes_out_and_brings_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "old.md").write_bytes(text("old"))
    (place.folder / "new.md").write_bytes(text("new"))
    old = next(article for article in place.load().articles if article.id == "old")
    place.store.take_out("old", old.digest, by="7", key="out")
    assert place.names() == {"new"}
    assert [path.name for path in (place.folder / ".trash").iterdir()] == [f"old.{old.digest[:8]}.md"]
    with pytest.raises(GoneError):
        place.store.take_out("old", old.digest, by="7", key="out-again")
    place.store.undo("out", by="8")
    assert place.store.undo("out", by="8").by == "8"
    assert place.names() == {"old", "new"}
    assert list((place.folder / ".trash").iterdir()) == []


def test_store_leaves_alone_what_changed_since(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "other.md").write_bytes(text("other"))
    place.store.add("news", text("a"), by="7", key="a")
    (place.folder / "added" / "news.md").write_bytes(text("mended"))
    with pytest.raises(ChangedSinceError):
        place.store.undo("a", by="7")
    with pytest.raises(ChangedSinceError):
        place.store.take_out("added/news", "0" * 64, by="7", key="out")
    with pytest.raises(GoneError):
        place.store.undo("never", by="7")
    assert place.names() == {"added/news", "other"}


@pytest.mark.parametrize("path", ["../out.md", "/out.md", "a/../../out.md", "link/out.md"])
def test_store_writes_nothing_outside(tmp_path: Path, path: str) -> None:
    place = Place(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (place.folder / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        place.store.make(ChangeKind.ADD, {path: b"x"}, by="7", key="a")
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert not (tmp_path / "out.md").exists()


def test_store_says_that_the_folder_cannot_be_written(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.check_writable()
    (place.folder / "added").write_text("a file where the folder should be")
    with pytest.raises(ReadOnlyError, match="added"):
        place.store.check_writable()
    with pytest.raises(ReadOnlyError, match="added"):
        place.store.add("news", text("a"), by="7", key="a")
    assert place.store.find_change("a") is None


def test_store_takes_back_a_change_as_if_it_had_never_been_made(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "old.md").write_bytes(text("old"))
    place.store.take_back(place.store.add("news", text("a"), by="7", key="a"), by="7")
    assert place.names() == {"old"}
    assert place.store.list_changes() == []
    # Its key is that of a button, which may be pressed again.
    place.store.add("news", text("a"), by="7", key="a")
    assert place.names() == {"old", "added/news"}
    place.store.take_back(place.store.undo("a", by="7"), by="7")
    assert place.names() == {"old", "added/news"}
    place.store.undo("a", by="7")
    assert place.names() == {"old"}


def test_store_puts_back_what_fails_on_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path)
    (place.folder / "old.md").write_bytes(text("old"))
    old = place.load().articles[0]

    def fill_the_disk(path: Path) -> None:
        if path.name == "old.md":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        remove_durably(path)

    with monkeypatch.context() as patched:
        patched.setattr(store, "remove_durably", fill_the_disk)
        with pytest.raises(ReadOnlyError, match="No space left"):
            place.store.take_out("old", old.digest, by="7", key="out")
    assert place.store.recover() is None
    assert place.names() == {"old"}
    assert list((place.folder / ".trash").iterdir()) == []
    assert place.store.find_change("out") is None
    place.store.take_out("old", old.digest, by="7", key="out")
    assert not (place.folder / "old.md").exists()


def test_store_finishes_what_it_can_neither_make_nor_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path)

    def fill_the_disk(path: Path, content: bytes) -> None:
        if path.suffix == ".md":
            (path.parent / "begun.md").write_bytes(content)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write_durably(path, content)

    def stay(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_durably", fill_the_disk)
        patched.setattr(store, "remove_durably", stay)
        with pytest.raises(PendingError, match=r"pending.*note\.json"):
            place.store.add("news", text("a"), by="7", key="a")
    (place.folder / "added" / "begun.md").unlink()
    # The next change finishes it first, so that two of a name do not meet.
    place.store.add("news", text("b"), by="7", key="b")
    assert place.names() == {"added/news", "added/news-2"}


def test_store_says_what_to_do_with_a_change_that_cannot_be_finished(tmp_path: Path) -> None:
    place = Place(tmp_path)
    change = place.store.add("news", text("a"), by="7", key="a")
    note = tmp_path / "state" / "note.json"
    (tmp_path / "state" / "changes" / "a.json").rename(note)
    (place.folder / "added" / "news.md").unlink()
    digest = str(change.steps[0].after)
    (tmp_path / "state" / "objects" / digest[:2] / digest).unlink()
    with pytest.raises(
        PendingError, match=r"note\.json: holds a change.*put that file back, or remove the note"
    ):
        place.store.add("more", text("b"), by="7", key="b")
    note.unlink()
    place.store.add("more", text("b"), by="7", key="b")
    assert place.names() == {"added/more"}


def prepare(folder: Path) -> str:
    """Make a corpus with two versions, of one article and of two; return the first."""
    folder.mkdir(exist_ok=True)
    place = Place(folder)
    (place.folder / "one.md").write_bytes(text("one"))
    first = place.serve()
    place.store.add("two", text("two"), by="7", key="two")
    place.serve()
    return first


def leave_pending(place: Place, contents: dict[str, bytes | None]) -> None:
    """Begin a change that also removes an article, whose removal can be neither followed nor put back."""
    (place.folder / "a.md").write_bytes(text("a"))
    blocked = [place.folder / path for path in ("a.md", *contents)]
    # A folder is where each file would be written before it is put into its place.
    blocks = [path.with_name(f".{path.name}.unfinished") for path in blocked]
    for block in blocks:
        block.mkdir(parents=True)
    with pytest.raises(PendingError, match=r"note\.json"):
        place.store.make(ChangeKind.ADD, {"a.md": None, **contents}, by="7", key="pending")
    for block in blocks:
        block.rmdir()
    assert not (place.folder / "a.md").exists()


def test_store_takes_out_only_what_a_pending_change_leaves(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "b.md").write_bytes(text("b"))
    (article,) = place.load().articles
    leave_pending(place, {"b.md": text("mended")})
    with pytest.raises(ChangedSinceError):
        place.store.take_out("b", article.digest, by="7", key="out")
    assert (place.folder / "b.md").read_bytes() == text("mended")


def test_store_undoes_only_what_a_pending_change_leaves(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.add("news", text("news"), by="7", key="news")
    leave_pending(place, {"added/news.md": text("mended")})
    with pytest.raises(ChangedSinceError):
        place.store.undo("news", by="7")
    assert (place.folder / "added" / "news.md").read_bytes() == text("mended")


def test_versions_roll_back_what_a_pending_change_adds(tmp_path: Path) -> None:
    first = prepare(tmp_path)
    place = Place(tmp_path)
    leave_pending(place, {"added/three.md": text("three")})
    place.versions.roll_back(first, by="7", key="back")
    assert place.names() == {"one"}


def add(place: Place, _first: str) -> None:
    place.store.add("three", text("three"), by="7", key="three")


def take_out(place: Place, _first: str) -> None:
    digest = place.versions.list_versions()[0].files["added/two.md"]
    place.store.take_out("added/two", digest, by="7", key="out")


def undo(place: Place, _first: str) -> None:
    place.store.undo("two", by="7")


def go_back(place: Place, first: str) -> None:
    place.versions.roll_back(first, by="7", key="back")


def take_back(place: Place, _first: str) -> None:
    change = place.store.find_change("two")
    if change is not None:
        place.store.take_back(change, by="7")


def fail_at(step: int, call: Callable[..., object], calls: Iterator[int]) -> Callable[..., object]:
    """Return the call, which fails where the counter of all calls is at a step."""

    def count(*arguments: object, **named: object) -> object:
        if next(calls) == step:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return call(*arguments, **named)

    return count


@pytest.mark.parametrize("act", [add, take_out, undo, go_back, take_back])
def test_store_says_the_truth_whichever_call_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: Callable[[Place, str], None]
) -> None:
    first = prepare(tmp_path / "before")
    act(Place(shutil.copytree(tmp_path / "before", tmp_path / "after")), first)

    def read_files(name: str) -> dict[str, bytes]:
        corpus = tmp_path / name / "corpus"
        return {path.relative_to(corpus).as_posix(): path.read_bytes() for path in corpus.rglob("*.md")}

    before, after = read_files("before"), read_files("after")
    assert before != after
    for step in itertools.count():
        place = Place(shutil.copytree(tmp_path / "before", tmp_path / str(step)))
        calls = itertools.count()

        failure: StoreError | None = None
        with monkeypatch.context() as patched:
            for name in ("fsync", "replace", "unlink", "mkdir", "open"):
                patched.setattr(os, name, fail_at(step, getattr(os, name), calls))
            try:
                act(place, first)
            except StoreError as error:
                failure = error
        is_pending = isinstance(failure, PendingError)
        # Only what is taken back is not put into place again.
        assert not is_pending or act is take_back, step
        assert (place.store.recover() is not None) == is_pending, step
        is_made = failure is None or is_pending
        assert read_files(str(step)) == (after if is_made else before), step
        # It can be made now, by the same press.
        act(place, first)
        assert read_files(str(step)) == after, step
        if next(calls) <= step:
            break


def test_shell_takes_back_a_roll_back_that_does_not_load(tmp_path: Path) -> None:
    first = prepare(tmp_path)
    place = Place(tmp_path)
    (place.folder / "one.md").write_bytes(b"broken by hand")
    place.versions.roll_back(first, by="7", key="back")
    place.serve()
    (aside,) = (version for version in place.versions.list_versions() if not version.has_served)
    settings = Settings(
        corpus=place.folder, versions=tmp_path / "state", database=tmp_path / "log.sqlite", encoder="none"
    )
    with pytest.raises(CorpusError, match=r"one\.md"):
        roll_back(settings, aside.id)
    assert place.names() == {"one"}
    assert {change.key for change in place.store.list_changes()} == {"two", "back"}
    # So what comes next is not taken for the work of the shell.
    (place.folder / "one.md").write_bytes(text("mended"))
    place.serve()
    assert place.versions.list_versions()[0].by is None


def test_drafts_are_searched_while_others_are_kept_and_removed(tmp_path: Path) -> None:
    drafts = Drafts(tmp_path)
    draft = Draft(("A text.",), "en")
    for number in range(200):
        drafts.keep(KeptDraft(f"old-{number}", draft))

    def keep_others() -> None:
        for number in range(100):
            drafts.keep(KeptDraft(f"new-{number}", draft))

    keeping = threading.Thread(target=keep_others)
    keeping.start()
    while keeping.is_alive():
        assert drafts.find_asked(7, 9) is None
    keeping.join()
    # What vanished before it could be looked at, always.
    (tmp_path / "drafts" / "gone.json").symlink_to(tmp_path / "nowhere")
    assert drafts.find_asked(7, 9) is None


def test_versions_know_that_what_was_put_aside_serves_again(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "one.md").write_bytes(text("one"))
    first = place.serve()
    (place.folder / "one.md").write_bytes(text("mended"))
    place.versions.roll_back(first, by="7", key="back")
    (aside, *_) = (version for version in place.versions.list_versions() if version.id != first)
    assert not aside.has_served
    (place.folder / "one.md").write_bytes(text("mended"))
    assert place.serve() == aside.id
    good = place.versions.find_last_good()
    assert good is not None
    assert (good.id, good.has_served, good.changed) == (aside.id, True, 1)


def test_versions_tell_who_changed_what(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "one.md").write_bytes(text("one"))
    first = place.serve()
    place.store.add("two", text("two"), by="7", key="two")
    second = place.serve()
    (place.folder / "one.md").write_bytes(text("mended"))
    place.serve()
    place.serve()
    newest, middle, oldest = place.versions.list_versions()
    assert (newest.by, newest.new, newest.changed, newest.gone) == (None, 0, 1, 0)
    assert (middle.id, middle.by, middle.new, middle.changed) == (second, "7", 1, 0)
    assert (oldest.id, oldest.by, oldest.new) == (first, None, 1)


def test_versions_roll_back_and_forth(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "one.md").write_bytes(text("one"))
    first = place.serve()
    place.store.add("two", text("two"), by="7", key="two")
    (place.folder / "one.md").write_bytes(b"broken by hand")
    place.versions.roll_back(first, by="7", key="back")
    assert place.serve() == first
    assert place.names() == {"one"}
    served, aside = place.versions.list_versions()
    assert (served.id, served.by, served.has_served) == (first, "7", True)
    assert not aside.has_served
    assert place.versions.find_last_good() == served
    # What was replaced is a version too, mistakes and all.
    place.versions.roll_back(aside.id, by="7", key="forth")
    assert (place.folder / "one.md").read_bytes() == b"broken by hand"
    assert (place.folder / "added" / "two.md").exists()
    with pytest.raises(GoneError):
        place.versions.roll_back("nothing", by="7", key="nothing")


def test_versions_are_bounded_in_number(tmp_path: Path) -> None:
    place = Place(tmp_path, max_versions=3)
    served = []
    for number in range(6):
        (place.folder / "one.md").write_bytes(text(f"text {number}"))
        served.append(place.serve())
    assert [version.id for version in place.versions.list_versions()] == served[:2:-1]
    assert len(list((tmp_path / "state" / "objects").glob("*/*"))) == 3


def test_versions_are_bounded_in_bytes_and_the_newest_stays(tmp_path: Path) -> None:
    place = Place(tmp_path, max_bytes=len(text("text 0")) * 2)
    for number in range(4):
        (place.folder / "one.md").write_bytes(text(f"text {number}"))
        newest = place.serve()
    assert len(place.versions.list_versions()) == 2
    (place.folder / "one.md").write_bytes(text("long" * 100))
    newest = place.serve()
    assert [version.id for version in place.versions.list_versions()] == [newest]


def test_versions_unpack(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.folder / "one.md").write_bytes(text("one"))
    version = place.serve()
    (place.folder / "one.md").write_bytes(b"broken")
    good = place.versions.find_last_good()
    assert good is not None
    with place.versions.unpacked(good) as folder:
        assert load_corpus(folder, 1_000_000).version == version
    assert not folder.exists()
