"""Updates of one chat are handled in order, those of several chats side by side."""

import asyncio
from datetime import UTC, datetime

import pytest
from telegram import Chat, Message, Update

from bot.chat.ordering import ChatOrder


def update(chat_id: int) -> Update:
    message = Message(message_id=1, date=datetime.now(UTC), chat=Chat(chat_id, "private"))
    return Update(1, message=message)


async def test_ordering_keeps_the_order_within_a_chat_alone() -> None:
    order = ChatOrder(8)
    done: list[str] = []
    gate = asyncio.Event()

    async def handle(name: str, *, waits: bool = False) -> None:
        if waits:
            await gate.wait()
        done.append(name)

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(order.process_update(update(1), handle("1a", waits=True)))
        group.create_task(order.process_update(update(1), handle("1b")))
        group.create_task(order.process_update(update(1), handle("1c")))
        await group.create_task(order.process_update(update(2), handle("2a")))
        await group.create_task(order.process_update(object(), handle("nobody's")))
        assert done == ["2a", "nobody's"]
        gate.set()
    assert done == ["2a", "nobody's", "1a", "1b", "1c"]
    assert order.waiting_chats == 0


async def test_ordering_leaves_places_to_others_when_one_chat_floods() -> None:
    order = ChatOrder(2)
    gate = asyncio.Event()
    done: list[str] = []

    async def wait() -> None:
        await gate.wait()

    async def handle() -> None:
        done.append("other")

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(500):
            group.create_task(order.process_update(update(1), wait()))
        await group.create_task(order.process_update(update(2), handle()))
        assert done == ["other"]
        gate.set()


async def test_ordering_handles_no_more_chats_at_a_time_than_there_are_places() -> None:
    order = ChatOrder(3)
    running = 0
    most = 0

    async def handle() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    await asyncio.gather(*(order.process_update(update(number), handle()) for number in range(50)))
    assert most == 3


async def test_ordering_goes_on_after_a_failure() -> None:
    order = ChatOrder(1)

    async def fail() -> None:
        raise ValueError

    async def succeed() -> str:
        return "done"

    first = asyncio.create_task(order.process_update(update(1), fail()))
    second = asyncio.create_task(order.process_update(update(1), succeed()))
    with pytest.raises(ValueError):  # noqa: PT011 - raised above
        await first
    await second
    assert order.waiting_chats == 0


async def test_ordering_breaks_off_what_is_left_at_the_end() -> None:
    order = ChatOrder(1)
    started = asyncio.Event()

    async def wait_for_ever() -> None:
        started.set()
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(order.process_update(update(1), wait_for_ever())) for _ in range(3)]
    await started.wait()
    await order.shutdown()
    assert all(task.cancelled() for task in tasks)
    assert order.waiting_chats == 0
