"""The buttons below an answer turn it in place, take votes, and work on after a restart and a reload."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.cli.assembly.telegram import Pauses
from bot.sandbox.api.failures import Failure, lost_answer, nonsense, refusal, too_many_requests
from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, EXAMPLES, phrases, running_bot
from tests.harbour import CRANES, HARBOUR, PIZZA, SEVEN, HarbourIndex, wait_until_recorded

NOT_EDITABLE = refusal(400, "Bad Request: message can't be edited")


async def test_more_shows_the_next_passages_in_place_and_leads_back(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        first, labels = answer.html, [button["text"] for button in answer.buttons]
        assert labels == ["More", "Context", "👍", "👎"]
        assert (await anna.presses(answer, "More")).text == ""
        assert "Havna i Vik" in answer.text
        assert SEVEN not in answer.text
        labelled = [button["text"] for button in answer.buttons]
        assert labelled == ["Back", "More", "Context", "Translate", "👍", "👎"]
        await anna.presses(answer, "Back")
        assert (answer.html, [button["text"] for button in answer.buttons]) == (first, labels)
        assert len(anna.private_chat.from_bot) == 1


async def test_context_shows_the_sentences_around_and_leads_back(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        first = answer.html
        await anna.presses(answer, "Context")
        assert f"opened in 1898. {SEVEN} Every spring" in answer.text
        assert [button["text"] for button in answer.buttons] == ["Back", "👍", "👎"]
        await anna.presses(answer, "Back")
        assert answer.html == first
        await anna.presses(answer, "More")
        further = answer.html
        await anna.presses(answer, "Context")
        assert answer.html != further
        await anna.presses(answer, "Back")
        assert answer.html == further


async def test_vote_is_one_for_each_person_and_may_be_changed_and_taken_back(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        seen = []
        for label in ("👍", "👎", "👎", "👍"):
            note = await anna.presses(answer, label)
            seen.append((note.text, [button["text"] for button in answer.buttons[-2:]]))
            assert not note.show_alert
        up, down, back = (phrases.say(f"vote.{key}") for key in ("up", "down", "taken-back"))
        assert seen == [
            (up, ["👍 ✓", "👎"]),
            (down, ["👍", "👎 ✓"]),
            (back, ["👍", "👎"]),
            (up, ["👍 ✓", "👎"]),
        ]
        await anna.presses(answer, "More")
        assert "👍 ✓" in [button["text"] for button in answer.buttons]
        await bot.end()
    assert read(tmp_path, "SELECT user_id, vote FROM votes") == [(anna.id, "up")]


@pytest.mark.parametrize(("is_back", "kept"), [(False, ["up"]), (True, [])])
async def test_vote_counts_once_though_the_bot_ended_before_the_press_was_done(
    tmp_path: Path, *, is_back: bool, kept: list[str]
) -> None:
    pauses = Pauses(finish_within_s=0.1)
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path, pauses=pauses, articles=HARBOUR, make_index=HarbourIndex):
            answer = await anna.private_chat.reply_to(anna.says(CRANES))
            if is_back:
                await anna.presses(answer, "👍")
            hanging = api.hang("answerCallbackQuery", times=None)
            anna.presses(answer, "👍")
            await answer.edited(since=int(is_back))
        hanging.stop()
        async with running_bot(api, tmp_path, pauses=pauses, articles=HARBOUR, make_index=HarbourIndex):
            await anna.private_chat.reply_to(anna.says("/help"))
    assert [vote for (vote,) in read(tmp_path, "SELECT vote FROM votes")] == kept


async def test_vote_in_a_group_is_shown_to_nobody_else(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        group = api.supergroup(members=[anna, berta])
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        assert (await anna.presses(answer, "👍")).text == phrases.say("vote.up")
        assert (await berta.presses(answer, "👎")).text == phrases.say("vote.down")
        await anna.presses(answer, "More")
        assert [button["text"] for button in answer.buttons[-2:]] == ["👍", "👎"]
        await bot.end()
    votes = read(tmp_path, "SELECT user_id, vote FROM votes ORDER BY user_id")
    assert votes == [(anna.id, "up"), (berta.id, "down")]


async def test_buttons_work_after_a_restart_and_quote_what_was_quoted(tmp_path: Path) -> None:
    articles = Path(shutil.copytree(HARBOUR, tmp_path / "articles"))
    async with BotApi() as api:
        anna = api.person("Anna")
        async with running_bot(api, tmp_path, articles=articles, make_index=HarbourIndex):
            answer = await anna.private_chat.reply_to(anna.says(CRANES))
            first = answer.html
        for path in (articles / "vik.md", articles / "vik-nb.md"):
            path.write_text(
                path.read_text("utf-8").replace("seven", "eight").replace("1898", "1998"), "utf-8"
            )
        async with running_bot(api, tmp_path, articles=articles, make_index=HarbourIndex) as bot:
            assert "eight" in (await anna.private_chat.reply_to(anna.says(CRANES))).text
            bot.desk.reload()
            await anna.presses(answer, "Context")
            assert f"opened in 1898. {SEVEN}" in answer.text
            await anna.presses(answer, "👍")
            await anna.presses(answer, "Back")
            assert answer.html == first


@pytest.mark.parametrize("label", ["More", "Context", "👍"])
async def test_button_of_an_answer_no_longer_kept_says_so(tmp_path: Path, label: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna", language_code="de")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        data = next(one["callback_data"] for one in answer.buttons if label_of(one) == label)
        await wait_until_recorded(bot)
        with closing(sqlite3.connect(tmp_path / "log.sqlite")) as connection, connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("DELETE FROM exchanges")
        note = await anna.calls_back(answer, data)
        assert note.text == CATALOGUES.get("de", phrases).say("press.too-old")
        assert not answer.edits


def label_of(button: dict[str, str]) -> str:
    """Return the English label of a button, by what it calls back with."""
    actions = {"more": "More", "context": "Context", "vote": "👍"}
    return actions.get(button.get("callback_data", "").partition(":")[0], "")


@pytest.mark.parametrize("label", ["More", "Context", "👎"])
async def test_button_says_so_while_the_database_fails(tmp_path: Path, label: str) -> None:
    pauses = Pauses(database_try_again_s=0.0)
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, pauses=pauses, articles=HARBOUR, make_index=HarbourIndex) as bot,
    ):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        await wait_until_recorded(bot)
        await bot.records.close()
        bot.records.path = tmp_path
        assert (await anna.presses(answer, label)).text == phrases.say("press.unavailable")
        bot.records.path = tmp_path / "log.sqlite"
        assert (await anna.presses(answer, label)).text != phrases.say("press.unavailable")


@pytest.mark.parametrize(
    "data", ["more:AAAAAAAAAAA:0", "vote:x:up", "nonsense", "more:x:y", "vote:x:sideways"]
)
async def test_every_press_is_answered(tmp_path: Path, data: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        assert (await anna.calls_back(answer, data)).text in (
            phrases.say("press.too-old"),
            phrases.say("press.unknown"),
        )


async def test_presses_that_change_nothing_or_come_too_late_are_harmless(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        more = answer.button("More")["callback_data"]
        await anna.presses(answer, "More")
        assert (await anna.calls_back(answer, more)).text == ""
        api.fail("answerCallbackQuery", refusal(400, "Bad Request: query is too old"))
        anna.presses(answer, "👍")
        await anna.presses(answer, "👍")
        assert [button["text"] for button in answer.buttons[-2:]] == ["👍", "👎"]
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("failure", [too_many_requests(1), lost_answer(breaks=True)])
async def test_more_is_shown_although_telegram_stumbles(tmp_path: Path, failure: Failure) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        api.fail("editMessageText", failure)
        assert (await anna.presses(answer, "More")).text == ""
        assert "Havna i Vik" in answer.text


async def test_button_below_a_message_that_cannot_be_changed_says_so(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        api.fail("editMessageText", NOT_EDITABLE)
        assert (await anna.presses(answer, "More")).text == phrases.say("press.unchangeable")
        data = answer.button("👍")["callback_data"]
        anna.deletes(answer)
        assert (await anna.calls_back(answer, data)).text == phrases.say("vote.up")


async def test_button_says_so_while_telegram_takes_no_changes(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        api.fail("editMessageText", too_many_requests(60))
        assert (await anna.presses(answer, "More")).text == phrases.say("press.unavailable")


async def test_button_that_fails_is_apologised_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(CRANES))
        api.fail("editMessageText", nonsense())
        assert (await anna.presses(answer, "Context")).text == phrases.say("press.failed")
    assert "Traceback" in caplog.text


async def test_translate_leads_from_a_passage_in_another_language(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says("Hvor mange kraner har havna?"))
        assert answer.button("Translate")["url"] == (
            "https://translate.example.org/?from=nb&to=en"
            "&text=Havna%20har%20sju%20kraner%2C%20og%20den%20eldste%20er%20fra%201911."
        )
        await anna.presses(answer, "Context")
        assert answer.button("Translate")


async def test_translate_can_be_switched_off(tmp_path: Path) -> None:
    async with (
        BotApi() as api,
        running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex, translate_url=""),
    ):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says("Hvor mange kraner har havna?"))
        assert "Translate" not in [button["text"] for button in answer.buttons]


async def test_not_found_offers_examples_and_takes_an_objection(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(PIZZA))
        objection = phrases.say("button.objection")
        assert answer.text.startswith(phrases.say("not-found-nearest"))
        assert [button["text"] for button in answer.buttons] == [*EXAMPLES["en"], objection]
        assert (await anna.presses(answer, objection)).text == phrases.say("vote.down")
        assert [button["text"] for button in answer.buttons] == [*EXAMPLES["en"], f"{objection} ✓"]
        assert (await anna.presses(answer, f"{objection} ✓")).text == phrases.say("vote.taken-back")
        assert (await anna.presses(answer, objection)).text == phrases.say("vote.down")
        await bot.end()
    assert read(tmp_path, "SELECT user_id, vote FROM votes") == [(anna.id, "down")]


async def test_buttons_of_a_refusal_from_before_an_upgrade_still_show_passages(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        answer = await anna.private_chat.reply_to(anna.says(PIZZA))
        key = answer.button(phrases.say("button.objection"))["callback_data"].split(":")[1]
        await anna.calls_back(answer, f"more:{key}:5")
        assert answer.text.startswith(phrases.say("not-found"))
        assert "Back" in [button["text"] for button in answer.buttons]
        await anna.presses(answer, "Context")
        await anna.presses(answer, "Back")
        await anna.presses(answer, "Back")
        assert answer.text.startswith(phrases.say("not-found-nearest"))


async def test_small_talk_is_answered_in_kind_and_without_votes(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        thanks = await anna.private_chat.reply_to(anna.says("Thanks!"))
        assert (thanks.text, thanks.buttons) == (phrases.say("small-talk.thanks"), [])
        hello = await anna.private_chat.reply_to(anna.says("Hello"))
        assert hello.text == phrases.say("small-talk.greeting")
        assert "👍" not in [button["text"] for button in hello.buttons]
        assert [button["text"] for button in hello.buttons] == [*EXAMPLES["en"]]


@pytest.mark.parametrize("label", ["More", "Context"])
async def test_what_others_ask_of_an_answer_in_a_group_opens_for_them_alone(
    tmp_path: Path, label: str
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna, bjorn = api.person("Anna"), api.person("Bjørn", language_code="nb")
        group = api.supergroup(members=[anna, bjorn])
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        note = await bjorn.presses(answer, label)
        address, _, payload = note.url.partition("?start=")
        assert address == "https://t.me/test_answer_bot"
        assert not answer.edits
        own = await bjorn.private_chat.reply_to(bjorn.starts(payload))
        assert CATALOGUES["nb"].say("button.back") in [button["text"] for button in own.buttons]
        assert "på engelsk" in own.text or "på norsk" in own.text
        await bjorn.presses(own, CATALOGUES["nb"].say("button.back"))
        assert SEVEN in own.text
        assert not answer.edits
        await anna.presses(answer, label)
        assert answer.edits


async def test_link_to_a_page_of_an_answer_no_longer_kept_says_so(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        for payload in ("p-more-AAAAAAAAAAA-0", "p-vote-AAAAAAAAAAA-0"):
            told = await anna.private_chat.reply_to(anna.starts(payload))
            assert told.text == phrases.say("press.too-old")


async def test_card_in_a_group_stays_in_the_words_of_whoever_asked(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        group = api.supergroup(members=[anna])
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        await anna.presses(answer, "More")
        assert "in Norwegian" in answer.text


def read(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        return connection.execute(query).fetchall()
