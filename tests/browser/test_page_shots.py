"""The README's pictures, taken by the command that takes them."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot.sandbox.limits.pictures import read_size
from bot.settings import PROJECT
from tests.test_cli_sandbox import run

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAMES = ["answer.png", "refusal.png", "reload.png"]
MOST_BYTES = 60 * 1024


async def test_shots_are_taken_at_the_width_of_a_phone(browser: Browser, tmp_path: Path) -> None:
    del browser  # without one there is nothing to take pictures with
    status, output = await run("--shots", str(tmp_path / "shots"))
    assert status == 0, output
    pictures = sorted((tmp_path / "shots").iterdir())
    assert [picture.name for picture in pictures] == NAMES
    for picture in pictures:
        assert read_size(picture.read_bytes()) == (390, 640)
        assert picture.stat().st_size <= MOST_BYTES


def test_shots_of_the_readme_are_there_and_light() -> None:
    readme = (PROJECT / "README.md").read_text("utf-8")
    for name in NAMES:
        path = f"tests/data/pictures/{name}"
        assert f'src="{path}"' in readme
        assert (PROJECT / path).stat().st_size <= MOST_BYTES
