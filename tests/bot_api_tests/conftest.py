"""A server, a client of it, and somebody who wrote to the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.sandbox.server import BotApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.sandbox.people import Person

from tests.bot_api_tests.client import Client


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
async def call(api: BotApi) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(api, session)


@pytest.fixture
def anna(api: BotApi) -> Person:
    anna = api.person("Anna", language_code="de")
    anna.private_chat.bot_status = "member"
    return anna
