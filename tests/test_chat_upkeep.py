"""Tests made of gaps, and pins, are checked at every change of the articles, and forgotten on demand."""

import asyncio
import shutil
import tomllib
from pathlib import Path

from bot.cli.article_desk import list_versions
from bot.evaluation.questions import read_questions
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.settings import Settings
from tests.chat_bot import phrases, running_bot
from tests.gap_desk import (
    BOSS,
    PIZZA,
    RED,
    ask_twice,
    open_first,
    pin_first,
    press,
    read,
    read_bytes,
    reply_of,
    say,
)
from tests.harbour import HARBOUR, wait_until_recorded


async def test_gap_becomes_a_test_whose_change_is_reported_at_a_reload(tmp_path: Path) -> None:
    articles = Path(shutil.copytree(HARBOUR, tmp_path / "articles"))
    former = tmp_path / "test-questions.toml"
    former.write_text("# as an earlier version left it")
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        await ask_twice(api, bot)
        assert not former.exists()
        choice = await press(boss, await open_first(boss), phrases.say("gaps.test"))
        made = await press(boss, choice, phrases.say("gaps.test-nothing"))
        assert made.text == phrases.say("gaps.test-made", count=2)
        opened = await press(boss, made, phrases.say("button.back"))
        assert phrases.say("gaps.is-test") in opened.text
        file = tmp_path / "log.test-questions.toml"
        known = read_questions(file)
        assert [(each.question, each.unanswerable) for each in known] == [
            (PIZZA, True),
            ("Best pizza recipe?", True),
        ]
        assert file.stat().st_mode & 0o077 == 0
        assert phrases.say("reload.tests", right=2, total=2) in (await say(boss, "/reload")).text

        changed = articles / "vik.md"
        changed.write_text(changed.read_text("utf-8") + "\nThe best pizza recipe is secret.\n", "utf-8")
        report = (await say(boss, "/reload")).text
        assert phrases.say("reload.tests", right=0, total=2) in report
        assert report.endswith(f"{phrases.say('reload.tests-worse')}\n• {PIZZA}\n• Best pizza recipe?")
        shutil.copytree(HARBOUR, articles, dirs_exist_ok=True)
        assert phrases.say("reload.tests-better") in (await say(boss, "/reload")).text

        untested = await press(boss, opened, phrases.say("gaps.untest"))
        assert phrases.say("gaps.is-test") not in untested.text
        assert not file.exists()


async def make_test_of_nothing(boss: Person) -> None:
    choice = await press(boss, await open_first(boss), phrases.say("gaps.test"))
    await press(boss, choice, phrases.say("gaps.test-nothing"))


async def test_versions_keep_their_scores_and_each_change_says_what_got_worse(tmp_path: Path) -> None:
    articles = Path(shutil.copytree(HARBOUR, tmp_path / "articles"))
    two, none = (phrases.say("reload.tests", right=right, total=2) for right in (2, 0))
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        await ask_twice(api, bot)
        await make_test_of_nothing(boss)
        assert two not in (await say(boss, "/versions")).text
        assert two in (await say(boss, "/reload")).text
        assert two in (await say(boss, "/versions")).text

        baking = b"Baking\n\nThe best pizza recipe is secret. It is old.\n\nSource: https://pizza.example/a\n"
        preview = await boss.private_chat.reply_to(boss.sends_document(baking, "baking.txt"))
        added = await reply_of(boss, preview, phrases.say("draft.add"))
        assert none in added.text
        assert added.text.endswith(f"{phrases.say('reload.tests-worse')}\n• {PIZZA}\n• Best pizza recipe?")
        listed = (await say(boss, "/versions")).text
        assert listed.index(none) < listed.index(two)

        undone = await reply_of(boss, added, phrases.say("articles.undo"))
        assert two in undone.text
        assert phrases.say("reload.tests-better") in undone.text
        listed = (await say(boss, "/versions")).text
        assert listed.index(two) < listed.index(none)

        shown = await press(boss, await say(boss, "/versions"), "2")
        back = await reply_of(boss, shown, phrases.say("versions.roll-back"))
        assert phrases.say("reload.tests-worse") in back.text
        in_shell = list_versions(Settings(corpus=articles, versions=tmp_path / "versions"))
        assert [(each["tests_right"], each["tests"]) for each in in_shell] == [(0, 2), (2, 2)]


