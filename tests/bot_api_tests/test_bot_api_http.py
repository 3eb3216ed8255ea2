"""How calls are read and refused over bare HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from bot.sandbox.server import BotApi

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from tests.bot_api_tests.client import Answer, Client


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
