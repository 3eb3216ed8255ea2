"""Under load: who asks five hundred questions delays nobody else, and the bot ends and reloads in time."""

import asyncio
import signal
import time
from statistics import median

from bot.cli.assembly.telegram import Pauses
from bot.sandbox.api.failures import too_many_requests
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from tests.faults.conftest import Admin, Watched
from tests.harbour import CRANES
from tests.service import ENDING_S, START_S, end

QUIET = {"BOT_LOG_LEVEL": "INFO"}
# Less than anybody notices, more than a busy machine adds.
NOTICEABLE_S = 1.0


async def ask_ten(person: Person) -> float:
    """Ask ten questions, one after the other; return the median of the seconds until the answer."""
    took = []
    for _ in range(10):
        started = time.monotonic()
        await person.private_chat.reply_to(person.says(CRANES), START_S)
        took.append(time.monotonic() - started)
    return median(took)


def say_often(person: Person, times: int) -> list[Message]:
    return [person.says(f"{CRANES} {number}") for number in range(times)]


async def test_flood_from_one_chat_delays_nobody_else(service: Watched, api: BotApi) -> None:
    anna, berta = api.person("Anna"), api.person("Berta")
    async with service.start(**QUIET) as process:
        await ask_ten(berta)
        alone = await ask_ten(berta)
        flood = say_often(anna, 500)
        asked = berta.says(CRANES)
        flood += say_often(anna, 500)
        await berta.private_chat.reply_to(asked)
        assert len(anna.private_chat.from_bot) < len(flood)
        beside = await ask_ten(berta)
        await anna.private_chat.reply_to(flood[-1], 60)
        assert [message.reply_to for message in anna.private_chat.from_bot] == flood
        await end(process)
    assert beside < alone + NOTICEABLE_S


async def test_chat_that_telegram_wants_left_alone_delays_nobody_else(service: Watched, api: BotApi) -> None:
    service.hurry(Pauses(longest_wait_s=0.5))
    anna, berta = api.person("Anna"), api.person("Berta")
    async with service.start(**QUIET) as process:
        await ask_ten(berta)
        alone = await ask_ten(berta)
        api.fail("sendMessage", too_many_requests(2), chat=anna.private_chat)
        flood = say_often(anna, 100)
        assert await ask_ten(berta) < alone + NOTICEABLE_S
        assert anna.private_chat.from_bot == []
        await anna.private_chat.reply_to(flood[-1], 30)
        assert [message.reply_to for message in anna.private_chat.from_bot] == flood
        api.fail("sendMessage", too_many_requests(30), chat=anna.private_chat)
        calls = len(api.calls_of("sendMessage"))
        anna.says(CRANES)
        await api.called("sendMessage", calls + 1)
        # Nor does the end wait for it.
        assert await end(process) < 1


async def test_end_under_load_comes_in_time_and_the_rest_is_answered_at_the_next_start(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    people = [api.person(f"Person {number}") for number in range(20)]
    async with service.start(BOT_MESSAGES_PER_SECOND="20", **QUIET) as process:
        await people[0].private_chat.reply_to(people[0].says(CRANES), START_S)
        asked = {person: say_often(person, 10) for person in people}
        await api.polled()
        assert await end(process) < ENDING_S
    answered = sum(len(person.private_chat.from_bot) for person in people) - 1
    assert answered < 200
    assert "they will be taken up at the next start" in service.log
    async with service.start(**QUIET) as process:
        for person, questions in asked.items():
            await person.private_chat.reply_to(questions[-1], START_S)
        await end(process)
    replies = [message.reply_to for person in people for message in person.private_chat.from_bot][1:]
    # What was broken off amid a call counts as not sent.
    assert 200 <= len(replies) <= 200 + len(people)
    for person, questions in asked.items():
        chat = person.private_chat
        assert [
            reply for reply in dict.fromkeys(m.reply_to for m in chat.from_bot) if reply in questions
        ] == questions
    assert set(service.list_questions()) >= {question.text for question in asked[people[0]]}
    assert admin.list_alerts() == []


async def test_reload_under_load_disturbs_nobody(service: Watched, api: BotApi, admin: Admin) -> None:
    people = [api.person(f"Person {number}") for number in range(20)]
    async with service.start(**QUIET) as process:
        await people[0].private_chat.reply_to(people[0].says("first"), START_S)
        asked = {person: say_often(person, 10) for person in people}
        for _ in range(3):
            process.send_signal(signal.SIGHUP)
            await asyncio.sleep(0.2)
        for person, questions in asked.items():
            await person.private_chat.reply_to(questions[-1], START_S)
            assert [m.reply_to for m in person.private_chat.from_bot][-10:] == questions
        async with asyncio.timeout(START_S):
            while service.log.count("The articles were reloaded") < 3:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        await end(process)
    assert len(service.list_questions()) == 201
    assert admin.list_alerts() == []