async def test_version_that_serves_at_the_start_is_scored(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss = api.person("Boss", id=BOSS)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            await ask_twice(api, bot)
            await make_test_of_nothing(boss)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]), asyncio.timeout(30):
            score = phrases.say("reload.tests", right=2, total=2)
            while score not in (await say(boss, "/versions")).text:
                pass
            # It was not a reload: nothing is compared with it.
            assert read(tmp_path, "SELECT DISTINCT outcome FROM test_questions") == [(None,)]


async def test_pin_and_test_notice_that_their_passage_has_gone(tmp_path: Path) -> None:
    articles = Path(shutil.copytree(HARBOUR, tmp_path / "articles"))
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        anna = await ask_twice(api, bot)
        done = await pin_first(boss)
        await press(boss, done, phrases.say("button.back"))
        await say(anna, "pizza recipe please?")
        (key,) = read(tmp_path, "SELECT exchange_key FROM pinned_questions ORDER BY id LIMIT 1")[0]
        await boss.calls_back(done, f"gaps:test:{key}")
        choice = await done.edited(len(done.edits))
        await press(boss, choice, phrases.say("gaps.test-pinned"))
        assert tomllib.loads((tmp_path / "log.test-questions.toml").read_text("utf-8"))["question"][0][
            "facts"
        ]

        changed = articles / "vik.md"
        changed.write_text(changed.read_text("utf-8").replace(RED, "They are blue."), "utf-8")
        report = (await say(boss, "/reload")).text
        assert phrases.say("reload.pins-aside", count=1) + f"\n• {RED}" in report
        assert phrases.say("reload.tests-gone", count=2) in report
        chat, warning = boss.private_chat, phrases.say("alert.pin_aside")
        assert await chat.bell.until(lambda: any(warning in sent.text for sent in chat.messages), 10)
        assert phrases.say("pins.aside") in (await say(boss, "/pins")).text
        assert RED not in (await say(anna, PIZZA)).text
        assert "asked" in (await say(boss, "/gaps")).text

        shutil.copytree(HARBOUR, articles, dirs_exist_ok=True)
        assert phrases.say("reload.pins-back", count=1) in (await say(boss, "/reload")).text
        assert (await say(anna, PIZZA)).text.startswith(RED)


async def test_forgetting_takes_wordings_out_of_gap_pin_and_test(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
        boss, ben = api.person("Boss", id=BOSS), api.person("Ben")
        anna = await ask_twice(api, bot)
        await say(ben, "best pizza RECIPE!!")
        await wait_until_recorded(bot, 4)
        opened = await open_first(boss)
        choice = await press(boss, opened, phrases.say("gaps.test"))
        await press(boss, choice, phrases.say("gaps.test-nothing"))
        await pin_first(boss)
        assert (await say(anna, PIZZA)).text.startswith(RED)

        for person, left in ((anna, [("best pizza RECIPE!!",)]), (ben, [])):
            asked = await say(person, "/forget")
            await press(person, asked, phrases.say("forget.yes"))
            for table in ("pinned_questions", "test_questions"):
                assert read(tmp_path, f"SELECT question FROM {table}") == left  # noqa: S608
        assert read(tmp_path, "SELECT count(*) FROM pins") == [(0,)]
        content = read_bytes(tmp_path)
        assert b"izza recipe" not in content
        assert b"izza RECIPE" not in content
        assert not (await say(anna, PIZZA)).text.startswith(RED)
