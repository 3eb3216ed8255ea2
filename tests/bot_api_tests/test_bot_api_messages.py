"""What may be sent, edited and deleted, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from telegram.constants import ReactionEmoji

from bot.sandbox.api.methods.changing import REACTIONS

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi
    from tests.bot_api_tests.client import Client


async def test_sent_message_is_complete(call: Client, anna: Person) -> None:
    question = anna.says("Hello")
    answer = await call.result(
        "sendMessage",
        chat_id=anna.id,
        text="See <a href='https://example.org'>there</a>",
        parse_mode="HTML",
        reply_parameters={"message_id": question.message_id, "quote": "ell"},
        link_preview_options={"is_disabled": True},
        reply_markup={"inline_keyboard": [[{"text": "More", "callback_data": "m"}]]},
    )
    assert answer["from"]["id"] == call.api.bot.id
    assert answer["from"]["is_bot"]
    assert answer["chat"] == {"id": anna.id, "type": "private", "first_name": "Anna"}
    assert abs(answer["date"] - call.api.clock.now()) < 5
    assert answer["message_id"] == 2
    assert answer["reply_to_message"]["text"] == "Hello"
    assert answer["quote"] == {"text": "ell", "position": 1, "is_manual": True}
    assert answer["link_preview_options"] == {"is_disabled": True}
    message = await anna.private_chat.reply_to(question)
    assert message.html == 'See <a href="https://example.org/">there</a>'
    assert message.links == ["https://example.org/"]
    assert message.button("More")["callback_data"] == "m"


async def test_reply_must_be_there(call: Client, anna: Person) -> None:
    send = {"chat_id": anna.id, "text": "a"}
    said = await call.refused("sendMessage", **send, reply_parameters={"message_id": 9})
    assert said == "Bad Request: message to be replied not found"
    lenient = {"message_id": 9, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await call.result("sendMessage", **send, reply_parameters=lenient)
    anna.says("Hello")
    wrong = {"message_id": 2, "quote": "hello"}
    said = await call.refused("sendMessage", **send, reply_parameters=wrong)
    assert said == "Bad Request: QUOTE_TEXT_INVALID"


async def test_who_cannot_be_written_to(call: Client, api: BotApi) -> None:
    async def say(chat_id: object) -> str:
        return await call.refused("sendMessage", chat_id=chat_id, text="a")

    stranger = api.person("Stranger")
    assert await say(stranger.id) == "Bad Request: chat not found"
    assert await say("") == "Bad Request: chat_id is empty"
    assert await say(17) == "Bad Request: chat not found"
    assert await say("@nobody_here") == "Bad Request: chat not found"
    group = api.group(members=[stranger])
    assert await say(stranger.id) == "Forbidden: bot can't initiate conversation with a user"
    stranger.starts()
    stranger.blocks_bot()
    assert await say(stranger.id) == "Forbidden: bot was blocked by the user"
    stranger.unblocks_bot()
    await call.result("sendMessage", chat_id=stranger.id, text="a")
    stranger.deletes_account()
    assert await say(stranger.id) == "Forbidden: user is deactivated"
    stranger.removes_bot(group)
    assert await say(group.id) == "Forbidden: bot was kicked from the group chat"
    town = api.supergroup(bot="left")
    assert await say(town.id) == "Forbidden: bot is not a member of the supergroup chat"
    stranger.adds_bot(town)
    await call.result("sendMessage", chat_id=town.id, text="a")
    assert await call.result("leaveChat", chat_id=town.id)
    assert town.bot_status == "left"


@pytest.mark.parametrize(
    ("button", "words"),
    [
        ({"text": "a", "callback_data": "x" * 65}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": "é" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "a", "callback_data": ""}, "Text buttons are unallowed in the inline keyboard"),
        ({"callback_data": "x"}, "can't parse inline keyboard button: Can't find field \"text\""),
        ({"text": "", "callback_data": "x"}, "inline keyboard button text must be non-empty"),
        ({"text": "a", "url": "localhost"}, "URL 'localhost' is invalid: Wrong HTTP URL"),
        ({"text": "a", "url": "https://a.example", "callback_data": "x"}, "a button with"),
        ({"text": "a", "callback": "x"}, 'unknown field "callback"'),
        ("a", "InlineKeyboardButton must be an Object"),
    ],
)
async def test_buttons_are_checked(call: Client, anna: Person, button: object, words: str) -> None:
    markup = {"inline_keyboard": [[button]]}
    assert words in await call.refused("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)


async def test_editing(call: Client, anna: Person) -> None:
    keyboard = {"inline_keyboard": [[{"text": "a", "callback_data": "a"}]]}
    await call.result("sendMessage", chat_id=anna.id, text="one", reply_markup=keyboard)
    place = {"chat_id": anna.id, "message_id": 1}
    same = await call.refused("editMessageText", **place, text="one", reply_markup=keyboard)
    assert same == (
        "Bad Request: message is not modified: specified new message content and reply markup are "
        "exactly the same as a current content and reply markup of the message"
    )
    edited = await call.result("editMessageText", **place, text="two")
    assert edited["text"] == "two"
    assert "reply_markup" not in edited
    assert edited["edit_date"] >= edited["date"]
    await call.result("editMessageReplyMarkup", **place, reply_markup=keyboard)
    (message,) = anna.private_chat.messages
    assert [version.text for version in message.edits] == ["one", "two"]
    assert message.buttons == [{"text": "a", "callback_data": "a"}]
    gone = await call.refused("editMessageText", chat_id=anna.id, message_id=7, text="x")
    assert gone == "Bad Request: message to edit not found"
    theirs = anna.says("mine")
    said = await call.refused("editMessageText", chat_id=anna.id, message_id=theirs.message_id, text="x")
    assert said == "Bad Request: message can't be edited"
    unset = await call.refused("editMessageText", text="x")
    assert unset == "Bad Request: message identifier is not specified"


async def test_deleting(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    theirs = anna.says("/hi", chat=group)
    own = await call.result("sendMessage", chat_id=group.id, text="a")
    said = await call.refused("deleteMessage", chat_id=group.id, message_id=theirs.message_id)
    assert said == "Bad Request: message can't be deleted for everyone"
    assert await call.result("deleteMessage", chat_id=group.id, message_id=own["message_id"])
    assert group.messages == [theirs]
    again = await call.refused("deleteMessage", chat_id=group.id, message_id=own["message_id"])
    assert again == "Bad Request: message to delete not found"


async def test_documents_keep_their_bytes(call: Client, api: BotApi, anna: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(anna.id), "caption": "<b>all</b>", "parse_mode": "HTML"})
    form.add_field("document", b"a,b\n", filename="votes.csv", content_type="text/csv")
    answer = await call.post(f"/bot{api.token}/sendDocument", data=form)
    document = answer["result"]["document"]
    assert document["file_name"] == "votes.csv"
    (message,) = anna.private_chat.messages
    assert message.file == b"a,b\n"
    assert message.html == "<b>all</b>"
    path = (await call.result("getFile", file_id=document["file_id"]))["file_path"]
    async with call.session.get(f"{api.url}/file/bot{api.token}/{path}") as response:
        assert await response.read() == b"a,b\n"
    again = await call.result("sendDocument", chat_id=anna.id, document=document["file_id"])
    assert again["document"]["file_unique_id"] == document["file_unique_id"]
    assert "wrong file_id" in await call.refused("getFile", file_id="none")
    copied = await call.result("copyMessage", chat_id=anna.id, from_chat_id=anna.id, message_id=1)
    assert anna.private_chat.messages[-1].message_id == copied["message_id"]


async def test_reactions_are_checked(call: Client, anna: Person) -> None:
    message = anna.says("a")
    place = {"chat_id": anna.id, "message_id": message.message_id}
    assert await call.result("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "👍"}])
    assert message.reactions[call.api.bot.id] == [{"type": "emoji", "emoji": "👍"}]
    said = await call.refused("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "🦊"}])
    assert said == "Bad Request: REACTION_INVALID"
    assert {emoji.value.replace("\ufe0f", "") for emoji in ReactionEmoji} == REACTIONS
