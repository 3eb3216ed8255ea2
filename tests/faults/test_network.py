"""Telegram away, busy or unwilling: nobody's question is lost, and the admins hear what they must."""

import asyncio

from bot.cli.assembly.telegram import Limits, Pauses
from bot.sandbox.api.failures import hang, lost_answer, refusal, reset, server_error, too_many_requests
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from tests.faults.conftest import Admin, Watched
from tests.harbour import CRANES, MASTER, SEVEN
from tests.service import START_S, end

CONFLICT = refusal(
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
)
UNPARSABLE = refusal(400, 'Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0')


async def ask(person: Person) -> Message:
    """Have a person ask, and wait for the answer; return it."""
    return await person.private_chat.reply_to(person.says(CRANES), START_S)


def answers_in(person: Person) -> list[Message | None]:
    return [message.reply_to for message in person.private_chat.from_bot]


async def test_start_waits_for_telegram(service: Watched, api: BotApi, admin: Admin) -> None:
    service.hurry(Pauses(report_outage_after_s=-1))
    anna = api.person("Anna")
    question = anna.says(CRANES)
    await api.stop()
    async with service.start() as process:
        await service.until_logged("Telegram cannot be reached (")
        await asyncio.sleep(0.5)
        await api.start()
        assert SEVEN in (await anna.private_chat.reply_to(question, 20)).text
        told = await admin.told("alert.telegram_unreachable")
        assert "Duration" in told
        await end(process)
    assert len(admin.list_alerts()) == 1
    assert answers_in(anna) == [question]


async def test_outage_delays_answers_and_loses_none(service: Watched, api: BotApi, admin: Admin) -> None:
    service.hurry(Pauses(call_timeout_s=0.5, poll_s=1, resend_s=0.2, first_postponement_s=1))
    anna, berta = api.person("Anna"), api.person("Berta")
    async with service.start() as process:
        await ask(berta)
        for failure in (None, server_error(502), hang()):
            before = answers_in(anna)
            api.fail("sendMessage", failure or reset(), times=None)
            calls = len(api.calls_of("sendMessage"))
            in_hand = anna.says(CRANES)
            await api.called("sendMessage", calls + 2)
            if failure is None:
                await api.stop()
            else:
                api.outage(failure)
            behind, other = anna.says(MASTER), berta.says(MASTER)
            await asyncio.sleep(0.5)
            if failure is None:
                await api.start()
            api.heal()
            await anna.private_chat.reply_to(behind, 20)
            await berta.private_chat.reply_to(other)
            assert answers_in(anna) == [*before, in_hand, behind]
        await end(process)
    # Each was over within the minute after which they are told.
    assert admin.list_alerts() == []
    assert len(service.list_questions()) == 10


async def test_answer_whose_arrival_is_doubtful_comes_at_most_four_times(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    service.hurry(Pauses(resend_s=0.05, first_postponement_s=0.1))
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna)
        api.fail("sendMessage", lost_answer(), chat=anna.private_chat)
        once, always = anna.says(CRANES), anna.says(MASTER)
        await anna.private_chat.reply_to(always)
        assert len(anna.private_chat.replies_to(once)) == 2
        api.fail("sendMessage", lost_answer(), times=None, chat=anna.private_chat)
        doubtful = anna.says(CRANES)
        await service.until_logged("may have arrived 4 times and is not sent again")
        api.heal()
        await ask(anna)
        assert len(anna.private_chat.replies_to(doubtful)) == 4
        await end(process)
    assert admin.list_alerts() == []
    assert len(service.list_questions()) == 5


