"""The commands for everybody say what the bot is, how to ask, and from which articles."""

from pathlib import Path

import pytest

from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, phrases, running_bot, write_article


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
        anna = api.person("Anna", language_code="vi")
        reply = await anna.private_chat.reply_to(anna.says("/sources"))
        assert reply.links == [article.source for article in bot.desk.corpus.articles]
        assert reply.text.startswith("Mình trả lời từ 5 bài báo:\n\n1. ")
        assert "Dân trí · 26 thg 10, 2025 · tiếng Na Uy" in reply.text
        assert reply.buttons == []


async def test_commands_sources_are_paged_in_place(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(20):
        write_article(articles, f"whales-{number:02}", "A text.", title=f'"Whales {number}"')
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles) as bot:
        anna = api.person("Anna", language_code="nb")
        listed = await anna.private_chat.reply_to(anna.says("/sources"))
        assert listed.text.endswith("\n\n1–8 av 20")
        assert [button["text"] for button in listed.buttons] == ["Neste ›"]
        await anna.presses(listed, "Neste ›")
        await listed.edited()
        await anna.presses(listed, "Neste ›")
        await listed.edited(1)
        assert listed.text.endswith("\n\n17–20 av 20")
        assert "\n17. Whales 16\nexample.org · engelsk · 1 setning\n" in listed.text
        assert [button["text"] for button in listed.buttons] == ["‹ Tilbake"]

        # After a reload with fewer articles the button leads to the last page there is.
        for number in range(5, 20):
            (articles / f"whales-{number:02}.md").unlink()
        bot.desk.reload()
        await anna.presses(listed, "‹ Tilbake")
        await listed.edited(2)
        assert listed.text.startswith("Jeg svarer fra 5 artikler:\n\n1. Whales 0")
        assert listed.buttons == []


async def test_commands_sources_fit_into_a_message_whatever_they_are(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(9):
        source = f"http://localhost/{number}/{'x' * 3000}"
        write_article(
            articles,
            f"a{number}",
            "A text.",
            source=f'"{source}"',
            outlet=f'"{"<o>" * 99}"',
            title=f'"{"😀&" * 300}"',
            published="2025-10-26",
        )
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles):
        anna = api.person("Anna", language_code="vi")
        listed = await anna.private_chat.reply_to(anna.says("/sources"))
        assert listed.text.count("😀&") > 8
        assert listed.text.endswith("\n\n1–8 trên 9")


@pytest.mark.parametrize("language", sorted(CATALOGUES))
async def test_commands_privacy_says_how_long_anything_is_kept(tmp_path: Path, language: str) -> None:
    for days, duration in ((365, "365"), (0, CATALOGUES[language].say("privacy.for-ever"))):
        async with BotApi() as api, running_bot(api, tmp_path / str(days), retention_days=days):
            anna = api.person("Anna", language_code=language)
            told = (await anna.private_chat.reply_to(anna.says("/privacy"))).text
            assert duration in told
            assert "/forget" in told
            assert "/mydata" in told


@pytest.mark.parametrize("language", sorted(CATALOGUES))
async def test_commands_are_listed_in_the_reader_s_language(tmp_path: Path, language: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code=language)
        group = api.group(members=[anna])
        phrases = CATALOGUES[language]
        in_private = (await anna.private_chat.reply_to(anna.says("/help"))).text
        in_group = (await group.reply_to(anna.says("/help", chat=group))).text
        assert f"/forget – {phrases.say('command.forget')}" in in_private
        assert f"/sources – {phrases.say('command.sources')}" in in_group
        assert "/forget" not in in_group


async def test_commands_that_there_are_not_point_to_help(tmp_path: Path) -> None:
    async with BotApi(privacy_mode=False) as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        group = api.group(members=[anna])
        reply = await anna.private_chat.reply_to(anna.says("/wat now"))
        assert reply.text == phrases.say("unknown-command")
        anna.says("/wat@test_answer_bot", chat=group)
        await api.polled()
        await api.expect_silence(group, 0.3)
