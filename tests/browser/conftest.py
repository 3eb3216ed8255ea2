"""A browser for all tests, and for each of them a bot, a page and a tab of its own.

Without Chromium or Chrome on this machine they are skipped.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from bot.sandbox.scene import ADMIN_ID, Scene
from bot.sandbox.server import BotApi
from bot.sandbox.shots import browser_flags, find_browser
from bot.sandbox.tab.deeds import Deeds
from bot.sandbox.tab.web import PageServer
from tests.browser.phone import Phone, Stage
from tests.chat_bot import running_bot
from tests.harbour import HARBOUR, HarbourIndex

OpenPhone: TypeAlias = Callable[..., Awaitable[Phone]]

PHONE = {"width": 390, "height": 780}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.skip("there is no Chromium or Chrome on this machine")
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable, args=browser_flags())
        yield browser
        await browser.close()


@pytest.fixture
def articles() -> Path:
    return HARBOUR


@pytest_asyncio.fixture(loop_scope="session")
async def stage(browser: Browser, tmp_path: Path, articles: Path) -> AsyncIterator[Stage]:
    del browser  # without one the bot need not start
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi(username="sandbox_bot", name="Harbour"))
        api.inline_feedback = True
        scene = Scene(api)
        server = PageServer(scene, Deeds(scene, lambda: _forget(scene)))
        await server.start()
        stack.push_async_callback(server.stop)
        bot = await stack.enter_async_context(
            running_bot(
                api, tmp_path, articles=articles, make_index=HarbourIndex, admin_ids=[ADMIN_ID], passages=3
            )
        )
        await api.called("getUpdates", 1)
        yield Stage(api, scene, server, bot)


async def _forget(scene: Scene) -> None:
    scene.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def open_phone(browser: Browser, stage: Stage) -> AsyncIterator[OpenPhone]:
    """Give a function that opens the page in a tab, as somebody, with what a browser can be told."""
    phones: list[Phone] = []

    async def open_one(person: str = "emma", place: str = "private", **options: Any) -> Phone:  # noqa: ANN401
        context = await browser.new_context(**{"viewport": PHONE, "locale": "en-GB", **options})
        context.set_default_timeout(10_000)
        phone = Phone(await context.new_page())
        phones.append(phone)
        phone.watch()
        await phone.page.goto(f"{stage.server.url}#person={person}&place={place}")
        await phone.page.locator("main[data-ready]").wait_for()
        return phone

    yield open_one
    for phone in phones:
        await phone.page.context.close()
    assert [error for phone in phones for error in phone.errors] == []


@pytest_asyncio.fixture(loop_scope="session")
async def phone(stage: Stage, open_phone: OpenPhone) -> Phone:
    """Emma's tab, after she pressed START."""
    stage.emma.starts()
    phone = await open_phone()
    await phone.latest.wait_for()
    return phone