async def test_telegram_wanting_all_chats_left_alone_is_obeyed(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    people = [api.person(f"Person {number}") for number in range(4)]
    async with service.start() as process:
        await ask(people[0])
        storm = api.fail("sendMessage", too_many_requests(1), times=4)
        asked = {person: [person.says(CRANES), person.says(MASTER)] for person in people}
        for person, questions in asked.items():
            await person.private_chat.reply_to(questions[-1], 30)
            assert answers_in(person)[-2:] == questions
        assert storm.is_over
        await end(process)
    assert admin.list_alerts() == []


async def test_another_instance_is_told_of_and_in_the_end_given_way(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    service.hurry(Pauses(longest_outage_pause_s=0.1), Limits(most_conflicts=6))
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna)
        api.fail("getUpdates", CONFLICT, times=4)
        api.updates.end_poll()
        await admin.told("alert.other_instance")
        await ask(anna)
        # Only a poll that waited without being ended shows that the other one is gone.
        await ask(anna)
        await admin.told("healed.other_instance")
        api.fail("getUpdates", CONFLICT, times=None)
        api.updates.end_poll()
        assert await asyncio.wait_for(process.wait(), 20) == 1
    assert (
        "another instance of the bot runs with this token and does not end; stop one of them" in service.log
    )


async def test_revoked_token_ends_the_bot_and_a_new_one_finds_what_waited(
    service: Watched, api: BotApi
) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna)
        api.fail("sendMessage", too_many_requests(30), chat=anna.private_chat)
        in_hand = anna.says(CRANES)
        await api.called("sendMessage", 2)
        api.cloud.token = "4242424242:AAF-another_one-not_a_secret-654321"  # noqa: S105 - of no use elsewhere
        api.updates.end_poll()
        waiting = anna.says(MASTER)
        assert await asyncio.wait_for(process.wait(), 20) == 1
        assert "Telegram does not know the token: set BOT_TOKEN" in service.log
    async with service.start(BOT_TOKEN=api.token) as process:
        await anna.private_chat.reply_to(waiting, START_S)
        assert answers_in(anna)[1:] == [in_hand, waiting]
        await end(process)


async def test_group_that_becomes_a_supergroup_gets_its_answer_there(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    anna = api.person("Anna")
    group = api.group(members=[anna])
    async with service.start() as process:
        await ask(anna)
        api.fail("sendMessage", too_many_requests(1), chat=group)
        anna.says(f"/ask {CRANES}", chat=group)
        await api.called("sendMessage", 2)
        town = api.migrate(group)
        assert SEVEN in (await town.next_message_from_bot()).text
        again = anna.says(f"/ask {MASTER}", chat=town)
        await town.reply_to(again)
        await end(process)
    assert group.from_bot == []
    assert admin.list_alerts() == []
    assert service.read("SELECT DISTINCT chat_id FROM exchanges WHERE chat_id < 0") == [(town.id,)]


async def test_questions_of_who_blocks_the_bot_are_dropped(
    service: Watched, api: BotApi, admin: Admin
) -> None:
    anna, berta = api.person("Anna"), api.person("Berta")
    async with service.start() as process:
        await ask(berta)
        api.fail("sendMessage", too_many_requests(1), chat=anna.private_chat)
        asked = [anna.says(f"{CRANES} {number}") for number in range(5)]
        await api.called("sendMessage", 2)
        anna.blocks_bot()
        await service.until_logged("updates of a chat that takes no messages")
        await ask(berta)
        anna.unblocks_bot()
        returned = anna.says(MASTER)
        await anna.private_chat.reply_to(returned)
        assert answers_in(anna) == [returned]
        await end(process)
    assert not any(anna.private_chat.replies_to(question) for question in asked)
    assert admin.list_alerts() == []
    # What is dropped is done.
    assert service.read("SELECT count(*) FROM inbox WHERE done_at IS NULL") == [(0,)]


async def test_refused_formatting_goes_as_plain_text(service: Watched, api: BotApi, admin: Admin) -> None:
    anna = api.person("Anna")
    async with service.start() as process:
        await ask(anna)
        api.fail("sendMessage", UNPARSABLE, chat=anna.private_chat)
        answer = await ask(anna)
        assert SEVEN in answer.text
        assert {entity["type"] for entity in answer.entities} <= {"url"}
        await admin.told("alert.html_refused")
        await end(process)
    assert len(admin.list_alerts()) == 1
