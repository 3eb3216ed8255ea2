"""A question that is edited is answered again in the same place, and only if its words have changed."""

from pathlib import Path

import pytest

from bot.sandbox.api.failures import refusal
from bot.sandbox.server import BotApi
from tests.chat_bot import phrases, running_bot
from tests.harbour import CRANES, HARBOUR, MASTER, SEVEN, HarbourIndex, wait_until_recorded


async def test_edited_question_is_answered_in_place(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        question = anna.says(CRANES)
        answer = await anna.private_chat.reply_to(question)
        assert answer.text.startswith(SEVEN)
        anna.edits(question, MASTER)
        await answer.edited()
        assert answer.text.startswith("The harbour master is Ingrid Moe.")
        assert len(anna.private_chat.from_bot) == 1
        # The buttons below it belong to the new answer, and it can be edited again.
        await anna.presses(answer, "Context")
        assert "Ingrid Moe. She has led" in answer.text
        edits = len(answer.edits)
        anna.edits(question, CRANES)
        await answer.edited(since=edits)
        assert answer.text.startswith(SEVEN)
        log = await bot.read_log("question, question_message_id, answer_message_id")
        ids = (question.message_id, answer.message_id)
        assert log == [(CRANES, *ids), (MASTER, *ids), (CRANES, *ids)]


async def test_edit_that_does_not_change_the_words_does_nothing(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        group = api.supergroup(members=[anna])
        asked = anna.says(MASTER, chat=group)
        questions = (
            anna.says(CRANES),
            anna.says(f"/ask {CRANES}"),
            anna.says(f"@test_answer_bot {CRANES}", chat=group),
            anna.says("@test_answer_bot", reply_to=asked),
        )
        for question in questions:
            await question.chat.reply_to(question)
        for question in questions:
            anna.edits(question)
        anna.edits(questions[0], f"  {CRANES} ")
        await api.polled()
        await bot.settle()
        await api.expect_silence(anna.private_chat, 0.1)
        await api.expect_silence(group, 0.1)
        assert len(await bot.read_log("id")) == len(questions)


async def test_edited_question_in_a_group_is_answered_when_addressed(tmp_path: Path) -> None:
    async with (
        BotApi(privacy_mode=False) as api,
        running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot,
    ):
        anna = api.person("Anna")
        forum = api.supergroup(forum=True, members=[anna])
        topic = api.topic(forum, "Cranes", by=anna)
        question = anna.says(f"@test_answer_bot {CRANES}", chat=forum, topic=topic)
        command = anna.says(f"/ask {CRANES}", chat=forum, topic=topic)
        first, second = await forum.reply_to(question), await forum.reply_to(command)
        anna.edits(question, f"@test_answer_bot {MASTER}")
        anna.edits(command, f"/ask@test_answer_bot {MASTER}")
        await first.edited()
        await second.edited()
        assert "Ingrid Moe" in first.text.partition("\n")[0]
        assert "Ingrid Moe" in second.text
        anna.edits(question, "Never mind")
        await api.polled()
        await bot.settle()
        await api.expect_silence(forum, 0.1)
        # What was for nobody becomes a question when the bot is named.
        aside = anna.says(CRANES, chat=forum, topic=topic)
        anna.edits(aside, f"@test_answer_bot, {CRANES}")
        assert (await forum.reply_to(aside)).topic is topic


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_edited_question_gets_a_new_answer_where_the_old_one_cannot_be_changed(
    tmp_path: Path, *, is_deleted: bool
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        question = anna.says(CRANES)
        answer = await anna.private_chat.reply_to(question)
        if is_deleted:
            anna.deletes(answer)
        else:
            api.fail("editMessageText", refusal(400, "Bad Request: message can't be edited"))
        await wait_until_recorded(bot)
        anna.edits(question, MASTER)
        await wait_until_recorded(bot, 2)
        new = anna.private_chat.replies_to(question)[-1]
        assert new is not answer
        assert "Ingrid Moe" in new.text


async def test_edit_makes_a_question_of_what_was_none(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        group = api.supergroup(members=[anna])
        empty = anna.says("/ask", chat=group)
        assert (await group.reply_to(empty)).text == phrases.say("question.usage")
        anna.edits(empty, f"/ask {CRANES}")
        assert (await group.next_message_from_bot()).text.startswith(SEVEN)
        hello = anna.says("Hello")
        greeting = await anna.private_chat.reply_to(hello)
        anna.edits(hello, f"Hello, {CRANES}")
        await greeting.edited()
        assert greeting.text.startswith(SEVEN)


async def test_edit_that_makes_a_question_too_long_leaves_its_answer(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        question = anna.says(CRANES)
        answer = await anna.private_chat.reply_to(question)
        anna.edits(question, "why? " * 201)
        note = await anna.private_chat.next_message_from_bot()
        assert note.text == phrases.say("question.too-long", limit=1000)
        assert not answer.edits


async def test_edited_question_is_left_alone_while_the_database_fails(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        question = anna.says(CRANES)
        await anna.private_chat.reply_to(question)
        await wait_until_recorded(bot)
        await bot.records.close()
        bot.records.path = tmp_path
        anna.edits(question)
        await api.polled()
        await bot.settle()
        await api.expect_silence(anna.private_chat, 0.1)
