"""The map of the code (``bot/README.md``) names every room on its floor, and the way of a question."""

import re
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType

import pytest

from bot.sandbox.server import BotApi
from bot.settings import PROJECT
from tests.chat_bot import SIGNED, running_bot

BOT = PROJECT / "bot"
MAP = (BOT / "README.md").read_text("utf-8")
CHAT = "bot.chat."
_MOST_MODULES = 21
# Polling reports that Telegram answers, with or without a question; the profile is set at every start.
_BESIDE_THE_WAY = ("intake.outages", "profile.")


def section(title: str) -> str:
    return MAP.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def floors_of(table: str) -> list[set[str]]:
    """Return the rooms of each floor, the highest first."""
    rows = re.findall(r"^\| (\d+) \| `([\w.]+)/?` \|", table, re.MULTILINE)
    assert [int(floor) for floor, _ in rows] == sorted((int(floor) for floor, _ in rows), reverse=True)
    return [{room.removesuffix(".py") for _, room in floor} for _, floor in groupby(rows, lambda row: row[0])]


def rooms_in(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def way() -> list[str]:
    return re.findall(r"^\d+\. `([\w.]+)`", section("The way of a question"), re.MULTILINE)


@contextmanager
def tracing() -> Iterator[set[str]]:
    """Collect the modules of chat whose functions are called."""
    called = set[str]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        name = frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith(CHAT):
            called.add(name.removeprefix(CHAT))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield called
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


@pytest.mark.parametrize(
    ("container", "number"), [("bot", 0), ("bot.chat", 1), ("bot.sandbox", 2), ("bot.cli", 3)]
)
def test_map_names_every_room_on_its_floor(container: str, number: int) -> None:
    table = re.split(r"\nInside `\w+/`:\n", section("Rooms"))[number]
    floors = floors_of(table)
    assert set().union(*floors) == rooms_in(PROJECT / container.replace(".", "/"))
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == [container]]
    assert floors == [set(layer.split(" | ")) for layer in layers]


def test_map_way_is_short_and_enters_no_room_twice() -> None:
    modules = way()
    assert len(set(modules)) == len(modules)
    assert 0 < len(modules) <= _MOST_MODULES
    for name in modules:
        assert (BOT / "chat" / f"{name.replace('.', '/')}.py").exists(), name
    rooms = [room for room, _ in groupby(name.partition(".")[0] for name in modules)]
    assert len(set(rooms)) == len(rooms), rooms


async def test_map_way_is_the_one_that_a_question_takes(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says("hello"))
        with tracing() as called:
            await anna.private_chat.reply_to(anna.says(SIGNED))
    assert {name for name in called if not name.startswith(_BESIDE_THE_WAY)} == set(way())
