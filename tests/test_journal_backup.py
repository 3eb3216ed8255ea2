"""A copy of the database is whole, or there is none, and nobody else can read it."""

import asyncio
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.journal.backup import BackupError, back_up
from bot.journal.database import Database
from bot.sandbox.server import BotApi
from bot.settings import PROJECT

START_S = 180.0
# Its words tell the sentence that answers, without a language model.
QUESTION = "How many countries' representatives signed the Convention?"


def environment(folder: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return kept | {"BOT_DATABASE": str(folder / "log.sqlite"), "BOT_ENCODER": "none"} | variables


def run_backup(folder: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the bot itself
        [sys.executable, "-m", "bot", "backup", str(target)],
        env=environment(folder),
        cwd=PROJECT,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def read_questions(database: Path) -> list[str]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [text for (text,) in connection.execute("SELECT question FROM exchanges ORDER BY id")]


async def test_backup_is_whole_while_the_bot_answers_and_writes(tmp_path: Path) -> None:
    target = tmp_path / "copy.sqlite"
    async with BotApi() as api:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot"),
            env=environment(tmp_path, BOT_TOKEN=api.token, BOT_API_URL=api.url),
            cwd=PROJECT,
        )
        try:
            anna = api.person("Anna")
            await anna.private_chat.reply_to(anna.says(QUESTION), START_S)
            people = [api.person(f"Person {number}") for number in range(40)]
            asked = [person.says(f"{QUESTION} {number}") for number, person in enumerate(people)]
            done = await asyncio.to_thread(run_backup, tmp_path, target)
            for person, question in zip(people, asked, strict=True):
                assert "72" in (await person.private_chat.reply_to(question, START_S)).text
        finally:
            process.terminate()
            await process.wait()
    assert (done.returncode, done.stderr) == (0, "")
    copied = read_questions(target)
    assert done.stdout.startswith(f"{target}: {len(copied)} exchanges and 0 votes, ")
    assert copied == read_questions(tmp_path / "log.sqlite")[: len(copied)]
    assert copied
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [name for name in os.listdir(tmp_path) if name.startswith("copy")] == ["copy.sqlite"]  # noqa: PTH208


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Make an empty database, as the bot does."""

    async def make() -> None:
        made = Database(tmp_path / "log.sqlite")
        await made.open()
        await made.close()

    asyncio.run(make())
    return tmp_path / "log.sqlite"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("missing/copy.sqlite", "cannot be written: No such file"),
        ("taken.sqlite", "already exists and is not overwritten"),
        ("linked.sqlite", "already exists and is not overwritten"),
        ("", "already exists and is not overwritten"),
    ],
)
def test_backup_is_refused_where_it_cannot_be_put(
    database: Path, tmp_path: Path, target: str, reason: str
) -> None:
    (tmp_path / "taken.sqlite").write_text("mine")
    (tmp_path / "linked.sqlite").symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(BackupError) as caught:
        back_up(database, tmp_path / target)
    assert str(caught.value).startswith(f"{tmp_path / target}: {reason}")
    assert (tmp_path / "taken.sqlite").read_text() == "mine"
    assert sorted(tmp_path.iterdir()) == before


def test_backup_of_no_database_says_so(tmp_path: Path) -> None:
    done = run_backup(tmp_path, tmp_path / "copy.sqlite")
    assert done.returncode == 1
    assert done.stderr == f"{tmp_path / 'log.sqlite'}: there is no database to copy\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("start", "end"), [(0, 4096), (4096, 8192), (8192, -1)])
def test_backup_of_a_damaged_database_leaves_no_copy(database: Path, start: int, end: int) -> None:
    content = bytearray(database.read_bytes())
    content[start:end] = b"\xff" * len(content[start:end])
    database.write_bytes(content)
    with pytest.raises(BackupError, match="cannot be copied: "):
        back_up(database, database.with_name("copy.sqlite"))
    assert not list(database.parent.glob("copy.sqlite*"))


def test_backup_takes_in_what_a_killed_process_left_in_its_log(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO readers VALUES (1, 1, 'nb', '2026-01-01')")
        connection.commit()
        killed = tmp_path / "killed.sqlite"
        for ending in ("", "-wal"):
            shutil.copy(f"{database}{ending}", f"{killed}{ending}")
    back_up(killed, tmp_path / "copy.sqlite")
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as copy:
        assert copy.execute("SELECT user_id FROM readers").fetchall() == [(1,)]
