"""Whatever comes as an update, the bot goes on answering and sends nothing that Telegram refuses.

``GENERATED_UPDATES=100000 pytest tests/test_chat_updates.py`` is the long run.
"""

import json
import logging
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.sandbox.api.serving import Call
from bot.sandbox.server import BotApi
from tests.chat_bot import running_bot
from tests.generated_updates import Json, UpdateMaker, write_update
from tests.harbour import CRANES, HARBOUR, SEVEN, HarbourIndex

UPDATES = int(os.environ.get("GENERATED_UPDATES", "500"))
BATCH = 250
# What is wrong with these is whom they are for, not what they say.
HARMLESS = (
    *("chat not found", "query is too old", "message to edit not found", "message is not modified"),
    *(
        "message can't be edited",
        "there is no text in the message to edit",
        "bot is not a member",
        "bot was",
        "message thread not found",
    ),
)
# The same where ids are none: the tests' server has words of its own for that.
MISDIRECTED = (
    'parameter "chat_id"',
    'parameter "message_id"',
    'parameter "message_thread_id"',
    'field "message_id"',
    "chat_id is empty",
    "Empty chat_id",
)


class Failed(logging.Handler):
    """Collects what the bot says that it could not handle."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first few."""
        if len(self.messages) < 5:
            self.messages.append(logging.Formatter().format(record))


@pytest.fixture
def failed() -> Iterator[Failed]:
    """Collect failures, and keep pytest from remembering every line of a long log."""
    handler, logger, root = Failed(), logging.getLogger("bot.chat.handlers.failures"), logging.getLogger()
    logger.addHandler(handler)
    handlers, root.handlers = root.handlers, []
    yield handler
    root.handlers = handlers
    logger.removeHandler(handler)


async def test_updates_whatever_they_say_are_handled(tmp_path: Path, failed: Failed) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        async for number in send_batches(api, UpdateMaker.make_sound):
            refused = [str(call) for call in api.calls if call.error and not is_told(call.error, HARMLESS)]
            assert (refused[:3], failed.messages) == ([], []), f"batch {number}"


@pytest.mark.parametrize(
    "update",
    [
        {"message": {}},
        {"message": "x"},
        {"message": {"message_id": 1, "date": "x", "chat": {"id": 1, "type": "private"}}},
        {"callback_query": []},
        {"my_chat_member": {"chat": {"id": 1, "type": "group"}, "new_chat_member": {"status": "member"}}},
    ],
)
async def test_update_that_cannot_be_read_holds_up_none_behind_it(tmp_path: Path, update: Json) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        anna = api.person("Anna")
        before = anna.says(CRANES)
        api.updates.push_body(write_update(api.updates.next_id, update))
        behind = anna.says(f"{CRANES} And now?")
        assert SEVEN in (await anna.private_chat.reply_to(before, timeout=5)).text
        assert SEVEN in (await anna.private_chat.reply_to(behind, timeout=5)).text
        await api.polled(5)


async def test_updates_that_are_malformed_stop_nothing(tmp_path: Path, failed: Failed) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, articles=HARBOUR, make_index=HarbourIndex):
        async for number in send_batches(api, UpdateMaker.make_malformed):
            refused = [str(call) for call in api.calls if call.error and not is_misdirected(call)]
            # What cannot be handled is logged and apologised for, wherever that can be.
            assert refused[:3] == [], f"batch {number}"
            failed.messages.clear()


async def send_batches(api: BotApi, make: Callable[[UpdateMaker], Json]) -> AsyncIterator[int]:
    """Have the bot fetch updates; go on after each batch, once it has answered a question behind it."""
    asker = api.person("Asker")
    for number in range(-(-UPDATES // BATCH)):
        maker = make_maker(api, seed=number)
        for _ in range(min(BATCH, UPDATES)):
            api.updates.push_body(write_update(api.updates.next_id, make(maker)))
        asked = asker.says(CRANES)
        assert SEVEN in (await asker.private_chat.reply_to(asked, timeout=60)).text, f"batch {number}"
        yield number
        api.calls.clear()


def make_maker(api: BotApi, seed: int) -> UpdateMaker:
    people = [api.person(f"P{number}", language_code=tag) for number, tag in enumerate(("en", "vi", None))]
    for person in people:
        # The bot may write to them.
        person.private_chat.bot_status = "member"
    groups = [api.supergroup(members=people), api.group(members=people)]
    return UpdateMaker(
        seed,
        [person.to_json() for person in people],
        [group.to_json() for group in groups],
        api.bot,
        api.clock.date(),
    )


def is_told(error: str, known: tuple[str, ...]) -> bool:
    return any(words in error for words in known)


def is_misdirected(call: Call) -> bool:
    """Tell whether only whom or what a call is about is wrong, as it was in the update."""
    markup = call.parameters.get("reply_markup")
    if isinstance(markup, str):
        markup = json.loads(markup)
    said = json.dumps([call.parameters.get("text"), markup], ensure_ascii=False)
    is_sound = said == said.encode("utf-8", "replace").decode()
    if is_sound and "must be encoded in UTF-8" in str(call.error):
        return True
    return is_told(str(call.error), (*HARMLESS, *MISDIRECTED))
