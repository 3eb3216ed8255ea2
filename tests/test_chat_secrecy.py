"""The token is in no line of the log, however it comes there."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat.wire.bot_api import ChatError
from bot.cli.secrecy import hide_secrets
from bot.sandbox.api.failures import server_error
from bot.sandbox.server import BotApi
from tests.chat_bot import SIGNED, running_bot

TOKEN = "123456:AAF-secret_part"  # noqa: S105 - nobody's


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    hide_secrets(handler, TOKEN, BotApi().token, "socks5://me:password@host:1080", "")
    yield stream
    root.setLevel(level)
    root.removeHandler(handler)


def test_secrecy_covers_messages_arguments_and_tracebacks(log: io.StringIO) -> None:
    logger = logging.getLogger("somebody")
    logger.info("GET https://api.telegram.org/bot%s/getMe", TOKEN)
    logger.info("url: %r, quoted: %s", {"token": TOKEN}, TOKEN.replace(":", "%3A"))
    try:
        raise RuntimeError(TOKEN)  # noqa: TRY301 - to have a traceback
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    logger.info("no connection to socks5://me:password@host:1080")
    logger.info("user me, password %s", b"password")
    written = log.getvalue()
    assert "no connection to ***\n" in written
    assert "AAF-secret_part" not in written
    assert "user me, *** b'***'\n" in written
    assert "somebody GET https://api.telegram.org/bot123456:***/getMe" in written
    assert "RuntimeError: 123456:***" in written


async def test_secrecy_of_a_running_bot(tmp_path: Path, log: io.StringIO) -> None:
    async with BotApi() as api:
        api.fail("getUpdates", server_error(502))
        async with running_bot(api, tmp_path):
            anna = api.person("Anna")
            await anna.private_chat.reply_to(anna.says(SIGNED))
        written = log.getvalue()
        assert "Calling Bot API endpoint `sendMessage`" in written
        assert api.token.partition(":")[2] not in written


async def test_secrecy_of_a_proxy(tmp_path: Path, log: io.StringIO) -> None:
    async with BotApi() as api:
        with pytest.raises(ChatError, match="BOT_PROXY") as caught:
            async with running_bot(api, tmp_path, proxy="nonsense://me:password@host"):
                pass
    assert "password" not in str(caught.value)
    assert "password" not in log.getvalue()
