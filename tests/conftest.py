"""What several tests share: how many run at a time, the library's setting for them, and an open log."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.journal.database import Database

# python-telegram-bot warns of its old time spans otherwise, and warnings are errors here.
os.environ.setdefault("PTB_TIMEDELTA", "1")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Have the whole suite run in as many processes as there are processors, and anything less in one.

    A single file is over before others have started, and only in one process is its output shown (``-s``).
    """
    is_whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return None if is_whole and config.getoption("capture") != "no" else 0


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "state" / "log.sqlite")
    await opened.open()
    yield opened
    await opened.close()
