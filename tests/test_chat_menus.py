"""Telegram shows the bot's commands and descriptions to everybody in their language."""

from pathlib import Path

import pytest
from telegram.error import NetworkError, RetryAfter, TelegramError

from bot.chat.profile.publishing import publish
from bot.sandbox.api.failures import refusal
from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, SIGNED, running_bot

BOSS = 77
CODES = {"", "ar", "de", "es", "fr", "id", "ja", "nb", "nn", "no", "pt", "ru", "vi", "zh"}
ANYWHERE = ["ask", "sources", "privacy", "help"]
IN_PRIVATE = ["ask", "sources", "history", "language", "privacy", "mydata", "forget", "help", "start"]
FOR_OWNERS = [
    "stats",
    "gaps",
    "pins",
    "articles",
    "reload",
    "versions",
    "version",
    "export",
    "allow",
    "audit",
]
MENUS = 3 * len(CODES)


def commands_in(api: BotApi, scope: str) -> dict[str, list[str]]:
    """Return the names of a scope's commands, by language code."""
    return {
        code: [command["command"] for command in menu]
        for (where, code), menu in api.bot.commands.items()
        if where == scope
    }


async def test_menus_are_set_for_groups_and_private_chats_in_every_language(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        await api.called("setMyShortDescription", len(CODES))
        await api.called("setMyCommands", MENUS)
        assert commands_in(api, "default") == dict.fromkeys(CODES, ANYWHERE)
        assert commands_in(api, "all_group_chats") == dict.fromkeys(CODES, ANYWHERE)
        assert commands_in(api, "all_private_chats") == dict.fromkeys(CODES, IN_PRIVATE)
        norwegian = api.bot.commands["all_private_chats", "no"]
        assert norwegian == api.bot.commands["all_private_chats", "nb"]
        assert norwegian[0]["description"] == "Still et spørsmål"


async def test_descriptions_are_set_in_every_language_and_the_name_is_left_alone(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        await api.called("setMyShortDescription", len(CODES))
        assert api.bot.descriptions.keys() == api.bot.short_descriptions.keys() == CODES
        assert api.bot.descriptions["vi"] == CATALOGUES["vi"].say("description")
        assert api.bot.short_descriptions[""] == CATALOGUES["en"].say("short-description")
        assert api.bot.names == {}


async def test_menus_that_are_set_already_are_not_set_again(tmp_path: Path) -> None:
    async with BotApi() as api:
        async with running_bot(api, tmp_path):
            await api.called("setMyShortDescription", len(CODES))
        async with running_bot(api, tmp_path):
            await api.called("getMyShortDescription", 2 * len(CODES))
        assert len(api.calls_of("setMyCommands")) == MENUS
        assert len(api.calls_of("setMyDescription", "setMyShortDescription")) == 2 * len(CODES)


async def test_menus_offer_the_desk_to_admins_alone_once_they_have_written(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS]):
        boss = api.person("Boss", id=BOSS)
        refused = (await api.called("getMyCommands"))[0]
        assert refused.error is not None
        assert "chat not found" in refused.error
        await api.called("setMyCommands", MENUS)
        assert commands_in(api, f"chat {BOSS}") == {}
        await boss.private_chat.reply_to(boss.says("/help"))
        await api.called("setMyCommands", MENUS + len(CODES))
        assert commands_in(api, f"chat {BOSS}") == {code: [*IN_PRIVATE, *FOR_OWNERS] for code in CODES}
        await boss.private_chat.reply_to(boss.says("/help"))
        assert len(api.calls_of("setMyCommands")) == MENUS + len(CODES)


async def test_menus_that_cannot_be_set_stop_nothing(tmp_path: Path) -> None:
    async with BotApi() as api:
        for method in ("setMyCommands", "getMyDescription"):
            api.fail(method, refusal(500, "Internal Server Error"), times=None)
        async with running_bot(api, tmp_path, admin_ids=[BOSS]):
            boss = api.person("Boss", id=BOSS)
            assert "72" in (await boss.private_chat.reply_to(boss.says(SIGNED))).text
            await api.called("setMyShortDescription", len(CODES))


async def test_publishing_takes_the_steps_that_failed_again(caplog: pytest.LogCaptureFixture) -> None:
    taken: list[str] = []
    failures: list[TelegramError] = [NetworkError("offline"), NetworkError("offline")]

    async def fail_twice() -> None:
        taken.append("fails twice")
        if failures:
            raise failures.pop()

    async def succeed() -> None:
        taken.append("succeeds")

    await publish([fail_twice, succeed], first_pause_s=0.01)
    assert taken == ["fails twice", "succeeds", "fails twice", "fails twice"]
    assert "1 menus or descriptions are not set" in caplog.text


async def test_publishing_leaves_telegram_alone_when_told_to() -> None:
    taken: list[str] = []
    paused: list[float] = []

    async def note_pause(seconds: float) -> None:
        paused.append(seconds)

    async def flood() -> None:
        taken.append("floods")
        if not paused:
            raise RetryAfter(90)

    async def succeed() -> None:
        taken.append("succeeds")

    await publish([succeed, flood, succeed], sleep=note_pause)
    assert taken == ["succeeds", "floods", "floods", "succeeds"]
    assert paused == [90]
