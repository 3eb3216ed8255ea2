"""python-telegram-bot's real `Application` against it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
    ReplyParameters,
    Update,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    InvalidToken,
)
from telegram.ext import Application, CallbackQueryHandler, InlineQueryHandler, MessageHandler, filters

from bot.sandbox.api.failures import server_error
from bot.sandbox.limits.entities import utf16_slice
from bot.sandbox.limits.formatting import FormattedText

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram.ext import ContextTypes

    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi

    Context = ContextTypes.DEFAULT_TYPE
    AnyApplication = Application[Any, Any, Any, Any, Any, Any]
from tests.bot_api_tests.client import Client, ptb, updates_of


async def echo(update: Update, _context: Context) -> None:
    message = update.effective_message
    assert message
    await message.reply_html(
        f"<b>{message.text}</b>",
        do_quote=True,
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("Up", callback_data="up")]]),
    )


async def note(update: Update, _context: Context) -> None:
    query = update.callback_query
    assert query
    await query.answer("Thanks")
    await query.edit_message_text("voted")


async def offer(update: Update, _context: Context) -> None:
    query = update.inline_query
    assert query
    content = InputTextMessageContent(query.query)
    await query.answer([InlineQueryResultArticle("1", query.query, content)], cache_time=0)


@asynccontextmanager
async def running(api: BotApi) -> AsyncIterator[AnyApplication]:
    builder = Application.builder().token(api.token)
    app = builder.base_url(f"{api.url}/bot").base_file_url(f"{api.url}/file/bot").build()
    app.add_handler(MessageHandler(filters.UpdateType.MESSAGE & filters.TEXT, echo))
    app.add_handler(CallbackQueryHandler(note))
    app.add_handler(InlineQueryHandler(offer))
    async with app:
        assert app.updater
        await app.start()
        await app.updater.start_polling(timeout=10)
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()


async def test_real_application(api: BotApi) -> None:
    anna = api.person("Anna")
    async with running(api):
        question = anna.says("Hello 😀")
        answer = await anna.private_chat.reply_to(question)
        assert answer.html == "<b>Hello 😀</b>"
        seen = await anna.presses(answer, "Up")
        assert seen.text == "Thanks"
        await answer.edited()
        assert (answer.text, answer.buttons) == ("voted", [])
        inline = await anna.asks_inline("moon")
        assert inline.titles == ["moon"]
        await api.polled()


async def test_real_application_survives_an_outage(api: BotApi) -> None:
    anna = api.person("Anna")
    async with running(api):
        await api.called("getMe")
        with api.outage(server_error(502)) as outage:
            question = anna.says("Hello")
            assert await api.call_bell.until(lambda: outage.count or None, 10)
        await anna.private_chat.reply_to(question, timeout=10)


async def test_real_bot_reads_every_answer(api: BotApi, anna: Person) -> None:
    group = api.group(admins=[anna], bot="administrator")
    async with ptb(api) as bot:
        assert (await bot.get_me()).can_read_all_group_messages is False
        assert (await bot.get_chat(group.id)).title == "Friends"
        assert (await bot.get_chat(anna.id)).first_name == "Anna"
        assert len(await bot.get_chat_administrators(group.id)) == 2
        assert (await bot.get_chat_member(group.id, anna.id)).status == "administrator"
        assert await bot.set_my_commands([("ask", "Ask")], language_code="de")
        assert (await bot.get_my_commands(language_code="de"))[0].command == "ask"
        assert await bot.send_chat_action(anna.id, "typing")
        sent = await bot.send_document(anna.id, b"bytes", filename="a.txt", caption="c")
        assert sent.document
        file = await sent.document.get_file()
        assert bytes(await file.download_as_bytearray()) == b"bytes"
        assert (await bot.edit_message_caption(anna.id, sent.message_id, caption="d")) is not True
        await bot.forward_message(group.id, anna.id, sent.message_id)
        assert group.messages[-1].file == b"bytes"
        assert await bot.set_message_reaction(anna.id, sent.message_id, "👍")
        assert not (await bot.get_webhook_info()).url
        answer = await bot.send_message(
            anna.id, "a", reply_parameters=ReplyParameters(sent.message_id), disable_web_page_preview=True
        )
        assert isinstance(answer, Message)
        assert answer.reply_to_message
        with pytest.raises(BadRequest, match="Message to be replied not found"):
            await bot.send_message(anna.id, "a", reply_to_message_id=99)


async def test_real_bot_reads_every_update(api: BotApi, anna: Person) -> None:
    api.inline_feedback = True
    group = api.supergroup("Town", forum=True, members=[anna], bot="left")
    async with ptb(api) as bot:
        await bot.get_updates(allowed_updates=Update.ALL_TYPES)
        anna.adds_bot(group, as_admin=True)
        topic = api.topic(group, "Space", by=anna)
        anna.says("/ask", chat=group, topic=topic, anonymously=True)
        message = anna.says("hello", forwarded_from=api.channel())
        anna.edits(message, "Hello")
        anna.reacts(message, "👍")
        anna.says("why", reply_to=message, quote="ell")
        api.posts(api.channel("News"), "news")
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Up", callback_data="up")]])
        await bot.send_message(anna.id, "a", reply_markup=keyboard)
        anna.presses(anna.private_chat.messages[-1], "Up")
        question = anna.asks_inline("moon")
        content = InputTextMessageContent("m")
        await bot.answer_inline_query(question.id, [InlineQueryResultArticle("1", "t", content)])
        anna.chooses(await question)
        api.person("Ben").joins(group)
        for send in (anna.sends_photo, anna.sends_sticker, anna.sends_voice):
            send()
        anna.sends_document(b"x")
        anna.blocks_bot()
        updates = await bot.get_updates()
    kinds = {kind for update in updates for kind in update.to_dict() if kind != "update_id"}
    assert kinds == {
        "callback_query",
        "channel_post",
        "chat_member",
        "chosen_inline_result",
        "edited_message",
        "inline_query",
        "message",
        "message_reaction",
        "my_chat_member",
    }
    quoting = next(update.message for update in updates if update.message and update.message.quote)
    assert quoting.quote
    assert quoting.quote.text == "ell"


async def test_real_bot_knows_the_errors(api: BotApi, anna: Person) -> None:
    group = api.group(members=[anna])
    api.migrate(group)
    async with ptb(api) as bot:
        with pytest.raises(ChatMigrated):
            await bot.send_message(group.id, "a")
    wrong = Bot("1:wrong", f"{api.url}/bot")
    with pytest.raises(InvalidToken):
        await wrong.initialize()
    await wrong.shutdown()


async def test_two_instances_are_in_conflict(api: BotApi) -> None:
    async with ptb(api) as one, ptb(api) as two:
        first = asyncio.create_task(one.get_updates(timeout=30))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(two.get_updates(timeout=1))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        assert await second == ()


async def test_many_messages(call: Client, api: BotApi) -> None:
    people = [api.person(f"P{number}") for number in range(100)]
    for person in people:
        for _ in range(20):
            person.says("Hello there")
    offset = 0
    while batch := await updates_of(call, offset=offset):
        offset = batch[-1]["update_id"] + 1
        sends = [
            call.result("sendMessage", chat_id=update["message"]["chat"]["id"], text="Hi")
            for update in batch[:10]
        ]
        await asyncio.gather(*sends)
    assert sum(len(person.private_chat.from_bot) for person in people) == 200


async def test_module_serves() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.sandbox", stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert process.stdout
    try:
        url, token = (await process.stdout.readline()).decode().split()
        async with aiohttp.ClientSession() as session, session.get(f"{url}/bot{token}/getMe") as response:
            assert (await response.json())["ok"]
    finally:
        process.terminate()
        await process.wait()


def test_formatted_text_is_sliced_in_utf16() -> None:
    assert utf16_slice("😀ab", 2, 1) == "a"
    assert FormattedText("a<b").html == "a&lt;b"
