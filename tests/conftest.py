"""What several tests share: the library's setting for them, and an open log."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.journal.database import Database

# python-telegram-bot warns of its old time spans otherwise, and warnings are errors here.
os.environ.setdefault("PTB_TIMEDELTA", "1")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "state" / "log.sqlite")
    await opened.open()
    yield opened
    await opened.close()
