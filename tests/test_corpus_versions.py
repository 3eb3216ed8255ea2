"""The versions that are kept of the corpus folder, and the way back to one."""

from pathlib import Path

import pytest

from bot.cli.article_desk import roll_back
from bot.corpus.articles import CorpusError, load_corpus
from bot.corpus.changes import (
    GoneError,
)
from bot.settings import Settings
from tests.corpus_place import Place, leave_pending, prepare, text


def test_versions_roll_back_what_a_pending_change_adds(tmp_path: Path) -> None:
    first = prepare(tmp_path)
    place = Place(tmp_path)
    leave_pending(place, {"added/three.md": text("three")})
    place.versions.roll_back(first, by="7", key="back")
    assert place.names() == {"one"}


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
