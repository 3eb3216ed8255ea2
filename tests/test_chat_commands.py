"""The commands for everybody say what the bot is, how to ask, and from which articles."""

from pathlib import Path

import pytest

from tests.bot_api.server import BotApi
from tests.chat_bot import phrases, running_bot


@pytest.mark.parametrize("command", ["/start", "/start@test_answer_bot", "/START", "/start from-a-link"])
async def test_commands_start_says_what_this_is(tmp_path: Path, command: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        reply = await anna.private_chat.reply_to(anna.says(command))
        assert "5 articles" in reply.text
        assert "English, French, German, Indonesian, and Norwegian" in reply.text


async def test_commands_help_lists_what_there_is_for_the_reader(tmp_path: Path) -> None:
    boss_id = 77
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[boss_id]):
        anna, boss = api.person("Anna"), api.person("Boss", id=boss_id)
        group = api.group(members=[boss])
        for_anna = await anna.private_chat.reply_to(anna.says("/help"))
        for_boss = await boss.private_chat.reply_to(boss.says("/help"))
        in_group = await group.reply_to(boss.says("/help@test_answer_bot", chat=group))
        assert "@test_answer_bot" in for_anna.text
        assert "/sources" in for_anna.text
        assert [("/reload" in reply.text) for reply in (for_anna, for_boss, in_group)] == [False, True, False]


async def test_commands_sources_lists_every_article(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        reply = await anna.private_chat.reply_to(anna.says("/sources"))
        assert reply.links == [article.source for article in bot.answerer.corpus.articles]
        assert "Dân trí · Oct 26, 2025 · Norwegian" in reply.text


async def test_commands_that_there_are_not_point_to_help(tmp_path: Path) -> None:
    async with BotApi(privacy_mode=False) as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        group = api.group(members=[anna])
        reply = await anna.private_chat.reply_to(anna.says("/wat now"))
        assert reply.text == phrases.say("unknown-command")
        anna.says("/wat@test_answer_bot", chat=group)
        await api.polled()
        await api.expect_silence(group, 0.3)
