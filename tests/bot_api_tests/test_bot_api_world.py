"""The world begins again when it is told to, or where an earlier one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sandbox.server import BotApi

if TYPE_CHECKING:
    from bot.sandbox.people import Person


async def test_world_begins_again(api: BotApi, anna: Person) -> None:
    first = anna.says("Hello")
    chat = api.supergroup("Town", forum=True, members=[anna])
    api.topic(chat, "Space", by=anna)
    api.outage()
    api.clear()
    assert (anna.private_chat.history, chat.history, chat.topics) == ([], [], {})
    assert (api.updates.pending(), api.calls, api.failures.active) == ([], [], [])
    assert anna.private_chat.bot_status == "left"
    assert chat.bot_status == "member"
    assert anna.says("Hello").message_id == first.message_id + 1


async def test_world_counts_messages_from_where_it_is_told_to() -> None:
    async with BotApi(first_message_id=1000) as api:
        anna = api.person("Anna")
        first, second = anna.says("one"), anna.says("two")
        chat = anna.private_chat
        assert (first.message_id, second.message_id) == (1000, 1001)
        assert [chat.message(number) for number in (999, 1000, 1001, 1002)] == [None, first, second, None]
        assert api.topic(api.supergroup(forum=True), "Space", by=anna).id == 1000
