"""Pictures of the page, taken with a browser of this machine, as wide as a phone.

The browser is Chromium or Chrome as it is installed; playwright drives it, which comes with the extra
`browser`. Neither is needed for anything else.
"""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WIDTH, _MOST_HEIGHT = 390, 760
_MEASURE = """
() => document.documentElement.clientHeight - document.getElementById("log").clientHeight
  + document.getElementById("messages").offsetHeight + 16
"""
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class BrowserMissingError(Exception):
    """There is nothing to take pictures with; the message says what to install."""


@dataclass(frozen=True)
class Camera:
    """A browser that takes pictures."""

    browser: str

    @classmethod
    def find(cls) -> Camera:
        """Return a camera with the browser of this machine.

        Raises:
            BrowserMissingError: there is no browser, or nothing to drive it with.
        """
        browser = find_browser()
        if browser is None:
            message = "no browser to take pictures with: install Chromium (apt-get install chromium)"
            raise BrowserMissingError(message)
        if find_spec("playwright") is None:
            message = "nothing drives the browser: install it with pip install --editable '.[browser]'"
            raise BrowserMissingError(message)
        return cls(browser)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Callable[[str, Path], Awaitable[None]]]:
        """Give a function that takes a picture of the page at an address into a file."""
        # An optional extra; nobody else needs it.
        from playwright.async_api import async_playwright  # noqa: PLC0415

        async with async_playwright() as driver:
            browser = await driver.chromium.launch(executable_path=self.browser, args=browser_flags())
            context = await browser.new_context(
                viewport={"width": _WIDTH, "height": _MOST_HEIGHT}, color_scheme="light", locale="en-GB"
            )

            async def take(url: str, path: Path) -> None:
                page = await context.new_page()
                await page.goto(url)
                await page.wait_for_selector("main[data-ready]")
                height = min(_MOST_HEIGHT, await page.evaluate(_MEASURE))
                await page.set_viewport_size({"width": _WIDTH, "height": height})
                await page.screenshot(path=path)
                await page.close()

            try:
                yield take
            finally:
                await browser.close()


def find_browser() -> str | None:
    """Return the path of an installed browser, or None."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def browser_flags() -> list[str]:
    """Return the flags for a browser that has no screen and no business on the network."""
    # As root, as in a container, Chromium does not start with its own sandbox.
    return [*_FLAGS, *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])]
