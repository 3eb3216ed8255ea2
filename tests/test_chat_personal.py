"""What concerns one person is shown and erased in their private chat, in their language."""

import gzip
import json
from pathlib import Path

import pytest

from bot.chat.wire import sending
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from bot.wording.phrases import Phrases
from tests.chat_bot import CATALOGUES, SIGNED, phrases, running_bot
from tests.harbour import CRANES, HARBOUR, SEVEN, HarbourIndex

PERSONAL = ["history", "mydata", "forget", "language"]
ONIONS = "Wie viele Länder haben in der Nacht des Zwiebelkuchens unterschrieben?"


def texts_of(person: Person) -> Phrases:
    return CATALOGUES[person.language_code or "en"]


async def send(person: Person, words: str) -> Message:
    return await person.private_chat.reply_to(person.says(words))


def read_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


@pytest.mark.parametrize("language", ["nb", "vi", "fr"])
async def test_history_lists_own_questions_and_asks_them_again(tmp_path: Path, language: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, ben = api.person("Anna", language_code=language), api.person("Ben")
        texts = texts_of(anna)
        assert (await send(anna, "/history")).text == texts.say("history.nothing")
        await send(ben, "Who is Ben?")
        for words in ("When was it?", SIGNED, "When was it?", "Hello!"):
            await send(anna, words)
        listed = await send(anna, "/history")
        assert listed.text == texts.say("history.heading")
        assert [button["text"] for button in listed.buttons] == ["When was it?", SIGNED]

        assert (await anna.presses(listed, SIGNED)).text == ""
        posed = await anna.private_chat.next_message_from_bot()
        assert posed.text == texts.say("asked", question=SIGNED)
        answer = await anna.private_chat.reply_to(posed)
        assert "72" in answer.text
        rows = await bot.read_log("question, user_id, question_message_id, answer_message_id")
        assert rows[-1] == (SIGNED, anna.id, posed.message_id, answer.message_id)


async def test_history_asks_a_followup_with_what_it_leant_on(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex) as bot:
        anna, followup = api.person("Anna"), "And how old are these?"
        for words in (CRANES, followup, "hello"):
            await send(anna, words)
        listed = await send(anna, "/history")
        await anna.presses(listed, followup)
        posed = await anna.private_chat.next_message_from_bot()
        assert (await anna.private_chat.reply_to(posed)).text.startswith(SEVEN)
        assert (await bot.read_log("question, earlier"))[-1] == (followup, CRANES)


async def test_history_of_somebody_else_cannot_be_asked(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna, ben = api.person("Anna"), api.person("Ben")
        await send(anna, ONIONS)
        (own,) = (await send(anna, "/history")).buttons
        listed = await send(ben, "/history")
        for data in (own["callback_data"], "again:unknown"):
            assert (await ben.calls_back(listed, data)).text == phrases.say("history.gone")
        await api.expect_silence(ben.private_chat, 0.2)


async def test_history_shortens_what_no_button_can_show(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        await send(anna, "why " * 200)
        await send(anna, "\u202eWhen was it?")
        listed = await send(anna, "/history")
        assert [len(button["text"]) for button in listed.buttons] == [12, 64]
        assert listed.buttons[1]["text"].endswith("why…")


async def test_mydata_sends_everything_as_a_file(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna, ben = api.person("Anna", language_code="id"), api.person("Ben")
        texts = texts_of(anna)
        assert (await send(anna, "/mydata")).text == texts.say("mydata.nothing")
        answer = await send(anna, SIGNED)
        await anna.presses(answer, "👍")
        await send(ben, "Who is Ben?")
        sent = await send(anna, "/mydata")
        assert sent.text == texts.say("mydata.caption")
        assert sent.content["document"]["file_name"] == "mydata.json"
        assert sent.file is not None
        data = json.loads(sent.file)
        assert data["user_id"] == anna.id
        assert [row["question"] for row in data["exchanges"]] == [SIGNED]
        assert [row["vote"] for row in data["votes"]] == ["up"]
        assert any("72" in row["text"] for row in data["shown_passages"])
        assert b"Ben" not in sent.file


async def test_mydata_compresses_what_telegram_would_not_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_FILE_BYTES", 100)
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        await send(anna, SIGNED)
        sent = await send(anna, "/mydata")
        assert sent.content["document"]["file_name"] == "mydata.json.gz"
        data = json.loads(gzip.decompress(sent.file or b""))
        assert [row["question"] for row in data["exchanges"]] == [SIGNED]


@pytest.mark.parametrize("language", ["de", "vi", "nb"])
async def test_forget_asks_once_and_leaves_no_byte_behind(tmp_path: Path, language: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, ben = api.person("Anna", language_code=language), api.person("Ben")
        texts = texts_of(anna)
        group = api.group(members=[anna, ben])
        await send(anna, ONIONS)
        await group.reply_to(anna.says(f"/ask {ONIONS}", chat=group))
        others = await group.reply_to(ben.says("/ask What did Ben ask?", chat=group))
        await anna.presses(others, "👎")
        chosen = await send(anna, "/language")
        await anna.presses(chosen, "Français")
        await chosen.edited()
        await anna.presses(chosen, f"language:{language}")
        await chosen.edited(1)
        await anna.presses(chosen, "language:-fr")
        await chosen.edited(2)

        asked = await send(anna, "/forget")
        assert asked.text == texts.say("forget.ask")
        await bot.journal.flush()
        assert b"Zwiebelkuchens" in read_bytes(tmp_path)
        await anna.presses(asked, texts.say("forget.yes"))
        await asked.edited()
        assert asked.text == texts.say("forget.done", count=2)
        assert asked.buttons == []

        content = read_bytes(tmp_path)
        assert b"Zwiebelkuchens" not in content
        assert anna.id.to_bytes(5, "big") not in content
        assert b"What did Ben ask?" in content
        assert (await send(anna, "/mydata")).text == texts.say("mydata.nothing")


async def test_forget_takes_back_the_language_in_memory_and_the_menu_in_it(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="de")
        await anna.presses(await send(anna, "/language"), "Tiếng Việt")
        asked = await send(anna, "/forget")
        assert asked.text == CATALOGUES["vi"].say("forget.ask")
        assert (f"chat {anna.id}", "") in api.bot.commands
        await anna.presses(asked, "forget:yes")
        await asked.edited()
        assert asked.text == CATALOGUES["vi"].say("forget.done-nothing")
        await api.called("deleteMyCommands")
        assert (f"chat {anna.id}", "") not in api.bot.commands
        assert (await send(anna, "/forget")).text == CATALOGUES["de"].say("forget.ask")


async def test_forget_erases_nothing_for_who_changes_their_mind(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna", language_code="fr")
        await send(anna, SIGNED)
        asked = await send(anna, "/forget")
        await anna.presses(asked, "forget:no")
        await asked.edited()
        assert asked.text == texts_of(anna).say("forget.kept")
        assert await bot.read_log("question") == [(SIGNED,)]


async def test_forget_erases_and_says_so_though_its_message_is_gone(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        await send(anna, SIGNED)
        asked = await send(anna, "/forget")
        anna.deletes(asked)
        assert (await anna.calls_back(asked, "forget:no")).text == phrases.say("forget.kept")
        assert (await anna.calls_back(asked, "forget:yes")).text == phrases.say("forget.done", count=1)
        assert await bot.read_log("question") == []


@pytest.mark.parametrize("command", PERSONAL)
async def test_personal_commands_lead_from_a_group_to_the_private_chat(tmp_path: Path, command: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna", language_code="nb")
        texts = texts_of(anna)
        group = api.supergroup(members=[anna])
        led = await group.reply_to(anna.says(f"/{command}", chat=group))
        assert led.text == texts.say("personal.in-private")
        (button,) = led.buttons
        assert button == {
            "text": texts.say("personal.open"),
            "url": f"https://t.me/test_answer_bot?start={command}",
        }
        opened = await anna.private_chat.reply_to(anna.starts(command))
        directly = await send(anna, f"/{command}")
        assert opened.text == directly.text != texts.say("unknown-command")


@pytest.mark.parametrize("command", PERSONAL)
async def test_personal_commands_have_nothing_for_anonymous_admins(tmp_path: Path, command: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path):
        anna = api.person("Anna")
        group = api.supergroup(admins=[anna])
        told = await group.reply_to(anna.says(f"/{command}", chat=group, anonymously=True))
        assert told.text == phrases.say("personal.anonymous")
        assert told.buttons == []


@pytest.mark.parametrize("data", ["forget:yes", "again:x", "language:nb"])
async def test_personal_buttons_do_nothing_in_a_group(tmp_path: Path, data: str) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna")
        group = api.group(members=[anna])
        answer = await group.reply_to(anna.says(f"/ask {SIGNED}", chat=group))
        await anna.calls_back(answer, data)
        await api.expect_silence(group, 0.2)
        assert (await send(anna, "/help")).text.startswith("I have read")
        assert await bot.read_log("question") == [(SIGNED,)]


async def test_personal_commands_say_when_the_records_cannot_be_read(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna = api.person("Anna", language_code="vi")
        unavailable = texts_of(anna).say("personal.unavailable")
        forget, language = await send(anna, "/forget"), await send(anna, "/language")
        await bot.records.close()
        bot.records.path.unlink()
        bot.records.path.mkdir()
        assert (await send(anna, "/history")).text == unavailable
        assert (await send(anna, "/mydata")).text == unavailable
        assert (await anna.presses(forget, "forget:yes")).text == unavailable
        assert (await anna.presses(language, "language:nb")).text == unavailable
        assert (await anna.calls_back(forget, "again:x")).text == unavailable


async def test_personal_buttons_of_others_do_nothing_to_them(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path) as bot:
        anna, eve = api.person("Anna"), api.person("Eve")
        await send(anna, ONIONS)
        listed = await send(anna, "/history")
        forget = await send(anna, "/forget")
        own = await send(eve, SIGNED)
        # Whoever knows what a button carries may send it, from a chat of their own or, in the
        # worst case, naming somebody else's message.
        (again,) = [button["callback_data"] for button in listed.buttons]
        for place in (own, listed):
            assert (await eve.calls_back(place, again)).text == phrases.say("history.gone")
        for place in (own, forget):
            await eve.calls_back(place, "forget:yes")
        assert ONIONS not in "".join(message.text for message in eve.private_chat.from_bot)
        assert await bot.read_log("question") == [(ONIONS,)]
