"""Pictures: how large one is, and whether Telegram would take it as a photo.

PNG and JPEG are read, as far as their size; Telegram takes other formats too. Nothing is decoded.
"""

from __future__ import annotations

import struct

from bot.sandbox.limits.refusals import refuse

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_MAX_BYTES = 10 * 1024 * 1024
_MAX_WIDTH_AND_HEIGHT = 10_000
_MAX_RATIO = 20
# The markers that begin a frame, with its size behind them; C4, C8 and CC among them are others.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def read_size(content: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None where it is neither a PNG nor a JPEG file."""
    try:
        if content.startswith(_PNG):
            width, height = struct.unpack_from(">II", content, len(_PNG) + 8)
            return int(width), int(height)
        return _read_jpeg(content) if content.startswith(_JPEG) else None
    except struct.error:
        return None


def checked_size(content: bytes) -> tuple[int, int]:
    """Return width and height of a photo, or refuse it in Telegram's words."""
    size = read_size(content)
    if size is None or not all(size):
        refuse("IMAGE_PROCESS_FAILED")
    if len(content) > _MAX_BYTES:
        refuse("file is too big")
    if sum(size) > _MAX_WIDTH_AND_HEIGHT or max(size) > _MAX_RATIO * min(size):
        refuse("PHOTO_INVALID_DIMENSIONS")
    return size


def _read_jpeg(content: bytes) -> tuple[int, int] | None:
    position = 2
    while True:
        mark, kind, length = struct.unpack_from(">BBH", content, position)
        if mark != 0xFF:  # noqa: PLR2004 - a marker begins with this byte
            return None
        if kind in _FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return int(width), int(height)
        position += 2 + length
