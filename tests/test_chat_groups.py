"""In groups the bot says once how to ask, keeps to the topic, and follows when a group moves."""

from pathlib import Path

from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, phrases, running_bot
from tests.harbour import CRANES, HARBOUR, MASTER, SEVEN, HarbourIndex, wait_until_recorded


async def test_group_is_told_how_to_ask_when_the_bot_is_added(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, bjorn = api.person("Anna"), api.person("Bjørn", language_code="nb")
        for person, language in ((anna, "en"), (bjorn, "nb")):
            group = api.supergroup(members=[person], bot="left")
            person.adds_bot(group)
            words = CATALOGUES.get(language, phrases)
            assert (await group.next_message_from_bot()).text == words.say(
                "group.greeting", handle="@test_answer_bot", articles=words.say("articles", count=2)
            )
            person.promotes_bot(group)
            person.demotes_bot(group)
            await api.polled()
            await bot.settle()
            await api.expect_silence(group, 0.1)


async def test_nobody_else_is_greeted(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        channel = api.channel(bot="left")
        anna.adds_bot(channel)
        group = api.group(members=[anna])
        anna.removes_bot(group)
        anna.says("/help")
        anna.blocks_bot()
        anna.unblocks_bot()
        await api.polled()
        await bot.settle()
        await api.expect_silence(channel, 0.1)
        assert not group.from_bot


async def test_answer_follows_a_group_that_became_a_supergroup(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        group = api.group(members=[anna])
        asked = anna.says(f"@test_answer_bot {CRANES}", chat=group)
        supergroup = api.migrate(group)
        answer = await supergroup.next_message_from_bot()
        assert answer.text.startswith(SEVEN)
        assert answer.reply_to is None
        assert not group.replies_to(asked)
        assert (await anna.presses(answer, "Context")).text == ""
        followed = anna.says("How old are these?", reply_to=answer)
        assert (await supergroup.reply_to(followed)).text.startswith(SEVEN)
        assert await bot.read_log("chat_id, earlier") == [(supergroup.id, None), (supergroup.id, CRANES)]


async def test_conversation_goes_on_in_the_supergroup(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        group = api.group(members=[anna])
        old = await group.reply_to(anna.says(f"@test_answer_bot {CRANES}", chat=group))
        data = {label: old.button(label)["callback_data"] for label in ("More", "👍")}
        await wait_until_recorded(bot)
        supergroup = api.migrate(group)
        followed = await supergroup.reply_to(anna.says("/ask How old are these?", chat=supergroup))
        assert followed.text.startswith(SEVEN)
        # Message ids count anew: the same id is another message now.
        other = anna.says(f"/ask {MASTER}", chat=supergroup)
        answer = await supergroup.reply_to(other)
        anna.edits(other, "/ask cranes harbour")
        await answer.edited()
        # Below the old message votes still count; the message itself cannot be changed any more.
        assert (await anna.calls_back(old, data["👍"])).text == phrases.say("vote.up")
        assert (await anna.calls_back(old, data["More"])).text == phrases.say("press.unchangeable")


async def test_buttons_in_a_topic_change_the_message_there(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        forum = api.supergroup(forum=True, members=[anna])
        topic = api.topic(forum, "Cranes", by=anna)
        answer = await forum.reply_to(anna.says(f"/ask {CRANES}", chat=forum, topic=topic))
        await anna.presses(answer, "More")
        assert "Havna i Vik" in answer.text
        assert [message.topic for message in forum.from_bot] == [topic]
