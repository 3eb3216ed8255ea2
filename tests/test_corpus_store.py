"""Changes of the corpus folder: made as a whole, undone, taken back, or finished later."""

import errno
import itertools
import os
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.corpus import store
from bot.corpus.changes import (
    ChangedSinceError,
    ChangeKind,
    GoneError,
    PendingError,
    ReadOnlyError,
    StoreError,
)
from bot.corpus.durable import remove_durably, write_durably
from tests.corpus_place import Place, leave_pending, prepare, text


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


def test_store_names_a_note_that_is_damaged(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.store.add("news", text("a"), by="7", key="a")
    note = tmp_path / "state" / "note.json"
    note.write_text("{")
    with pytest.raises(StoreError, match=r"note\.json: is damaged .* remove it"):
        place.store.add("more", text("b"), by="7", key="b")
    note.unlink()
    place.store.add("more", text("b"), by="7", key="b")
    assert place.names() == {"added/news", "added/more"}


def test_store_names_the_folder_where_the_disk_is_full(tmp_path: Path) -> None:
    place = Place(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (16, hard))
    try:
        with pytest.raises(ReadOnlyError, match=rf"^{re.escape(str(place.folder))}: cannot be written: "):
            place.store.add("news", text("a"), by="7", key="a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    place.store.add("news", text("a"), by="7", key="a")
    assert place.names() == {"added/news"}
