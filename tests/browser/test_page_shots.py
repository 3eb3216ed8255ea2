"""The README's pictures, taken by the command that takes them."""

from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot.sandbox.limits.pictures import read_size
from tests.test_cli_sandbox import run
from tests.test_sandbox_page import MOST_PICTURE_BYTES, PICTURES

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_shots_are_taken_at_the_width_of_a_phone(browser: Browser, tmp_path: Path) -> None:
    del browser  # without one there is nothing to take pictures with
    status, output = await run("--shots", str(tmp_path / "shots"))
    assert status == 0, output
    pictures = sorted((tmp_path / "shots").iterdir())
    assert [picture.name for picture in pictures] == PICTURES
    for picture in pictures:
        width, height = read_size(picture.read_bytes()) or (0, 0)
        assert width == 390
        assert 200 < height <= 760
        assert picture.stat().st_size <= MOST_PICTURE_BYTES
