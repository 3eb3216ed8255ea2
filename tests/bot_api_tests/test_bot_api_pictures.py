"""Photos: sent with their size, and refused where Telegram refuses them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from telegram import InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.sandbox.limits.pictures import read_size
from tests.bot_api_tests.client import ptb

if TYPE_CHECKING:
    from bot.sandbox.people import Person
    from bot.sandbox.server import BotApi


def png(width: int, height: int, padding: int = 0) -> bytes:
    """Return as much of a PNG file as tells its size."""
    header = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", width, height)
    return header + bytes(padding)


def jpeg(width: int, height: int) -> bytes:
    """Return as much of a JPEG file as tells its size, behind a segment of another kind."""
    application = b"\xff\xe0" + struct.pack(">H", 6) + b"JFIF"
    frame = b"\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width)
    return b"\xff\xd8" + application + frame


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (png(640, 480), (640, 480)),
        (jpeg(320, 200), (320, 200)),
        (b"GIF89a", None),
        (b"", None),
        (png(640, 480)[:18], None),
        (jpeg(320, 200)[:12], None),
        (b"\xff\xd8\xff\xe0\x00\x02words", None),
    ],
)
def test_picture_tells_its_size(content: bytes, size: tuple[int, int] | None) -> None:
    assert read_size(content) == size


async def test_photo_is_sent_with_its_size_and_kept(api: BotApi, anna: Person) -> None:
    async with ptb(api) as bot:
        sent = await bot.send_photo(anna.id, png(640, 480), caption="<b>Votes</b>", parse_mode="HTML")
        again = await bot.send_photo(anna.id, sent.photo[-1].file_id)
    assert (sent.photo[-1].width, sent.photo[-1].height, sent.caption) == (640, 480, "Votes")
    assert again.photo[-1].file_id == sent.photo[-1].file_id
    assert [message.file for message in anna.private_chat.from_bot] == [png(640, 480)] * 2
    assert anna.private_chat.from_bot[0].html == "<b>Votes</b>"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no picture", "Image_process_failed"),
        (png(0, 480), "Image_process_failed"),
        (png(9000, 1001), "Photo_invalid_dimensions"),
        (png(2001, 100), "Photo_invalid_dimensions"),
        (png(640, 480, 10 * 1024 * 1024), "File is too big"),
    ],
)
async def test_photo_is_refused_as_telegram_refuses_it(
    api: BotApi, anna: Person, content: bytes, words: str
) -> None:
    async with ptb(api) as bot:
        with pytest.raises(BadRequest, match=words):
            await bot.send_photo(anna.id, content)
    assert anna.private_chat.from_bot == []


async def test_picture_is_put_in_the_place_of_another(api: BotApi, anna: Person) -> None:
    async with ptb(api) as bot:
        sent = await bot.send_photo(anna.id, png(640, 480), caption="before")
        edited = await bot.edit_message_media(
            InputMediaPhoto(png(320, 200), "<b>after</b>", ParseMode.HTML), anna.id, sent.message_id
        )
        assert isinstance(edited, Message)
        assert (edited.photo[-1].width, edited.photo[-1].height, edited.caption) == (320, 200, "after")
        (shown,) = anna.private_chat.from_bot
        assert shown.file == png(320, 200)
        with pytest.raises(BadRequest, match="Message to edit not found"):
            await bot.edit_message_media(InputMediaPhoto(png(1, 1)), anna.id, 999)
