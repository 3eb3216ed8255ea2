"""How tests wait for the bot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi
    from tests.bot_api_tests.client import Client


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
