"""What the bot says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi
    from tests.bot_api_tests.client import Answer, Client


async def test_commands_are_kept_by_scope_and_language(call: Client, api: BotApi, anna: Person) -> None:
    commands = [{"command": "ask", "description": "Ask"}]
    scope = {"type": "chat", "chat_id": anna.id}
    assert await call.result("setMyCommands", commands=commands)
    assert await call.result("setMyCommands", commands=commands, scope=scope, language_code="de")
    assert api.bot.commands == {
        ("default", ""): commands,
        (f"chat {anna.id}", "de"): commands,
    }
    assert await call.result("getMyCommands", scope=scope) == []
    assert await call.result("getMyCommands", scope=scope, language_code="de") == commands
    assert await call.result("deleteMyCommands")
    stranger = api.person("Stranger")
    unknown = {"type": "chat", "chat_id": stranger.id}
    said = await call.refused("setMyCommands", commands=commands, scope=unknown)
    assert said == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Ask", "description": "a"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a" * 33, "description": "a"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "a", "description": "a" * 257}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": f"a{n}", "description": "a"} for n in range(101)], "BOT_COMMANDS_TOO_MUCH"),
        ([{"command": "a"}], 'Can\'t find field "description"'),
    ],
)
async def test_commands_are_checked(call: Client, commands: list[Answer], words: str) -> None:
    assert words in await call.refused("setMyCommands", commands=commands)


async def test_texts_about_the_bot(call: Client) -> None:
    assert await call.result("setMyDescription", description="d", language_code="de")
    assert await call.result("getMyDescription", language_code="de") == {"description": "d"}
    assert await call.result("getMyDescription") == {"description": ""}
    assert await call.result("setMyShortDescription", short_description="s")
    assert await call.result("getMyShortDescription", language_code="fr") == {"short_description": "s"}
    assert await call.result("getMyName") == {"name": "Test Bot"}
    assert "at most 512" in await call.refused("setMyDescription", description="d" * 513)
    assert "at most 120" in await call.refused("setMyShortDescription", short_description="d" * 121)
    assert "at most 64" in await call.refused("setMyName", name="d" * 65)
    said = await call.refused("setMyName", name="d", language_code="deu")
    assert said == "Bad Request: invalid language code specified"


async def test_log_out(call: Client) -> None:
    assert await call.result("close")
    assert await call.result("logOut")
    assert await call.refused("getMe") == "Bad Request: Logged out"
