"""Killed at any step of a change, the corpus folder is as before or as after once the bot starts again."""

import asyncio
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.corpus.articles import load_corpus
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from bot.wording.phrases import load_phrases
from tests.faults.conftest import Watched
from tests.harbour import HARBOUR
from tests.service import START_S, Process, end, kill

Act = Callable[[ArticleStore, Versions], object]
CALLS = ("fsync", "replace", "unlink", "mkdir", "open")
MOST_STEPS = 300
PHRASES = load_phrases()["en"]
# Each of them kills the process four times.
ROUNDS = max(1, int(os.environ.get("FAULT_ROUNDS", "4")) // 4)
ARTICLE = '+++\nlanguage = "en"\nsource = "https://example.org/{0}"\n+++\n\n{0} is here. It stays.\n'


def open_store(folder: Path) -> tuple[ArticleStore, Versions]:
    store = ArticleStore(folder / "corpus", folder / "state")
    return store, Versions(store, folder / "state", max_versions=10, max_bytes=1_000_000)


def prepare(folder: Path) -> None:
    """Make a corpus with two versions, of one article and of three; then change a file by hand."""
    (folder / "corpus").mkdir(parents=True)
    store, versions = open_store(folder)
    (folder / "corpus" / "one.md").write_text(ARTICLE.format("one"))
    versions.keep(load_corpus(folder / "corpus", 1_000_000))
    (folder / "corpus" / "one.md").write_text(ARTICLE.format("changed"))
    for name in ("two", "three"):
        store.add(name, ARTICLE.format(name).encode(), by="7", key=name)
    versions.keep(load_corpus(folder / "corpus", 1_000_000))
    # No version has this yet, so that a roll back has to keep one.
    (folder / "corpus" / "one.md").write_text(ARTICLE.format("by-hand"))


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
        store, versions = open_store(folder)
        store.recover()
        files = read_files(folder)
        assert files in (before, after), step
        load_corpus(folder / "corpus", 1_000_000)
        assert versions.list_versions()
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


async def test_killed_after_a_press_the_change_is_made_and_reported(
    service: Watched, api: BotApi, tmp_path: Path
) -> None:
    """Each button is pressed, the process killed a moment later, and the next one does the rest."""
    seed = int(os.environ.get("FAULT_SEED", random.randrange(1_000_000)))  # noqa: S311 - no secret
    sys.stdout.write(f"FAULT_SEED={seed}\n")
    chance = random.Random(seed)  # noqa: S311 - no secret
    corpus = Path(shutil.copytree(HARBOUR, tmp_path / "corpus"))
    boss = api.person("Boss", id=1)
    chat = boss.private_chat

    async def press_and_kill(message: Message, label: str, process: Process) -> None:
        boss.presses(message, label)
        await asyncio.sleep(chance.uniform(0, 0.3))
        await kill(process)

    async def reply_to(message: Message, known: int) -> Message:
        found = await chat.bell.until(lambda: chat.replies_to(message)[known:] or None, START_S)
        assert found, service.log[-3000:]
        return found[-1]

    def list_articles() -> set[str]:
        return {path.name for path in corpus.rglob("*.md") if ".trash" not in path.parts}

    before = list_articles()
    for number in range(ROUNDS):
        name = f"whales-{number}"
        added = before | {f"{name}.md"}
        text = f"Blue whales eat krill near the ice. They sing.\n\nSource: https://sea.example/{name}\n"
        async with service.start(BOT_CORPUS=str(corpus)) as process:
            preview = await chat.reply_to(boss.sends_document(text.encode(), f"{name}.txt"), START_S)
            await press_and_kill(preview, PHRASES.say("draft.add"), process)
        async with service.start(BOT_CORPUS=str(corpus)) as process:
            report = await reply_to(preview, 0)
            assert list_articles() == added
            listed = await chat.reply_to(boss.says("/articles"), START_S)
            edits = len(listed.edits)
            boss.presses(listed, "1")
            shown = await listed.edited(edits, START_S)
            assert "whales" in shown.text
            await press_and_kill(shown, PHRASES.say("articles.take-out"), process)
        async with service.start(BOT_CORPUS=str(corpus)) as process:
            await reply_to(shown, 0)
            assert list_articles() == before
            listed = await chat.reply_to(boss.says("/versions"), START_S)
            edits = len(listed.edits)
            boss.presses(listed, "2")
            await listed.edited(edits, START_S)
            await press_and_kill(listed, PHRASES.say("versions.roll-back"), process)
        async with service.start(BOT_CORPUS=str(corpus)) as process:
            back = await reply_to(listed, 0)
            assert list_articles() == added
            await press_and_kill(back, PHRASES.say("articles.undo"), process)
        async with service.start(BOT_CORPUS=str(corpus)) as process:
            await reply_to(back, 0)
            assert list_articles() == before
            # The report may be from before the kill; a process that has just begun cannot end in order.
            await chat.reply_to(boss.says("/version"), START_S)
            await end(process)
        assert report.text.startswith("Added as")
