"""How presses and inline queries are answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi

from tests.bot_api_tests.client import Answer, Client, updates_of


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
