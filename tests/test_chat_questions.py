"""A question on Telegram is answered in reply, in its place, and written down; nothing else is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.sandbox.limits.entities import utf16_slice
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, Gate, broken_index, phrases, running_bot, slow_index
from tests.harbour import HARBOUR, PAINTED, SEVEN, SPRING, HarbourIndex


async def test_question_in_private_gets_a_reply_with_its_sources(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        question = anna.says("Combien de pays ont signé officiellement ?")
        answer = await anna.private_chat.reply_to(question)
        assert "72" in answer.text
        assert "in French" in answer.text
        assert any(link.startswith("https://www.vietnamplus.vn/") for link in answer.links)
        (call,) = api.calls_of("sendMessage")
        assert call.parameters["link_preview_options"] == {"is_disabled": True}
        assert call.parameters["reply_parameters"]["allow_sending_without_reply"] is True
        assert "message_thread_id" not in call.parameters


async def test_further_passages_that_answer_are_folded_below_the_best(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        asked = anna.says(SPRING)
        answer = await anna.private_chat.reply_to(asked)
        assert answer.text.startswith(PAINTED)
        (folded,) = (entity for entity in answer.entities if entity["type"] == "expandable_blockquote")
        assert SEVEN in utf16_slice(answer.text, folded["offset"], folded["length"])


async def test_question_is_written_down_after_the_reply(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna", language_code="de")
        question = anna.says(SIGNED)
        await anna.private_chat.reply_to(question)
        await anna.private_chat.reply_to(anna.says("2025?"))
        rows = await bot.read_log(
            "asked_at, origin, user_id, chat_id, language, question, is_answered, corpus_version"
        )
        asked_at = datetime.fromtimestamp(question.date, UTC).isoformat(timespec="milliseconds")
        version = bot.desk.corpus.version
        assert rows[0] == (asked_at, "telegram", anna.id, anna.id, "en", SIGNED, 1, version)
        # Figures are in no language; the asker's Telegram decides.
        assert rows[1][4:6] == ("de", "2025?")


async def test_question_in_a_group_is_answered_only_when_addressed(tmp_path: Path) -> None:
    async with BotApi(privacy_mode=False) as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        group = api.supergroup(members=[anna])
        for words in (
            SIGNED,
            f"{SIGNED} @test_answer_bots",
            "write to x@test_answer_bot.org",
            "/help@other_bot",
            "/nope",
        ):
            anna.says(words, chat=group)
        anna.sends_photo(SIGNED, chat=group)
        anna.sends_sticker(chat=group)
        await api.polled()
        await bot.settle()
        await api.expect_silence(group, 0.1)

        named = await group.reply_to(anna.says(f"😀 @Test_Answer_BOT, {SIGNED}", chat=group))
        assert "72" in named.text
        assert "72" in (await group.reply_to(anna.says(SIGNED, reply_to=named))).text
        assert "72" in (await group.reply_to(anna.says(f"/ask {SIGNED}", chat=group))).text
        assert "72" in (await group.reply_to(anna.says(f"/ask@test_answer_bot\n{SIGNED}", chat=group))).text
        assert await bot.read_log("question") == [(f"😀 , {SIGNED}",), (SIGNED,), (SIGNED,), (SIGNED,)]


async def test_question_of_somebody_else_is_answered_when_pointed_to(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        group = api.supergroup(members=[anna, berta])
        asked = anna.says(SIGNED, chat=group)
        captioned = anna.sends_photo(SIGNED, chat=group)
        for pointing in (
            berta.says("/ask", reply_to=asked),
            berta.says("@test_answer_bot", reply_to=asked),
            berta.says("/ask", reply_to=captioned),
        ):
            assert "72" in (await group.reply_to(pointing)).text
        assert await bot.read_log("question, user_id") == [(SIGNED, berta.id)] * 3


async def test_question_without_words_gets_a_hint(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        group = api.group(members=[anna])
        usage = phrases.say("question.usage")
        assert (await anna.private_chat.reply_to(anna.says("/ask"))).text == usage
        hint = await group.reply_to(anna.says("@test_answer_bot", chat=group))
        assert hint.text == usage
        # The bot's own words ask nothing either.
        assert (await group.reply_to(anna.says("@test_answer_bot", reply_to=hint))).text == usage
        assert await bot.read_log("question") == []


async def test_question_in_a_topic_is_answered_there(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        forum = api.supergroup(forum=True, members=[anna])
        topic = api.topic(forum, "Law", by=anna)
        answer = await forum.reply_to(anna.says(f"@test_answer_bot {SIGNED}", chat=forum, topic=topic))
        assert answer.topic is topic


async def test_question_of_an_anonymous_admin_is_nobodys(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        group = api.supergroup(admins=[anna])
        asked = anna.says(f"@test_answer_bot {SIGNED}", chat=group, anonymously=True)
        assert "72" in (await group.reply_to(asked)).text
        assert await bot.read_log("user_id, chat_id") == [(None, group.id)]


async def test_question_posted_in_a_channel_is_not_answered(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        channel = api.channel()
        api.posts(channel, f"@test_answer_bot {SIGNED}")
        await api.polled()
        await bot.settle()
        await api.expect_silence(channel, 0.1)


async def test_question_below_a_picture_is_answered(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        group = api.supergroup(members=[anna])
        for asked in (
            anna.sends_photo(SIGNED),
            anna.sends_document(b"text", caption=SIGNED),
            anna.sends_photo(f"@test_answer_bot {SIGNED}", chat=group),
        ):
            assert "72" in (await asked.chat.reply_to(asked)).text
        assert await bot.read_log("question") == [(SIGNED,)] * 3


async def test_question_that_was_forwarded_is_answered_in_private(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        forwarded = anna.says(SIGNED, forwarded_from=berta)
        assert "72" in (await anna.private_chat.reply_to(forwarded)).text
        assert await bot.read_log("user_id") == [(anna.id,)]


async def test_question_that_is_too_long_is_declined(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        reply = await anna.private_chat.reply_to(anna.says("why? " * 201))
        assert reply.text == phrases.say("question.too-long", limit=1000)


async def test_question_that_is_no_text_gets_one_friendly_line(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        only_text = phrases.say("question.only-text")
        for message in (anna.sends_sticker(), anna.sends_voice(), anna.sends_photo()):
            assert (await anna.private_chat.reply_to(message)).text == only_text
        first = anna.sends_photo(extra={"media_group_id": "77"})
        anna.sends_photo(extra={"media_group_id": "77"})
        assert (await anna.private_chat.reply_to(first)).text == only_text
        asked = anna.sends_photo(SIGNED, extra={"media_group_id": "78"})
        anna.sends_photo(extra={"media_group_id": "78"})
        assert "72" in (await anna.private_chat.reply_to(asked)).text
        await api.polled()
        await bot.settle()
        await api.expect_silence(anna.private_chat, 0.1)
        assert len(anna.private_chat.from_bot) == 5


async def test_question_that_takes_long_holds_up_nobody_else(tmp_path: Path) -> None:
    gate = Gate()
    async with BotApi() as api, running_bot(api, tmp_path, make_index=slow_index(gate)):
        anna, berta = api.person("Anna"), api.person("Berta")
        slow = anna.says("slow: how many countries signed?")
        after = anna.says(SIGNED)
        await gate.wait_until_reached()
        assert "72" in (await berta.private_chat.reply_to(berta.says(SIGNED))).text
        (typing,) = await api.called("sendChatAction")
        assert typing.parameters["chat_id"] == anna.id
        assert anna.private_chat.from_bot == []
        gate.opened.set()
        await anna.private_chat.reply_to(after)
        assert [message.reply_to for message in anna.private_chat.from_bot] == [slow, after]


async def test_question_that_fails_is_apologised_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, make_index=broken_index):
        anna = api.person("Anna")
        assert (await anna.private_chat.reply_to(anna.says("broken?"))).text == phrases.say("apology")
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
    assert "RuntimeError: the index is broken" in caplog.text
