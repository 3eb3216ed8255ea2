"""A question that cannot stand alone leans on what was asked before: just before, or by a reply."""

from pathlib import Path

from bot.sandbox.server import BotApi
from tests.chat_bot import phrases, running_bot
from tests.harbour import CRANES, HARBOUR, MASTER, PIZZA, SEVEN, HarbourIndex

MORE = "And how old are these?"


async def test_followup_leans_on_what_the_person_asked_just_before(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        await anna.private_chat.reply_to(anna.says(CRANES))
        followed = await anna.private_chat.reply_to(anna.says(MORE))
        assert followed.text.startswith(SEVEN)
        alone = await berta.private_chat.reply_to(berta.says(MORE))
        assert SEVEN not in alone.text.partition("\n")[0]
        assert await bot.read_log("question, earlier") == [(CRANES, None), (MORE, CRANES), (MORE, None)]


async def test_followup_leans_on_nothing_after_a_while(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        asked = await anna.private_chat.reply_to(anna.says(CRANES))
        api.clock.advance(14 * 60)
        await anna.private_chat.reply_to(anna.says(MASTER))
        api.clock.advance(16 * 60)
        await anna.private_chat.reply_to(anna.says(MORE))
        # A reply says itself what it leans on.
        await anna.private_chat.reply_to(anna.says(MORE, reply_to=asked))
        assert await bot.read_log("earlier") == [(None,), (None,), (None,), (CRANES,)]


async def test_followup_in_a_group_leans_on_the_answer_it_replies_to(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        group = api.supergroup(members=[anna, berta])
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        await group.reply_to(anna.says(f"/ask {MASTER}", chat=group))
        own = await group.reply_to(anna.says(MORE, reply_to=answer))
        assert own.text.startswith(SEVEN)
        others = await group.reply_to(berta.says(MORE, reply_to=answer))
        assert others.text.startswith(SEVEN)
        # What somebody else asked is not kept among what Berta asked.
        assert await bot.read_log("user_id, earlier") == [
            (anna.id, None),
            (anna.id, None),
            (anna.id, CRANES),
            (berta.id, None),
        ]


async def test_followup_in_a_topic_leans_on_nothing_in_another(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        forum = api.supergroup(forum=True, members=[anna])
        cranes, ships = (api.topic(forum, name, by=anna) for name in ("Cranes", "Ships"))
        for topic, words in ((cranes, CRANES), (ships, MORE), (cranes, MORE)):
            await forum.reply_to(anna.says(f"/ask {words}", chat=forum, topic=topic))
        assert await bot.read_log("question, earlier") == [(CRANES, None), (MORE, None), (MORE, CRANES)]


async def test_followup_leans_neither_on_small_talk_nor_on_strangers(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        group = api.supergroup(admins=[anna])
        await anna.private_chat.reply_to(anna.says("Hello!"))
        await anna.private_chat.reply_to(anna.says(MORE))
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group, anonymously=True))
        await group.reply_to(anna.says(MORE, reply_to=answer, anonymously=True))
        asked = anna.says(MASTER, chat=group)
        await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        await group.reply_to(anna.says("/ask", reply_to=asked))
        assert {earlier for (earlier,) in await bot.read_log("earlier")} == {None}


async def test_tell_me_more_shows_more_of_the_answer_just_before(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        chat = anna.private_chat
        answer = await chat.reply_to(anna.says(CRANES))
        await anna.presses(answer, "👍")
        more = await chat.reply_to(anna.says("Tell me more"))
        assert more.text.startswith(phrases.say("answer.further"))
        assert SEVEN not in more.text
        assert [button["text"] for button in more.buttons][-2:] == ["👍 ✓", "👎"]
        rest = await chat.reply_to(anna.says("tell me more please"))
        assert rest.text.startswith(phrases.say("answer.further"))
        assert rest.text != more.text
        await anna.presses(answer, "More")
        assert answer.text == more.text
        # What was asked is still the answer that a question leans on, and nothing else was recorded.
        assert (await chat.reply_to(anna.says(MORE))).text.startswith(SEVEN)
        assert await bot.read_log("question, earlier") == [(CRANES, None), (MORE, CRANES)]


async def test_tell_me_more_asks_what_about_where_no_answer_is_left(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        chat = anna.private_chat
        what_about = phrases.say("small-talk.tell_me_more")
        assert (await chat.reply_to(anna.says("tell me more"))).text == what_about
        await chat.reply_to(anna.says(PIZZA))
        assert (await chat.reply_to(anna.says("tell me more"))).text == what_about
        await chat.reply_to(anna.says(CRANES))
        for _page in range(2):
            assert (await chat.reply_to(anna.says("tell me more"))).text != what_about
        assert (await chat.reply_to(anna.says("tell me more"))).text == what_about


async def test_tell_me_more_means_the_answer_that_it_replies_to(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna, berta = api.person("Anna"), api.person("Berta")
        group = api.supergroup(members=[anna, berta])
        answer = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        await group.reply_to(anna.says(f"/ask {PIZZA}", chat=group))
        asking = berta.says("hello", reply_to=answer)
        told = await group.reply_to(asking)
        berta.edits(asking, "tell me more")
        await told.edited()
        assert told.text.startswith(phrases.say("answer.further"))
        assert "✓" not in "".join(button["text"] for button in told.buttons)


async def test_followup_that_is_edited_leans_on_the_same(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, berta = api.person("Anna"), api.person("Berta")
        group = api.supergroup(members=[anna, berta])
        first = anna.says(CRANES)
        await anna.private_chat.reply_to(first)
        second = anna.says(MORE)
        followed = await anna.private_chat.reply_to(second)
        await anna.private_chat.reply_to(anna.says(MASTER))
        anna.edits(second, "How old are they?")
        await followed.edited()
        assert followed.text.startswith(SEVEN)
        shared = await group.reply_to(anna.says(f"/ask {CRANES}", chat=group))
        replying = berta.says(MORE, reply_to=shared)
        others = await group.reply_to(replying)
        berta.edits(replying, "How old are they?")
        await others.edited()
        assert others.text.startswith(SEVEN)
        log = await bot.read_log("question, earlier")
        assert log[3] == ("How old are they?", CRANES)


async def test_followup_stands_alone_while_the_database_fails(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna = api.person("Anna")
        await anna.private_chat.reply_to(anna.says(CRANES))
        await bot.journal.flush()
        await bot.records.close()
        bot.records.path = tmp_path
        assert SEVEN in (await anna.private_chat.reply_to(anna.says(CRANES))).text
