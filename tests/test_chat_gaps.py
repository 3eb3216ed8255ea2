"""Admins see what the articles lack and mend it from the chat; nobody else sees or changes any of it."""

from pathlib import Path

import pytest

from bot.journal.audit import SHELL
from bot.journal.roles import Roles
from bot.model import Role
from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, phrases, running_bot
from tests.gap_desk import (
    BOSS,
    EDITOR,
    KITTENS,
    PIZZA,
    RED,
    VIEWER,
    ask_twice,
    open_first,
    pin_first,
    press,
    read,
    say,
    search_passage,
)
from tests.harbour import HARBOUR, wait_until_recorded


async def test_gaps_are_listed_the_biggest_first_and_shown_with_their_wordings(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        assert (await say(boss, "/gaps")).text == phrases.say("gaps.nothing")
        await ask_twice(api, bot)
        answered = await say(api.person("Carl"), "When was the harbour opened?")
        assert "1898" in answered.text
        await wait_until_recorded(bot, 4)
        await api.person("Carl").presses(answered, "👎")

        listed = await say(boss, "/gaps")
        assert listed.text.startswith(phrases.say("gaps.heading"))
        assert "1. asked 2 times" in listed.text
        assert listed.text.index("Best pizza recipe?") < listed.text.index("When was the harbour opened?")
        opened = await press(boss, listed, "3")
        assert KITTENS in opened.text
        shown = await press(boss, opened, phrases.say("gaps.show"))
        assert phrases.say("gaps.refused") in shown.text
        opened = await press(boss, shown, phrases.say("button.back"))
        listed = await press(boss, opened, phrases.say("button.back"))
        shown = await press(boss, await press(boss, listed, "2"), phrases.say("gaps.show"))
        assert phrases.say("gaps.voted-down") in shown.text
        assert "1898" in shown.text


async def test_gaps_have_pages(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss, anna = api.person("Boss", id=BOSS), api.person("Anna")
        for number in range(7):
            await say(anna, f"zebra{'x' * number}")
        await wait_until_recorded(bot, 7)
        listed = await say(boss, "/gaps")
        assert "1–5" in listed.text
        listed = await press(boss, listed, phrases.say("sources.next"))
        assert "6–7" in listed.text
        opened = await press(boss, listed, "7")
        assert "“zebra”" in opened.text
        listed = await press(boss, opened, phrases.say("button.back"))
        assert "6–7" in listed.text
        assert "1–5" in (await press(boss, listed, phrases.say("sources.back"))).text


async def test_hidden_gap_comes_back_when_it_has_doubled(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        anna = await ask_twice(api, bot)
        hidden = await press(boss, await open_first(boss), phrases.say("gaps.hide"))
        assert hidden.text == phrases.say("gaps.hidden")
        await say(anna, PIZZA)
        await wait_until_recorded(bot, 4)
        assert "pizza" not in (await say(boss, "/gaps")).text.casefold()
        await say(anna, PIZZA)
        await wait_until_recorded(bot, 5)
        assert "asked 4 times" in (await say(boss, "/gaps")).text
        # The one that hid it takes it back, whatever happened since.
        assert "asked 4 times" in (await press(boss, hidden, phrases.say("gaps.undo"))).text


async def test_everybody_does_what_their_role_allows(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss, editor = api.person("Boss", id=BOSS), api.person("Ed", id=EDITOR)
        viewer = api.person("Vi", id=VIEWER)
        anna = await ask_twice(api, bot)
        for person, role in ((editor, Role.EDITOR), (viewer, Role.VIEWER)):
            await Roles(bot.records).grant(person.id, "Somebody", role, SHELL)

        listed = await say(viewer, "/gaps")
        assert "asked 2 times" in listed.text
        assert "izza" not in listed.text
        opened = await press(viewer, listed, "1")
        assert "izza" not in opened.text
        assert [button["text"] for button in opened.buttons] == [phrases.say("button.back")]
        for command in ("/pins", "/gaps"):
            if command == "/pins":
                assert (await say(viewer, command)).text == phrases.say("unknown-command")
            assert (await say(anna, command)).text == phrases.say("unknown-command")
        assert RED in (await pin_first(editor)).text
        await Roles(bot.records).take_back(editor.id, SHELL)
        assert (await say(editor, "/gaps")).text == phrases.say("unknown-command")
        await say(boss, "/gaps")


async def test_no_button_works_for_a_stranger_or_a_viewer(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss, viewer = api.person("Boss", id=BOSS), api.person("Vi", id=VIEWER)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            anna = await ask_twice(api, bot)
            await Roles(bot.records).grant(VIEWER, "Vi", Role.VIEWER, SHELL)
            opened = await open_first(boss)
            seen = [button["callback_data"] for button in opened.buttons]
            choice = await press(boss, opened, phrases.say("gaps.test"))
            seen += [button["callback_data"] for button in choice.buttons]
            prompt = await press(boss, await open_first(boss), phrases.say("gaps.answer"))
            found = await search_passage(boss, prompt)
            seen += [button["callback_data"] for button in found.buttons]
            done = await press(boss, found, "1")
            seen += [button["callback_data"] for button in done.buttons]
            seen.append((await say(boss, "/pins")).buttons[0]["callback_data"])
            key = seen[0].split(":")[2]
            seen += [f"gaps:unhide:{key}", f"gaps:untest:{key}"]
        assert all(len(data.encode()) <= 64 for data in seen)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]):
            message = await say(anna, PIZZA)
            for data in dict.fromkeys(seen):
                assert (await anna.calls_back(message, data)).text == phrases.say("press.unknown"), data
                if not data.startswith(("gaps:list:", "gaps:open:")):
                    told = (await viewer.calls_back(message, data)).text
                    assert told == phrases.say("press.unknown"), data
            # A reply to a prompt is a question like any other to whoever may not pin.
            assert RED in message.text
            assert read(tmp_path, "SELECT count(*) FROM pins") == [(1,)]
            assert read(tmp_path, "SELECT count(*) FROM hidden_gaps") == [(0,)]


@pytest.mark.parametrize("language", ["nb", "fr", "id", "de", "vi"])
async def test_gaps_speak_the_languages_of_the_admins(tmp_path: Path, language: str) -> None:
    texts = CATALOGUES[language]
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS, language_code=language)
        await ask_twice(api, bot)
        listed = await say(boss, "/gaps")
        assert listed.text.startswith(texts.say("gaps.heading"))
        hidden = await press(boss, await press(boss, listed, "1"), texts.say("gaps.hide"))
        assert hidden.text == texts.say("gaps.hidden")
