"""A browser, a bot and its page for all tests; each of them begins with nothing written and a tab of its own.

Without Chromium or Chrome on this machine they are skipped.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from bot.journal.personal import PersonalRecords
from bot.sandbox.scene import ADMIN_ID, Scene
from bot.sandbox.server import BotApi
from bot.sandbox.shots import browser_flags, find_browser
from bot.sandbox.tab.deeds import Deeds
from bot.sandbox.tab.web import PageServer
from tests.browser.phone import Phone, Stage
from tests.chat_bot import CATALOGUES, running_bot
from tests.harbour import HARBOUR, HarbourIndex

# A busy machine needs longer than the five seconds that playwright waits.
expect.set_options(timeout=15_000)

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


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stage(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    del browser  # without one the bot need not start
    async with opened_stage(tmp_path_factory.mktemp("stage"), HARBOUR) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="session")
async def stage(shared_stage: Stage) -> AsyncIterator[Stage]:
    """The bot and its page, nothing being written yet."""
    shared_stage.scene.clear()
    records = PersonalRecords(shared_stage.bot.records, shared_stage.api.bot.id)
    for person in shared_stage.scene.people.values():
        await records.forget(person.id)
        shared_stage.bot.journal.forget(person.id)
    yield shared_stage
    shared_stage.api.heal()
    await shared_stage.api.polled()
    await shared_stage.bot.settle()


@asynccontextmanager
async def opened_stage(folder: Path, articles: Path) -> AsyncIterator[Stage]:
    """Run a bot with some articles, and its page."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApi(username="sandbox_bot", name="Harbour"))
        api.inline_feedback = True
        scene = Scene(api)
        server = PageServer(scene, Deeds(scene, lambda: _forget(scene)))
        await server.start()
        stack.push_async_callback(server.stop)
        bot = await stack.enter_async_context(
            running_bot(
                api, folder, articles=articles, make_index=HarbourIndex, admin_ids=[ADMIN_ID], passages=3
            )
        )
        await api.called("setMyShortDescription", len(CATALOGUES))
        yield Stage(api, scene, server, bot)


async def _forget(scene: Scene) -> None:
    scene.clear()


@pytest_asyncio.fixture(loop_scope="session")
async def opening(browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Phone]]]:
    """Give a function that opens the page of a stage in a tab; errors in a console fail the test."""
    phones: list[Phone] = []

    async def open_one(stage: Stage, person: str, place: str, **options: Any) -> Phone:  # noqa: ANN401
        context = await browser.new_context(**{"viewport": PHONE, "locale": "en-GB", **options})
        context.set_default_timeout(15_000)
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
async def open_phone(opening: Callable[..., Awaitable[Phone]], stage: Stage) -> OpenPhone:
    """Give a function that opens a tab as somebody, with what a browser can be told."""

    async def open_one(person: str = "emma", place: str = "private", **options: Any) -> Phone:  # noqa: ANN401
        return await opening(stage, person, place, **options)

    return open_one


@pytest_asyncio.fixture(loop_scope="session")
async def phone(stage: Stage, open_phone: OpenPhone) -> Phone:
    """Emma's tab, after she pressed START."""
    stage.emma.starts()
    phone = await open_phone()
    await phone.latest.wait_for()
    return phone
