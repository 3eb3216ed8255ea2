"""Calls over bare HTTP, as any library may make them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from telegram import (
    Bot,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import aiohttp

    from bot.sandbox.server import BotApi


Answer = dict[str, Any]


class Client:
    """A bot that speaks bare HTTP."""

    def __init__(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        self.api, self.session = api, session

    async def __call__(self, method: str, /, **parameters: object) -> Answer:
        """Call a method as python-telegram-bot does, with a form."""
        form = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()
        }
        return await self.post(f"/bot{self.api.token}/{method}", data=form)

    async def post(self, path: str, **body: Any) -> Answer:  # noqa: ANN401 - what aiohttp takes
        async with self.session.post(f"{self.api.url}{path}", **body) as response:
            answer: Answer = await response.json()
            assert answer.get("error_code", 200) == response.status
            return answer

    async def result(self, method: str, /, **parameters: object) -> Any:  # noqa: ANN401 - any JSON value
        answer = await self(method, **parameters)
        assert answer["ok"], answer
        return answer["result"]

    async def refused(self, method: str, /, **parameters: object) -> str:
        answer = await self(method, **parameters)
        assert not answer["ok"], answer
        return str(answer["description"])


async def updates_of(call: Client, **parameters: object) -> list[Answer]:
    updates: list[Answer] = await call.result("getUpdates", **parameters)
    return updates


async def begun(api: BotApi, method: str, times: int) -> None:
    """Wait until a method was called so often in all, answered or not."""
    found = await api.call_bell.until(lambda: len(api.calls_of(method)) >= times or None, 10)
    assert found, f"{method} was not called {times} times"


def texts(updates: list[Answer]) -> list[str]:
    return [update["message"].get("text", "") for update in updates if "message" in update]


@asynccontextmanager
async def ptb(api: BotApi) -> AsyncIterator[Bot]:
    async with Bot(api.token, f"{api.url}/bot", f"{api.url}/file/bot") as bot:
        yield bot
