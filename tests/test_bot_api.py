"""The tests' own Bot API server: what it accepts, refuses and shows must be what Telegram does.

First with bare HTTP, then with python-telegram-bot's real `Application`. The words of refusals were
read in the source of tdlib/telegram-bot-api and tdlib/td.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
    ReplyParameters,
    Update,
)
from telegram.constants import ReactionEmoji
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)
from telegram.ext import Application, CallbackQueryHandler, InlineQueryHandler, MessageHandler, filters

from tests.bot_api.composing import compose
from tests.bot_api.entities import find_entities, utf16_length, utf16_slice
from tests.bot_api.failures import delay, lost_answer, refusal, reset, server_error, too_many_requests
from tests.bot_api.flood import FloodLimits, Rate
from tests.bot_api.formatting import FormattedText, checked_link
from tests.bot_api.html_reader import parse_html
from tests.bot_api.methods.changing import REACTIONS
from tests.bot_api.refusals import ApiError
from tests.bot_api.server import BotApi

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram.ext import ContextTypes

    from tests.bot_api.people import Person

    Context = ContextTypes.DEFAULT_TYPE
    AnyApplication = Application[Any, Any, Any, Any, Any, Any]

Answer = dict[str, Any]


class Client:
    """A bot that speaks bare HTTP."""

    def __init__(self, api: BotApi, session: aiohttp.ClientSession) -> None:
        self.api, self.session = api, session

    async def __call__(self, method: str, /, **parameters: object) -> Answer:
        """Call a method as python-telegram-bot does, with a form."""
        form = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()
        }
        return await self.post(f"/bot{self.api.token}/{method}", data=form)

    async def post(self, path: str, **body: Any) -> Answer:  # noqa: ANN401 - what aiohttp takes
        async with self.session.post(f"{self.api.url}{path}", **body) as response:
            answer: Answer = await response.json()
            assert answer.get("error_code", 200) == response.status
            return answer

    async def result(self, method: str, /, **parameters: object) -> Any:  # noqa: ANN401 - any JSON value
        answer = await self(method, **parameters)
        assert answer["ok"], answer
        return answer["result"]

    async def refused(self, method: str, /, **parameters: object) -> str:
        answer = await self(method, **parameters)
        assert not answer["ok"], answer
        return str(answer["description"])


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


@pytest.fixture
async def call(api: BotApi) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(api, session)


@pytest.fixture
def anna(api: BotApi) -> Person:
    anna = api.person("Anna", language_code="de")
    anna.private_chat.bot_status = "member"
    return anna


async def updates_of(call: Client, **parameters: object) -> list[Answer]:
    updates: list[Answer] = await call.result("getUpdates", **parameters)
    return updates


# --------------------------------------------------------------------------- HTTP


async def test_token_is_checked(call: Client) -> None:
    assert await call.post("/bot123:wrong/getMe") == {
        "ok": False,
        "error_code": 401,
        "description": "Unauthorized",
    }
    assert (await call.post("/botnonsense/getMe"))["description"] == "Not Found"
    assert (await call.post("/"))["error_code"] == 404
    assert await call.refused("getNothing") == "Not Found"


async def test_get_me_is_complete(call: Client) -> None:
    me = await call.result("GETME")
    assert me["is_bot"] is True
    assert me["username"] == "test_answer_bot"
    assert me["can_join_groups"] is True
    assert me["can_read_all_group_messages"] is False
    assert me["supports_inline_queries"] is True
    assert str(me["id"]) == call.api.token.partition(":")[0]


async def test_every_encoding_is_read(call: Client, anna: Person) -> None:
    path = f"/bot{call.api.token}/sendMessage"
    json_answer = await call.post(path, json={"chat_id": anna.id, "text": "ä", "reply_markup": None})
    multipart = aiohttp.FormData({"chat_id": str(anna.id), "text": "ä"}, default_to_multipart=True)
    multipart_answer = await call.post(path, data=multipart)
    in_address = await call.post(path + f"?chat_id={anna.id}&text=ä")
    assert {json_answer["ok"], multipart_answer["ok"], in_address["ok"]} == {True}
    assert [message.text for message in anna.private_chat.messages] == ["ä", "ä", "ä"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"txt": "a"}, 'unknown parameter "txt" of sendMessage'),
        ({"reply_to_message_id": 3}, "use reply_parameters"),
        ({"message_thread_id": "x"}, 'parameter "message_thread_id" must be an integer'),
        ({"disable_notification": "maybe"}, "must be true or false"),
        ({"reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"link_preview_options": {"disabled": True}}, 'unknown field "disabled"'),
        ({"link_preview_options": {"is_disabled": "yes"}}, "wrong type"),
        ({"link_preview_options": [1]}, "object expected as link preview options"),
        ({"reply_markup": '{"inline_keyboard": [[{"text": "\\ud83d"}]]}'}, "must be encoded in UTF-8"),
        ({"reply_parameters": {"message": 1}}, 'unknown field "message"'),
    ],
)
async def test_parameters_are_checked(call: Client, anna: Person, parameters: Answer, words: str) -> None:
    said = await call.refused("sendMessage", chat_id=anna.id, **{"text": "a", **parameters})
    assert words in said


async def test_refusals_of_this_server_say_so(call: Client, anna: Person) -> None:
    said = await call.refused("sendMessage", chat_id=anna.id, text="a", txt="a")
    assert said.endswith("(only the tests' server refuses this)")


async def test_crash_of_the_server_itself_fails_the_test() -> None:
    api = BotApi()
    await api.start()
    api.bot.to_full_json = _boom  # type: ignore[method-assign]
    address = f"{api.url}/bot{api.token}/getMe"
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert response.status == 500
    with pytest.raises(RuntimeError, match="boom"):
        await api.close()


def _boom() -> Answer:
    raise RuntimeError("boom")  # noqa: EM101


# ------------------------------------------------------------------ text and HTML


def test_entities_count_utf16() -> None:
    assert utf16_length("😀a") == 3
    assert find_entities("😀 /ask@my_bot, @anna #tag1 see https://a.example/x?y=1. mail@b.org") == [
        {"type": "bot_command", "offset": 3, "length": 11},
        {"type": "mention", "offset": 16, "length": 5},
        {"type": "hashtag", "offset": 22, "length": 5},
        {"type": "url", "offset": 32, "length": 23},
        {"type": "email", "offset": 57, "length": 10},
    ]


@pytest.mark.parametrize(
    "text", ["a/b", "</b>", "/", "1/2", "/a/b", "x@yz", "@a", "#1", "##a", "3.5", "/cmd@x", "and/or"]
)
def test_entities_are_not_seen_where_there_are_none(text: str) -> None:
    assert find_entities(text) == []


def test_html_becomes_text_and_entities() -> None:
    parsed = parse_html('😀<b>a &lt;&amp;&#x1F600; <i>b</i></b> <a href="http://X.example">c</a>&nbsp;')
    assert parsed.text == "😀a <&😀 b c&nbsp;"
    assert parsed.entities == [
        {"type": "bold", "offset": 2, "length": 8},
        {"type": "italic", "offset": 9, "length": 1},
        {"type": "text_link", "offset": 11, "length": 1, "url": "http://x.example/"},
    ]


@pytest.mark.parametrize(
    ("html", "kind", "more"),
    [
        ("<blockquote expandable>a</blockquote>", "expandable_blockquote", {}),
        ("<blockquote>a</blockquote>", "blockquote", {}),
        ('<pre><code class="language-python">a</code></pre>', "pre", {"language": "python"}),
        ("<pre>a</pre>", "pre", {}),
        ("<b><strong>a</strong></b>", "bold", {}),
        ("<code class='language-c'>a</code>", "code", {}),
        ('<span class="tg-spoiler">a</span>', "spoiler", {}),
        ("<tg-spoiler>a</tg-spoiler>", "spoiler", {}),
        ("<DEL>a</Del>", "strikethrough", {}),
        ("<ins>a</ins >", "underline", {}),
        ('<tg-emoji emoji-id="5368324170671202286">a</tg-emoji>', "custom_emoji", None),
        ('<a href="tg://user?id=7">a</a>', "text_mention", {"user": {"id": 7}}),
    ],
)
def test_html_tags(html: str, kind: str, more: Answer | None) -> None:
    (entity,) = parse_html(html).entities
    assert entity["type"] == kind
    if more is not None:
        assert entity == {"type": kind, "offset": 0, "length": 1, **more}


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'),
        ("a <b c", 'Unclosed start tag "b" at byte offset 2'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>a</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x>a</a>', "Unclosed start tag at byte offset 0"),
        ("<tg-emoji>a</tg-emoji>", "Invalid custom emoji identifier specified"),
        ("&#xD800;", "Text contains invalid Unicode characters"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "can't be nested"),
        ("<code>a<b>b</b></code>", "can't be nested"),
        ("<b>a<code>b</code></b>", "can't be nested"),
        ("<pre>a<code>b</code></pre>", "must fill the whole"),
        ('<a href="https://a.example">a<a href="https://b.example">b</a></a>', "can't be nested"),
        ("<b class='x'>a</b>", 'The tag "b" has no attribute "class" at byte offset 0'),
        ('<a href="javascript:x()">a</a>', "would drop the link"),
        ("<a>a b</a>", "would drop the link"),
    ],
)
def test_html_mistakes_are_refused(html: str, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        parse_html(html)
    assert words in caught.value.description


@pytest.mark.parametrize(
    "html",
    [
        "a &lt;b&gt; &amp;amp;",
        "😀 <b>a <i>b</i> c</b> d",
        '<blockquote expandable>a <a href="https://a.example/?x=1&amp;y=2">b</a></blockquote>',
        '<pre><code class="language-c">a &lt; b</code></pre>',
        "<tg-spoiler>a</tg-spoiler><u>b</u><s>c</s>",
    ],
)
def test_html_is_written_back(html: str) -> None:
    assert parse_html(html).html == html


def test_links_are_kept_as_telegram_keeps_them() -> None:
    assert checked_link("https://Example.ORG") == "https://example.org/"
    assert checked_link("example.org/A?b#c") == "http://example.org/A?b#c"
    assert checked_link("localhost") is None
    assert checked_link("ftp://example.org") is None
    assert checked_link("http://[::1") is None


def test_text_is_trimmed_and_marked() -> None:
    finished = compose("\n  a <b>b </b>\n/ask \n", "HTML", None, too_long="")
    assert finished.text == "a b \n/ask"
    assert finished.entities == [
        {"type": "bold", "offset": 2, "length": 2},
        {"type": "bot_command", "offset": 5, "length": 4},
    ]
    assert compose("<b>\n</b> a", "HTML", None, too_long="") == FormattedText("a")
    assert compose("<code>/ask</code>", "html", None, too_long="").entities == [
        {"type": "code", "offset": 0, "length": 4}
    ]


async def test_text_limits(call: Client, anna: Person) -> None:
    async def say(text: str, **more: object) -> str:
        return await call.refused("sendMessage", chat_id=anna.id, text=text, **more)

    assert await say("") == "Bad Request: message text is empty"
    assert await say(" \n ") == "Bad Request: text must be non-empty"
    assert await say("<b> </b>", parse_mode="HTML") == "Bad Request: text must be non-empty"
    assert await say("a" * 4097) == "Bad Request: message is too long"
    assert await say("😀" * 2049) == "Bad Request: message is too long"
    assert await say("a" * 33000) == "Bad Request: text is too long"
    assert await say("a", parse_mode="HTLM") == "Bad Request: unsupported parse_mode"
    assert "is not read by this server" in await say("a", parse_mode="MarkdownV2")
    assert "101 entities" in await say("<b>a</b> " * 101, parse_mode="HTML")
    crowded = await call.result(
        "sendMessage", chat_id=anna.id, text="#tag " * 100 + "<b>a</b>", parse_mode="HTML"
    )
    assert [entity["type"] for entity in crowded["entities"]] == ["hashtag"] * 99 + ["bold"]
    await call.result("sendMessage", chat_id=anna.id, text=f"<b>{'a' * 4096}</b>", parse_mode="HTML")
    edit = {"chat_id": anna.id, "message_id": 1, "text": "b" * 4097}
    assert await call.refused("editMessageText", **edit) == "Bad Request: MESSAGE_TOO_LONG"


async def test_given_entities_are_checked(call: Client, anna: Person) -> None:
    bold = {"type": "bold", "offset": 2, "length": 1}
    sent = await call.result("sendMessage", chat_id=anna.id, text="😀a", entities=[bold])
    assert sent["entities"] == [bold]
    said = await call.refused("sendMessage", chat_id=anna.id, text="a", entities=[bold])
    assert "ends after the end of the text at UTF-16 offset 3" in said


# ------------------------------------------------------- sending, editing, deleting


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


# --------------------------------------------------------------- updates and polls


async def test_updates_stay_until_confirmed(call: Client, anna: Person) -> None:
    for text in "abc":
        anna.says(text)
    first = await updates_of(call)
    assert [update["message"]["text"] for update in first] == ["a", "b", "c"]
    assert await updates_of(call) == first
    ids = [update["update_id"] for update in first]
    assert ids == sorted(ids)
    assert await updates_of(call, offset=ids[1], limit=1) == [first[1]]
    assert await updates_of(call, offset=-1) == [first[2]]
    assert await updates_of(call) == [first[2]]
    assert await updates_of(call, offset=ids[2] + 1) == []


async def test_long_poll_returns_at_once_when_something_arrives(call: Client, anna: Person) -> None:
    poll = asyncio.create_task(updates_of(call, timeout=30))
    await asyncio.sleep(0.05)
    anna.says("a")
    async with asyncio.timeout(1):
        (update,) = await poll
    assert update["message"]["from"]["language_code"] == "de"


async def test_second_poll_ends_the_first(call: Client, anna: Person) -> None:
    first = asyncio.create_task(call("getUpdates", timeout=30))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(call("getUpdates", timeout=30))
    answer = await first
    assert answer["error_code"] == 409
    assert answer["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    anna.says("a")
    assert len((await second)["result"]) == 1


async def test_allowed_updates_are_remembered(call: Client, anna: Person) -> None:
    await updates_of(call, allowed_updates=["message_reaction"])
    message = anna.says("a")
    anna.reacts(message, "👍")
    (update,) = await updates_of(call)
    assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert "names 'messages'" in await call.refused("getUpdates", allowed_updates=["messages"])
    await updates_of(call, allowed_updates=[])
    anna.reacts(message)
    anna.says("b")
    assert len(await updates_of(call)) == 2


async def test_updates_grow_too_old(call: Client, api: BotApi, anna: Person) -> None:
    sent = await call.result(
        "sendMessage",
        chat_id=anna.id,
        text="a",
        reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]},
    )
    message = anna.private_chat.message(sent["message_id"])
    assert message
    anna.says("b")
    anna.presses(message, "x")
    anna.asks_inline("c")
    assert len(await updates_of(call)) == 3
    api.clock.advance(31)
    assert len(await updates_of(call)) == 2
    api.clock.advance(120)
    assert len(await updates_of(call)) == 1
    api.clock.advance(86_400)
    assert await updates_of(call) == []


async def test_killed_bot_loses_nothing(call: Client, api: BotApi, anna: Person) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    writer.write(f"GET /bot{api.token}/getUpdates?timeout=30 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await asyncio.sleep(0.02)
    assert len(api.calls_of("getUpdates")) == 1
    writer.transport.abort()
    await asyncio.sleep(0.02)
    poll = asyncio.create_task(updates_of(call, timeout=30))
    await asyncio.sleep(0.02)
    anna.says("a")
    assert texts(await poll) == ["a"]
    assert await reader.read() == b""


async def test_webhook_gets_updates_until_it_says_200(call: Client, api: BotApi, anna: Person) -> None:
    got: list[tuple[str | None, Answer]] = []
    statuses = [500, 200, 200]

    async def receive(request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        got.append((secret, await request.json()))
        return web.Response(status=statuses.pop(0))

    app = web.Application()
    app.router.add_post("/hook", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        poll = asyncio.create_task(call("getUpdates", timeout=30))
        await asyncio.sleep(0.05)
        answer = await call("setWebhook", url=url, secret_token="s-1")  # noqa: S106 - none
        assert answer["description"] == "Webhook was set"
        assert (await poll)["description"] == "Conflict: terminated by setWebhook request"
        assert "can't use getUpdates method while webhook is active" in await call.refused("getUpdates")
        anna.says("a")
        anna.says("b")
        await api.polled()
        assert [(secret, update["message"]["text"]) for secret, update in got] == [
            ("s-1", "a"),
            ("s-1", "a"),
            ("s-1", "b"),
        ]
        info = await call.result("getWebhookInfo")
        assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
        assert (await call("deleteWebhook"))["description"] == "Webhook was deleted"
        assert await updates_of(call) == []
        said = await call.refused("setWebhook", url=url, secret_token="a b")  # noqa: S106 - none
        assert said == "Bad Request: secret token contains unallowed characters"
    finally:
        await runner.cleanup()


# ------------------------------------------------------------ presses and inline


async def test_press_is_answered_once_and_in_time(call: Client, api: BotApi, anna: Person) -> None:
    markup = {"inline_keyboard": [[{"text": "Up", "callback_data": "v:1"}]]}
    await call.result("sendMessage", chat_id=anna.id, text="a", reply_markup=markup)
    (message,) = anna.private_chat.messages
    press = anna.presses(message, "v:1")
    query = (await updates_of(call))[0]["callback_query"]
    assert query["data"] == "v:1"
    assert query["message"]["message_id"] == 1
    answer = {"callback_query_id": query["id"]}
    assert await call.refused("answerCallbackQuery", **answer, text="a" * 201) == (
        "Bad Request: MESSAGE_TOO_LONG"
    )
    assert await call.result("answerCallbackQuery", **answer, text="Thanks", show_alert=True)
    seen = await press
    assert (seen.text, seen.show_alert) == ("Thanks", True)
    too_old = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await call.refused("answerCallbackQuery", **answer) == too_old
    late = anna.presses(message, "Up")
    api.clock.advance(151)
    assert await call.refused("answerCallbackQuery", callback_query_id=late.id) == too_old
    with pytest.raises(AssertionError, match="was not answered"):
        await late.answered(timeout=0.01)


ARTICLE = {
    "type": "article",
    "id": "1",
    "title": "t",
    "input_message_content": {"message_text": "<b>m</b>", "parse_mode": "HTML"},
}


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"results": [ARTICLE] * 51}, "too many inline query results specified"),
        ({"results": [ARTICLE] * 2}, "RESULT_ID_DUPLICATE"),
        ({"results": [ARTICLE | {"id": "é" * 33}]}, "RESULT_ID_INVALID"),
        ({"results": [ARTICLE | {"id": ""}]}, "RESULT_ID_INVALID"),
        ({"results": [{"type": "article", "id": "1", "title": "t"}]}, "content is not specified"),
        ({"results": [ARTICLE | {"type": "text"}]}, 'type "text" is unsupported'),
        ({"results": [ARTICLE | {"name": "x"}]}, 'unknown field "name"'),
        ({"results": [], "next_offset": "é" * 33}, "NEXT_OFFSET_INVALID"),
        ({"results": [], "button": {"text": "a"}}, "must have exactly one optional field"),
        ({"results": [], "button": {"text": "a", "start_parameter": "a b"}}, "START_PARAM_INVALID"),
        ({"results": []}, "query is too old"),
    ],
)
async def test_inline_answers_are_checked(call: Client, parameters: Answer, words: str) -> None:
    assert words in await call.refused("answerInlineQuery", inline_query_id="1", **parameters)


async def test_inline_result_is_chosen(call: Client, api: BotApi, anna: Person) -> None:
    api.inline_feedback = True
    group = api.group(members=[anna])
    question = anna.asks_inline("moon", chat=group)
    query = (await updates_of(call))[0]["inline_query"]
    assert (query["query"], query["offset"], query["chat_type"]) == ("moon", "", "group")
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    results = [ARTICLE, ARTICLE | {"id": "2", "reply_markup": markup}]
    await call.result("answerInlineQuery", inline_query_id=query["id"], results=results, cache_time=0)
    answer = await question
    assert answer.titles == ["t", "t"]
    message = anna.chooses(answer, "2", chat=group)
    assert message.html == "<b>m</b>"
    seen = await updates_of(call, offset=-2)
    assert seen[0]["message"]["via_bot"]["id"] == api.bot.id
    chosen = seen[1]["chosen_inline_result"]
    assert chosen["result_id"] == "2"
    edit = {"inline_message_id": chosen["inline_message_id"], "text": "edited"}
    assert await call.result("editMessageText", **edit) is True
    assert message.text == "edited"


# ----------------------------------------------------------------------- profile


async def test_commands_are_kept_by_scope_and_language(call: Client, api: BotApi, anna: Person) -> None:
    commands = [{"command": "ask", "description": "Ask"}]
    scope = {"type": "chat", "chat_id": anna.id}
    assert await call.result("setMyCommands", commands=commands)
    assert await call.result("setMyCommands", commands=commands, scope=scope, language_code="de")
    assert api.bot.commands == {
        ("default", ""): commands,
        (f"chat {anna.id}", "de"): commands,
    }
    assert await call.result("getMyCommands", scope=scope) == []
    assert await call.result("getMyCommands", scope=scope, language_code="de") == commands
    assert await call.result("deleteMyCommands")
    stranger = api.person("Stranger")
    unknown = {"type": "chat", "chat_id": stranger.id}
    said = await call.refused("setMyCommands", commands=commands, scope=unknown)
    assert said == "Bad Request: chat not found"


@pytest.mark.parametrize(
    ("commands", "words"),
    [
        ([{"command": "Ask", "description": "a"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a" * 33, "description": "a"}], "BOT_COMMAND_INVALID"),
        ([{"command": "a", "description": ""}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": "a", "description": "a" * 257}], "BOT_COMMAND_DESCRIPTION_INVALID"),
        ([{"command": f"a{n}", "description": "a"} for n in range(101)], "BOT_COMMANDS_TOO_MUCH"),
        ([{"command": "a"}], 'Can\'t find field "description"'),
    ],
)
async def test_commands_are_checked(call: Client, commands: list[Answer], words: str) -> None:
    assert words in await call.refused("setMyCommands", commands=commands)


async def test_texts_about_the_bot(call: Client) -> None:
    assert await call.result("setMyDescription", description="d", language_code="de")
    assert await call.result("getMyDescription", language_code="de") == {"description": "d"}
    assert await call.result("getMyDescription") == {"description": ""}
    assert await call.result("setMyShortDescription", short_description="s")
    assert await call.result("getMyShortDescription", language_code="fr") == {"short_description": "s"}
    assert await call.result("getMyName") == {"name": "Test Bot"}
    assert "at most 512" in await call.refused("setMyDescription", description="d" * 513)
    assert "at most 120" in await call.refused("setMyShortDescription", short_description="d" * 121)
    assert "at most 64" in await call.refused("setMyName", name="d" * 65)
    said = await call.refused("setMyName", name="d", language_code="deu")
    assert said == "Bad Request: invalid language code specified"


async def test_log_out(call: Client) -> None:
    assert await call.result("close")
    assert await call.result("logOut")
    assert await call.refused("getMe") == "Bad Request: Logged out"


# ------------------------------------------------------------------------ groups


def texts(updates: list[Answer]) -> list[str]:
    return [update["message"].get("text", "") for update in updates if "message" in update]


async def test_privacy_mode(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    await call.result("sendMessage", chat_id=group.id, text="bot")
    from_bot = group.from_bot[0]
    seen = ["/ask", "/ask@test_answer_bot x", "hi @Test_Answer_Bot", "/ask hi"]
    for text in ["hi", *seen[:3], "/ask@other_bot", "and /ask", "@other_bot", seen[3]]:
        anna.says(text, chat=group)
    anna.says("reply", reply_to=from_bot)
    anna.says("other", reply_to=group.messages[1])
    assert texts(await updates_of(call)) == [*seen, "reply"]
    anna.promotes_bot(group)
    anna.says("to all", chat=group)
    assert texts(await updates_of(call))[-1] == "to all"
    anna.demotes_bot(group)
    api.privacy_mode = False
    anna.says("again", chat=group)
    assert texts(await updates_of(call))[-1] == "again"
    assert (await call.result("getMe"))["can_read_all_group_messages"] is True


async def test_membership(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group("Friends", admins=[anna], bot="left")
    anna.adds_bot(group)
    joined, service = await updates_of(call)
    assert joined["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert service["message"]["new_chat_members"][0]["id"] == api.bot.id
    (admin,) = await call.result("getChatAdministrators", chat_id=group.id)
    assert (admin["user"]["id"], admin["status"]) == (anna.id, "administrator")
    member = await call.result("getChatMember", chat_id=group.id, user_id=api.bot.id)
    assert member["status"] == "member"
    chat = await call.result("getChat", chat_id=group.id)
    assert (chat["title"], chat["type"]) == ("Friends", "group")
    assert (await call.refused("getChatAdministrators", chat_id=anna.id)) == (
        "Bad Request: there are no administrators in the private chat"
    )


async def test_forum_topics(call: Client, api: BotApi, anna: Person) -> None:
    town = api.supergroup(forum=True)
    space = api.topic(town, "Space", by=anna)
    asked = anna.says("/ask", chat=town, topic=space)
    message = (await updates_of(call))[-1]["message"]
    assert (message["message_thread_id"], message["is_topic_message"]) == (space.id, True)
    assert message["chat"]["is_forum"] is True
    reply = {"message_id": asked.message_id}
    send = {"chat_id": town.id, "text": "a", "reply_parameters": reply}
    outside = await call.result("sendMessage", **send)
    assert "reply_to_message" not in outside
    assert "external_reply" in outside
    inside = await call.result("sendMessage", **send, message_thread_id=space.id)
    assert inside["reply_to_message"]["message_id"] == asked.message_id
    said = await call.refused("sendMessage", chat_id=town.id, text="a", message_thread_id=77)
    assert said == "Bad Request: message thread not found"
    action = {"chat_id": town.id, "action": "typing", "message_thread_id": space.id}
    assert await call.result("sendChatAction", **action)
    assert town.actions[0]["message_thread_id"] == space.id
    space.is_closed = True
    said = await call.refused("sendMessage", **send, message_thread_id=space.id)
    assert said == "Bad Request: TOPIC_CLOSED"


async def test_thread_of_replies_is_no_topic(call: Client, api: BotApi, anna: Person) -> None:
    town = api.supergroup()
    first = anna.says("/ask", chat=town)
    second = anna.says("/ask", reply_to=first)
    anna.says("/ask", reply_to=second)
    message = (await updates_of(call))[-1]["message"]
    assert message["message_thread_id"] == first.message_id
    assert "is_topic_message" not in message


async def test_group_becomes_supergroup(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    town = api.migrate(group)
    old, new = await updates_of(call)
    assert old["message"]["migrate_to_chat_id"] == town.id
    assert new["message"]["migrate_from_chat_id"] == group.id
    answer = await call("sendMessage", chat_id=group.id, text="a")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": town.id}
    assert str(town.id).startswith("-100")


async def test_anonymous_admins_and_channels(call: Client, api: BotApi, anna: Person) -> None:
    group = api.supergroup(members=[anna])
    channel = api.channel("News")
    anna.says("/ask", chat=group, anonymously=True)
    api.posts(channel, "news")
    anna.forwards(channel.messages[0])
    anna.says("secret", forwarded_from="Somebody")
    anonymous, post, forwarded, hidden = await updates_of(call)
    assert anonymous["message"]["from"]["id"] == 1087968824
    assert anonymous["message"]["sender_chat"]["id"] == group.id
    assert "from" not in post["channel_post"]
    assert forwarded["message"]["forward_origin"]["type"] == "channel"
    assert hidden["message"]["forward_origin"]["sender_user_name"] == "Somebody"


async def test_people_edit_and_send_other_things(call: Client, anna: Person) -> None:
    message = anna.says("one")
    anna.edits(message, "two @anna")
    anna.edits(message)
    anna.sends_photo("see /ask")
    anna.sends_sticker()
    anna.sends_voice()
    anna.sends_document(b"x", "x.txt")
    anna.starts("abc-1")
    updates = await updates_of(call)
    assert [next(iter(update.keys() - {"update_id"})) for update in updates[:3]] == [
        "message",
        "edited_message",
        "edited_message",
    ]
    assert updates[1]["edited_message"]["entities"][0]["type"] == "mention"
    contents = [update["message"] for update in updates[3:]]
    assert contents[0]["caption_entities"][0]["type"] == "bot_command"
    assert [kind in content for kind, content in zip(("sticker", "voice"), contents[1:3], strict=True)]
    assert contents[-1]["text"] == "/start abc-1"


# ---------------------------------------------------------------------- failures


@asynccontextmanager
async def ptb(api: BotApi) -> AsyncIterator[Bot]:
    async with Bot(api.token, f"{api.url}/bot", f"{api.url}/file/bot") as bot:
        yield bot


async def test_failures_are_what_ptb_makes_of_them(api: BotApi, anna: Person) -> None:
    async with ptb(api) as bot:
        api.fail("sendMessage", too_many_requests(7))
        with pytest.raises(RetryAfter) as flood:
            await bot.send_message(anna.id, "a")
        assert flood.value.retry_after == timedelta(seconds=7)
        api.fail("sendMessage", server_error(502))
        with pytest.raises(NetworkError, match="Bad Gateway"):
            await bot.send_message(anna.id, "a")
        api.fail("sendMessage", reset())
        with pytest.raises(NetworkError):
            await bot.send_message(anna.id, "a")
        api.fail("sendMessage", refusal(403, "Forbidden: bot was blocked by the user"))
        with pytest.raises(Forbidden):
            await bot.send_message(anna.id, "a")
        assert anna.private_chat.messages == []
        api.fail("sendMessage", lost_answer())
        with pytest.raises(NetworkError):
            await bot.send_message(anna.id, "lost")
        api.hang("sendMessage")
        with pytest.raises(TimedOut):
            await bot.send_message(anna.id, "a", read_timeout=0.05)
        api.fail("sendMessage", lost_answer(breaks=False))
        with pytest.raises(TimedOut):
            await bot.send_message(anna.id, "late", read_timeout=0.05)
        api.fail("sendMessage", delay(0.01))
        await bot.send_message(anna.id, "slow")
        assert [message.text for message in anna.private_chat.messages] == ["lost", "late", "slow"]
        assert [call.is_ok for call in api.calls_of("sendMessage")][-1]


async def test_failure_plans_count_skip_and_choose(call: Client, api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    api.fail("sendMessage", server_error(), chat=group, skip=1, times=2)

    async def status(chat_id: int) -> int:
        form = {"chat_id": str(chat_id), "text": "a"}
        address = f"{api.url}/bot{api.token}/sendMessage"
        async with call.session.post(address, data=form) as response:
            return response.status

    assert [await status(chat_id) for chat_id in (anna.id, *[group.id] * 4)] == [200, 200, 502, 502, 200]
    with api.outage(server_error(503)):
        assert await status(anna.id) == 503
    assert await status(anna.id) == 200
    api.outage()
    api.heal()
    assert await status(anna.id) == 200


async def test_server_can_go_away_and_come_back(call: Client, api: BotApi) -> None:
    url = api.url
    await api.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await call("getMe")
    await api.start()
    assert api.url == url
    assert (await call("getMe"))["ok"]


async def test_server_closes_while_calls_hang() -> None:
    async with aiohttp.ClientSession() as session:
        async with BotApi() as api:
            call = Client(api, session)
            api.hang("getMe")
            hanging = asyncio.create_task(call("getMe"))
            polling = asyncio.create_task(call("getUpdates", timeout=30))
            await asyncio.sleep(0.02)
        assert (await polling)["result"] == []
        with pytest.raises(aiohttp.ClientConnectionError):
            await hanging


async def test_flood_limits() -> None:
    limits = FloodLimits(chat=Rate(2, 1), group=Rate(3, 60), overall=Rate(30, 1))
    async with BotApi(flood_limits=limits) as api, aiohttp.ClientSession() as session:
        call = Client(api, session)
        anna = api.person("Anna")
        anna.starts()
        group = api.group()
        for _ in range(2):
            await call.result("sendMessage", chat_id=anna.id, text="a")
        answer = await call("sendMessage", chat_id=anna.id, text="a")
        assert answer["error_code"] == 429
        assert answer["description"] == "Too Many Requests: retry after 1"
        assert answer["parameters"] == {"retry_after": 1}
        api.flood.limits = FloodLimits(chat=Rate(9, 1), group=Rate(3, 60))
        for _ in range(3):
            await call.result("sendMessage", chat_id=group.id, text="a")
        answer = await call("sendMessage", chat_id=group.id, text="a")
        assert answer["parameters"]["retry_after"] == 60
        assert api.flood.refused == 2


# ------------------------------------------------------------------------ waiting


async def test_waiting_in_vain_shows_the_chat(call: Client, api: BotApi, anna: Person) -> None:
    question = anna.says("Where?")
    await call.refused("sendMessage", chat_id=anna.id, text="<x>", parse_mode="HTML")
    with pytest.raises(AssertionError) as caught:
        await anna.private_chat.reply_to(question, timeout=0.01)
    shown = str(caught.value)
    assert "#1 Anna: Where?" in shown
    assert "Unsupported start tag" in shown
    with pytest.raises(AssertionError, match="no button 'x'"):
        question.button("x")
    with pytest.raises(AssertionError, match="was not called 1 times"):
        await api.called("sendDocument", timeout=0.01)
    with pytest.raises(AssertionError, match="did not fetch"):
        await api.polled(timeout=0.01)


async def test_waiting_takes_messages_in_order(call: Client, api: BotApi, anna: Person) -> None:
    chat = anna.private_chat
    waiting = asyncio.create_task(chat.next_message_from_bot())
    await asyncio.sleep(0)
    for text in "abc":
        await call.result("sendMessage", chat_id=anna.id, text=text)
    assert (await waiting).text == "a"
    assert (await chat.next_message_from_bot()).text == "b"
    with pytest.raises(AssertionError, match="should have been silent"):
        await asyncio.gather(
            api.expect_silence(chat, 1), call.result("sendMessage", chat_id=anna.id, text="d")
        )
    assert (await chat.next_message_from_bot()).text == "c"
    await api.expect_silence(chat, 0.01)


# -------------------------------------------------------- python-telegram-bot itself


async def echo(update: Update, _context: Context) -> None:
    message = update.effective_message
    assert message
    await message.reply_html(
        f"<b>{message.text}</b>",
        do_quote=True,
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Up", callback_data="up")]]),
    )


async def note(update: Update, _context: Context) -> None:
    query = update.callback_query
    assert query
    await query.answer("Thanks")
    await query.edit_message_text("voted")


async def offer(update: Update, _context: Context) -> None:
    query = update.inline_query
    assert query
    content = InputTextMessageContent(query.query)
    await query.answer([InlineQueryResultArticle("1", query.query, content)], cache_time=0)


@asynccontextmanager
async def running(api: BotApi) -> AsyncIterator[AnyApplication]:
    builder = Application.builder().token(api.token)
    app = builder.base_url(f"{api.url}/bot").base_file_url(f"{api.url}/file/bot").build()
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, echo))
    app.add_handler(CallbackQueryHandler(note))
    app.add_handler(InlineQueryHandler(offer))
    async with app:
        assert app.updater
        await app.start()
        await app.updater.start_polling(timeout=10)
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()


async def test_real_application(api: BotApi) -> None:
    anna = api.person("Anna")
    async with running(api):
        question = anna.says("Hello 😀")
        answer = await anna.private_chat.reply_to(question)
        assert answer.html == "<b>Hello 😀</b>"
        seen = await anna.presses(answer, "Up")
        assert seen.text == "Thanks"
        await answer.edited()
        assert (answer.text, answer.buttons) == ("voted", [])
        inline = await anna.asks_inline("moon")
        assert inline.titles == ["moon"]
        await api.polled()


async def test_real_application_survives_an_outage(api: BotApi) -> None:
    anna = api.person("Anna")
    async with running(api):
        await api.called("getMe")
        with api.outage(server_error(502)) as outage:
            question = anna.says("Hello")
            await asyncio.sleep(0.05)
        assert outage.count >= 0
        await anna.private_chat.reply_to(question, timeout=10)


async def test_real_bot_reads_every_answer(api: BotApi, anna: Person) -> None:
    group = api.group(admins=[anna], bot="administrator")
    async with ptb(api) as bot:
        assert (await bot.get_me()).can_read_all_group_messages is False
        assert (await bot.get_chat(group.id)).title == "Friends"
        assert (await bot.get_chat(anna.id)).first_name == "Anna"
        assert len(await bot.get_chat_administrators(group.id)) == 2
        assert (await bot.get_chat_member(group.id, anna.id)).status == "administrator"
        assert await bot.set_my_commands([("ask", "Ask")], language_code="de")
        assert (await bot.get_my_commands(language_code="de"))[0].command == "ask"
        assert await bot.send_chat_action(anna.id, "typing")
        sent = await bot.send_document(anna.id, b"bytes", filename="a.txt", caption="c")
        assert sent.document
        file = await sent.document.get_file()
        assert bytes(await file.download_as_bytearray()) == b"bytes"
        assert (await bot.edit_message_caption(anna.id, sent.message_id, caption="d")) is not True
        await bot.forward_message(group.id, anna.id, sent.message_id)
        assert group.messages[-1].file == b"bytes"
        assert await bot.set_message_reaction(anna.id, sent.message_id, "👍")
        assert not (await bot.get_webhook_info()).url
        answer = await bot.send_message(
            anna.id, "a", reply_parameters=ReplyParameters(sent.message_id), disable_web_page_preview=True
        )
        assert isinstance(answer, Message)
        assert answer.reply_to_message
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(anna.id, "a", reply_to_message_id=99)


async def test_real_bot_reads_every_update(api: BotApi, anna: Person) -> None:
    api.inline_feedback = True
    group = api.supergroup("Town", forum=True, members=[anna], bot="left")
    async with ptb(api) as bot:
        await bot.get_updates(allowed_updates=Update.ALL_TYPES)
        anna.adds_bot(group, as_admin=True)
        topic = api.topic(group, "Space", by=anna)
        anna.says("/ask", chat=group, topic=topic, anonymously=True)
        message = anna.says("hello", forwarded_from=api.channel())
        anna.edits(message, "Hello")
        anna.reacts(message, "👍")
        anna.says("why", reply_to=message, quote="ell")
        api.posts(api.channel("News"), "news")
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Up", callback_data="up")]])
        await bot.send_message(anna.id, "a", reply_markup=keyboard)
        anna.presses(anna.private_chat.messages[-1], "Up")
        question = anna.asks_inline("moon")
        content = InputTextMessageContent("m")
        await bot.answer_inline_query(question.id, [InlineQueryResultArticle("1", "t", content)])
        anna.chooses(await question)
        api.person("Ben").joins(group)
        for send in (anna.sends_photo, anna.sends_sticker, anna.sends_voice):
            send()
        anna.sends_document(b"x")
        anna.blocks_bot()
        updates = await bot.get_updates()
    kinds = {kind for update in updates for kind in update.to_dict() if kind != "update_id"}
    assert kinds == {
        "callback_query",
        "channel_post",
        "chat_member",
        "chosen_inline_result",
        "edited_message",
        "inline_query",
        "message",
        "message_reaction",
        "my_chat_member",
    }
    quoting = next(update.message for update in updates if update.message and update.message.quote)
    assert quoting.quote
    assert quoting.quote.text == "ell"


async def test_real_bot_knows_the_errors(api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    api.migrate(group)
    async with ptb(api) as bot:
        with pytest.raises(ChatMigrated):
            await bot.send_message(group.id, "a")
    wrong = Bot("1:wrong", f"{api.url}/bot")
    with pytest.raises(InvalidToken):
        await wrong.initialize()
    await wrong.shutdown()


async def test_two_instances_are_in_conflict(api: BotApi) -> None:
    async with ptb(api) as one, ptb(api) as two:
        first = asyncio.create_task(one.get_updates(timeout=30))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(two.get_updates(timeout=1))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        assert await second == ()


async def test_many_messages(call: Client, api: BotApi) -> None:
    people = [api.person(f"P{number}") for number in range(100)]
    for person in people:
        for _ in range(20):
            person.says("Hello there")
    offset = 0
    while batch := await updates_of(call, offset=offset):
        offset = batch[-1]["update_id"] + 1
        sends = [
            call.result("sendMessage", chat_id=update["message"]["chat"]["id"], text="Hi")
            for update in batch[:10]
        ]
        await asyncio.gather(*sends)
    assert sum(len(person.private_chat.from_bot) for person in people) == 200


async def test_module_serves() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot_api", stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[1]
    )
    assert process.stdout
    try:
        url, token = (await process.stdout.readline()).decode().split()
        async with aiohttp.ClientSession() as session, session.get(f"{url}/bot{token}/getMe") as response:
            assert (await response.json())["ok"]
    finally:
        process.terminate()
        await process.wait()


def test_formatted_text_is_sliced_in_utf16() -> None:
    assert utf16_slice("😀ab", 2, 1) == "a"
    assert FormattedText("a<b").html == "a&lt;b"
