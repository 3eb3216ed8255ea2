"""The file that fails, fills, is locked, damaged or too new: answers go on, and what was asked is kept."""

import asyncio
import ctypes
import os
import resource
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.sandbox.api.failures import too_many_requests
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.wording.phrases import load_phrases
from tests.faults.conftest import Admin, Watched
from tests.harbour import CRANES, MASTER
from tests.service import START_S, end, kill

PHRASES = load_phrases()["en"]
_DROP_FROM_BOUNDS = 24
_OVERRIDING_PERMISSIONS = 1
SLOW_S = 8.0


async def ask(person: Person, words: str) -> None:
    """Have a person ask, and see that they are answered as if nothing was wrong."""
    answer = await person.private_chat.reply_to(person.says(words), START_S)
    assert answer.text != PHRASES.say("apology")


def list_files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def give_up_overriding_permissions() -> None:
    """Have root, too, obey the permissions of files, after the next exec."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDS, _OVERRIDING_PERMISSIONS, 0, 0, 0)


async def heals(service: Watched, admin: Admin, asked: list[str]) -> None:
    """See that the admin hears of the end of it, and that all that was asked is in the file."""
    await admin.told("healed.database_unwritable")
    await admin.told("healed.inbox_off")
    async with asyncio.timeout(SLOW_S):
        while set(asked) - set(service.list_questions()):  # noqa: ASYNC110 - another process writes
            await asyncio.sleep(0.1)
    assert sorted(service.list_questions()) == sorted(asked)
    assert len(admin.list_alerts()) == 4


async def test_locked_file_delays_answers_by_seconds_and_loses_none(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna, CRANES)
        with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await ask(anna, MASTER)
            await admin.told("alert.database_unwritable")
            await admin.told("alert.inbox_off")
            await ask(anna, f"{CRANES} Again?")
            other.execute("COMMIT")
        await ask(anna, f"{MASTER} Again?")
        await heals(service, admin, [CRANES, MASTER, f"{CRANES} Again?", f"{MASTER} Again?"])
        await end(process)


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"),
    reason="the size of a running process's files can be limited on Linux alone",
)
async def test_full_disk_delays_what_is_written(service: Watched, api: BotApi, admin: Admin) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna, CRANES)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
        await ask(anna, MASTER)
        await admin.told("alert.database_unwritable")
        await admin.told("alert.inbox_off")
        await ask(anna, f"{CRANES} Again?")
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await asyncio.sleep(2)
        await ask(anna, f"{MASTER} Again?")
        await heals(service, admin, [CRANES, MASTER, f"{CRANES} Again?", f"{MASTER} Again?"])
        await end(process)
    assert service.read("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.skipif(sys.platform != "linux", reason="root can give up overriding permissions on Linux alone")
async def test_read_only_file_delays_what_is_written(
    service: Watched, api: BotApi, admin: Admin, tmp_path: Path
) -> None:
    anna = api.person("Anna")
    service.database = tmp_path / "state" / "log.sqlite"
    service.database.parent.mkdir()
    with closing(sqlite3.connect(service.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    service.before_start = give_up_overriding_permissions
    service.database.chmod(0o444)
    service.database.parent.chmod(0o555)
    async with service.start(BOT_DATABASE=str(service.database)) as process:
        await ask(anna, MASTER)
        await admin.told("alert.database_unwritable")
        await admin.told("alert.inbox_off")
        service.database.parent.chmod(0o755)
        service.database.chmod(0o644)
        await asyncio.sleep(2)
        await ask(anna, f"{MASTER} Again?")
        await heals(service, admin, [MASTER, f"{MASTER} Again?"])
        await end(process)


async def test_what_is_held_in_memory_is_lost_with_the_process(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna, CRANES)
        with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            api.fail("sendMessage", too_many_requests(30), chat=anna.private_chat)
            held = anna.says(MASTER)
            told = await admin.told("alert.inbox_off")
            assert "if I stop unexpectedly, those in progress are lost" in told
            await api.polled()
            await kill(process)
    async with service.start() as process:
        await ask(anna, f"{CRANES} Again?")
        await end(process)
    assert anna.private_chat.replies_to(held) == []


async def test_damaged_file_is_kept_aside_and_a_new_one_begun(
    service: Watched, api: BotApi, admin: Admin, tmp_path: Path
) -> None:
    anna = api.person("Anna")
    service.database.write_bytes(b"no database" * 1000)
    async with service.start() as process:
        await ask(anna, CRANES)
        told = await admin.told("alert.database_damaged")
        await end(process)
    [aside] = [path for path in list_files(tmp_path) if path.name.startswith("log.sqlite.damaged-")]
    assert aside.name in told
    assert aside.read_bytes() == b"no database" * 1000
    assert service.list_questions() == [CRANES]
    assert len(admin.list_alerts()) == 1


async def test_file_that_is_deleted_in_use_is_begun_anew(service: Watched, api: BotApi, admin: Admin) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna, CRANES)
        service.database.unlink()
        await ask(anna, MASTER)
        assert "while it was in use" in await admin.told("alert.database_removed")
        await end(process)
    # The first answer may have been written down only after that.
    assert service.list_questions()[-1] == MASTER
    assert len(admin.list_alerts()) == 1


async def test_file_of_a_newer_bot_stops_the_start(service: Watched) -> None:
    with closing(sqlite3.connect(service.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA user_version = 99")
    before = service.database.read_bytes()
    # A thread of the database may log its own end later, for debugging.
    async with service.start(BOT_LOG_LEVEL="INFO") as process:
        assert await asyncio.wait_for(process.wait(), START_S) == 1
    assert "has schema version 99, newer than this bot's" in service.log.splitlines()[-1]
    assert service.database.read_bytes() == before


async def test_folder_that_is_missing_is_made_or_waited_for(
    service: Watched, api: BotApi, admin: Admin, tmp_path: Path
) -> None:
    anna = api.person("Anna")
    place = tmp_path / "disk"
    place.write_text("no folder, as where a disk is not there yet")
    service.database = place / "state" / "log.sqlite"
    async with service.start(BOT_DATABASE=str(service.database)) as process:
        await ask(anna, CRANES)
        await admin.told("alert.database_unwritable")
        await admin.told("alert.inbox_off")
        place.unlink()
        await asyncio.sleep(2)
        await ask(anna, MASTER)
        await heals(service, admin, [CRANES, MASTER])
        await end(process)
