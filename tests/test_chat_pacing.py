"""Messages go out at their pace, and none into a chat that Telegram wants left alone."""

import asyncio

import pytest
from telegram.error import RetryAfter

from bot.chat.wire.pacing import Pacing
from bot.chat.wire.sending import seconds_to_wait


class Line:
    """Messages that go out, and Telegram, which may ask for silence."""

    def __init__(self, messages_per_second: float, **limits: int) -> None:
        self.pacing = Pacing(messages_per_second=0, chat_messages_per_second=messages_per_second, **limits)
        self.sent: list[int] = []

    async def send(self, chat_id: int, *, silence_s: int | None = None) -> None:
        async def call() -> None:
            self.sent.append(chat_id)
            if silence_s is not None:
                raise RetryAfter(silence_s)

        await self.pacing.process_request(call, (), {}, "sendMessage", {"chat_id": chat_id}, None)


async def test_pacing_leaves_a_chat_alone_that_was_silenced_while_a_message_waited() -> None:
    line = Line(messages_per_second=5)
    for _ in range(20):
        await line.send(1)
    waiting = asyncio.create_task(line.send(1))
    await asyncio.sleep(0)

    async def refuse() -> None:
        raise RetryAfter(30)

    with pytest.raises(RetryAfter):
        await line.pacing.process_request(refuse, (), {}, "sendChatAction", {"chat_id": 1}, None)
    with pytest.raises(RetryAfter) as caught:
        await waiting
    assert seconds_to_wait(caught.value) > 25
    assert len(line.sent) == 20


async def test_pacing_counts_the_first_message_where_it_knows_as_many_chats_as_it_may() -> None:
    line = Line(messages_per_second=10, most_chats=2, burst=1)
    for chat in (1, 2, 3):
        await line.send(chat)
    began = asyncio.get_running_loop().time()
    await line.send(3)
    assert asyncio.get_running_loop().time() - began > 0.05


@pytest.mark.parametrize("messages_per_second", [0, 100])
async def test_pacing_forgets_silences_that_are_over(messages_per_second: float) -> None:
    line = Line(messages_per_second, most_chats=2)
    for chat in range(10):
        with pytest.raises(RetryAfter):
            await line.send(chat, silence_s=0)
        await asyncio.sleep(0.001)
    assert len(vars(line.pacing)["_silent_until"]) <= 2
