"""What tests of /gaps, of pins and of tests made from gaps have in common."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from tests.chat_bot import ChatBot, phrases
from tests.harbour import wait_until_recorded

BOSS, OTHER, EDITOR, VIEWER = 77, 78, 79, 80
PIZZA, KITTENS = "best pizza recipe", "kittens for sale"
RED = "Every spring the cranes are painted red."


async def say(person: Person, words: str) -> Message:
    return await person.private_chat.reply_to(person.says(words))


async def press(person: Person, message: Message, label: str) -> Message:
    """Press a button, and wait until the message shows what it leads to."""
    edits = len(message.edits)
    assert (await person.presses(message, label)).text == ""
    return await message.edited(edits)


async def reply_of(person: Person, message: Message, label: str) -> Message:
    """Press a button, and return the message that it sends."""
    chat = message.chat
    known = len(chat.replies_to(message))
    assert (await person.presses(message, label)).text == ""
    found = await chat.bell.until(lambda: chat.replies_to(message)[known:] or None, 20)
    assert found
    return found[0]


async def ask_twice(api: BotApi, bot: ChatBot) -> Person:
    """Let people ask what the articles do not say."""
    anna = api.person("Anna")
    for words in (PIZZA, "Best pizza recipe?"):
        await say(anna, words)
    await say(api.person("Ben"), KITTENS)
    await wait_until_recorded(bot, 3)
    return anna


async def open_first(boss: Person) -> Message:
    listed = await say(boss, "/gaps")
    return await press(boss, listed, "1")


async def search_passage(boss: Person, prompt: Message, words: str = "painted red spring") -> Message:
    return await boss.private_chat.reply_to(boss.says(words, reply_to=prompt))


async def pin_first(boss: Person) -> Message:
    """Pin the passage about the red cranes for the biggest gap."""
    opened = await open_first(boss)
    prompt = await press(boss, opened, phrases.say("gaps.answer"))
    found = await search_passage(boss, prompt)
    assert found.text.count(RED) == 1
    return await press(boss, found, "1")


def read(folder: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "log.sqlite")) as connection:
        return connection.execute(query).fetchall()


def read_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
