"""Killed at any step of a change, the corpus folder is as before or as after once the bot starts again."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.corpus.articles import load_corpus
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions

Act = Callable[[ArticleStore, Versions], object]
CALLS = ("fsync", "replace", "unlink", "mkdir", "open")
MOST_STEPS = 300
ARTICLE = '+++\nlanguage = "en"\nsource = "https://example.org/{0}"\n+++\n\n{0} is here. It stays.\n'


def open_store(folder: Path) -> tuple[ArticleStore, Versions]:
    store = ArticleStore(folder / "corpus", folder / "state")
    return store, Versions(store, folder / "state", max_versions=10, max_bytes=1_000_000)


def prepare(folder: Path) -> None:
    """Make a corpus with two versions: one article, then three, one of them changed."""
    (folder / "corpus").mkdir(parents=True)
    store, versions = open_store(folder)
    (folder / "corpus" / "one.md").write_text(ARTICLE.format("one"))
    versions.keep(load_corpus(folder / "corpus", 1_000_000))
    (folder / "corpus" / "one.md").write_text(ARTICLE.format("changed"))
    for name in ("two", "three"):
        store.add(name, ARTICLE.format(name).encode(), by="7", key=name)
    versions.keep(load_corpus(folder / "corpus", 1_000_000))


def add(store: ArticleStore, _versions: Versions) -> None:
    store.add("four", ARTICLE.format("four").encode(), by="7", key="four")


def take_out(store: ArticleStore, versions: Versions) -> None:
    digest = versions.list_versions()[0].files["added/two.md"]
    store.take_out("added/two", digest, by="7", key="out")


def undo(store: ArticleStore, _versions: Versions) -> None:
    store.undo("three", by="7")


def roll_back(_store: ArticleStore, versions: Versions) -> None:
    versions.roll_back(versions.list_versions()[-1].id, by="7", key="back")


def read_files(folder: Path) -> dict[str, str]:
    corpus = folder / "corpus"
    files = (path for path in corpus.rglob("*") if path.is_file())
    return {path.relative_to(corpus).as_posix(): path.read_text("utf-8") for path in files}


def run_and_kill(folder: Path, act: Act, step: int) -> bool:
    """Act in a process that dies before its call with that number; tell whether it did."""
    store, versions = open_store(folder)
    child = os.fork()
    if child == 0:
        left = step

        def counting(call: Callable[..., object]) -> Callable[..., object]:
            def count(*arguments: object, **named: object) -> object:
                nonlocal left
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1
                return call(*arguments, **named)

            return count

        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        try:
            act(store, versions)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot be forked here")
@pytest.mark.parametrize("act", [add, take_out, undo, roll_back])
def test_killed_change_is_made_or_not(tmp_path: Path, act: Act) -> None:
    prepare(tmp_path / "whole")
    before = read_files(tmp_path / "whole")
    act(*open_store(tmp_path / "whole"))
    after = read_files(tmp_path / "whole")
    assert before != after
    outcomes = []
    for step in range(MOST_STEPS):
        folder = tmp_path / str(step)
        prepare(folder)
        has_died = run_and_kill(folder, act, step)
        store, _ = open_store(folder)
        store.recover()
        files = read_files(folder)
        assert files in (before, after), step
        load_corpus(folder / "corpus", 1_000_000)
        outcomes.append(files == after)
        # What comes next works too.
        store.add("later", ARTICLE.format("later").encode(), by="7", key="later")
        assert "added/later.md" in read_files(folder)
        if not has_died:
            break
    else:
        pytest.fail("it never ended")
    # Once it is after, it stays so: there is one step at which it happens.
    assert outcomes == sorted(outcomes)
    assert {*outcomes} == {False, True}
