"""Admins are told of trouble, once an hour for each kind, in their language, and when it is over."""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.chat.wire.update_in_hand import Handling, in_hand
from bot.model import Trouble, TroubleKind
from bot.pauses import GrowingPause
from bot.sandbox.api.failures import nonsense, refusal
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, broken_index, phrases, running_bot

BOSS = 77
HOUR_S = 3600
UNWRITABLE = Trouble(TroubleKind.DATABASE_UNWRITABLE, "disk I/O error")
WRITABLE = Trouble(TroubleKind.DATABASE_UNWRITABLE, "", is_over=True)
FAILED = Trouble(TroubleKind.UPDATE_FAILED, "TypeError")
OFF = Trouble(TroubleKind.INBOX_OFF, "database or disk is full")


@dataclass
class Clock:
    """Seconds that pass only when a test says so."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def start_as_admin(api: BotApi, admin_id: int = BOSS, language_code: str = "en") -> Person:
    """Return an admin who has started the bot, and whom it has greeted."""
    boss = api.person("Boss", id=admin_id, language_code=language_code)
    boss.starts()
    await boss.private_chat.next_message_from_bot()
    return boss


async def next_text(person: Person) -> str:
    return (await person.private_chat.next_message_from_bot()).text


async def test_alert_of_a_failure_has_an_id_that_stands_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], make_index=broken_index):
        boss, anna = await start_as_admin(api), api.person("Anna")
        assert (await anna.private_chat.reply_to(anna.says("broken?"))).text == phrases.say("apology")
        told = await next_text(boss)
        assert told.startswith(phrases.say("alert.update_failed"))
        assert "RuntimeError" in told
        (log_id,) = re.findall(r"^In the log: (\w+)$", told, re.MULTILINE)
        assert f"log id {log_id}" in caplog.text


async def test_alert_names_the_update_in_hand(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        boss = await start_as_admin(api)
        token = in_hand.set(Handling("4711", pause=GrowingPause(5.0)))
        bot.alerts.report(OFF)
        in_hand.reset(token)
        assert (await next_text(boss)).endswith("In the log: 4711")


@pytest.mark.parametrize("kind", sorted(set(TroubleKind) - {TroubleKind.TELEGRAM_UNREACHABLE}))
async def test_alert_tells_each_kind_of_trouble_apart(tmp_path: Path, kind: TroubleKind) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        boss = await start_as_admin(api)
        bot.alerts.report(Trouble(kind, "log.sqlite <b>\x1b\u202eis\n\nbroken " + "very " * 1000))
        parts = (await next_text(boss)).split("\n\n")
        assert parts[0] == phrases.say(f"alert.{kind.value}")
        assert parts[1].startswith("log.sqlite <b>is broken very very")
        assert len(parts[1]) <= 500
        assert len(parts) == 3


async def test_alerts_go_on_where_the_menus_fail_and_end_with_the_bot(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api:
        api.fail("getMyDescription", nonsense(), times=None)
        async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
            boss = await start_as_admin(api)
            bot.alerts.report(OFF)
            assert (await next_text(boss)).startswith(phrases.say("alert.inbox_off"))
            async with asyncio.timeout(10):
                while "TypeError" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                    await asyncio.sleep(0.02)
            await bot.end()
            assert "Failed to set the menus and descriptions" in caplog.text
            assert "keep_telling" not in str(asyncio.all_tasks())


async def test_alert_comes_once_an_hour_and_then_says_how_often(tmp_path: Path) -> None:
    clock = Clock()
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], clock=clock) as bot:
        boss = await start_as_admin(api)
        bot.alerts.report(FAILED)
        assert "Meanwhile" not in await next_text(boss)
        for _ in range(3):
            clock.now += HOUR_S / 4
            bot.alerts.report(FAILED)
        bot.alerts.report(OFF)
        assert (await next_text(boss)).startswith(phrases.say("alert.inbox_off"))
        clock.now += HOUR_S
        bot.alerts.report(FAILED)
        told = await next_text(boss)
        assert told.startswith(phrases.say("alert.update_failed"))
        assert phrases.say("alerts.repeats", count=3) in told
        await api.expect_silence(boss.private_chat)


async def test_alert_is_followed_by_one_that_it_is_over(tmp_path: Path) -> None:
    clock = Clock()
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], clock=clock) as bot:
        boss = await start_as_admin(api)
        bot.alerts.report(WRITABLE)
        bot.alerts.report(UNWRITABLE)
        assert bot.alerts.ongoing == (UNWRITABLE,)
        assert (await next_text(boss)).startswith(phrases.say("alert.database_unwritable"))
        clock.now += 12 * 60
        bot.alerts.report(WRITABLE)
        bot.alerts.report(WRITABLE)
        assert len(bot.alerts.ongoing) == 0
        told = await next_text(boss)
        assert told.startswith(phrases.say("healed.database_unwritable"))
        assert "Duration: 12 minutes." in told
        await api.expect_silence(boss.private_chat)


async def test_alert_within_the_hour_after_the_last_was_over_comes_when_the_hour_is(tmp_path: Path) -> None:
    clock = Clock()
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], clock=clock) as bot:
        boss = await start_as_admin(api)
        bot.alerts.report(UNWRITABLE)
        assert (await next_text(boss)).startswith(phrases.say("alert.database_unwritable"))
        bot.alerts.report(WRITABLE)
        assert (await next_text(boss)).startswith(phrases.say("healed.database_unwritable"))
        bot.alerts.report(UNWRITABLE)
        bot.alerts.report(WRITABLE)
        bot.alerts.report(UNWRITABLE)
        await api.expect_silence(boss.private_chat)
        clock.now += HOUR_S
        bot.alerts.report(OFF)
        told = [await next_text(boss), await next_text(boss)]
        (late,) = [line for line in told if line.startswith(phrases.say("alert.database_unwritable"))]
        assert phrases.say("alerts.repeats", count=1) in late


async def test_alert_of_what_goes_on_comes_again_every_hour(tmp_path: Path) -> None:
    clock = Clock()
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], clock=clock) as bot:
        boss = await start_as_admin(api)
        bot.alerts.report(OFF)
        bot.alerts.report(OFF)
        assert (await next_text(boss)).startswith(phrases.say("alert.inbox_off"))
        bot.alerts.report(OFF)
        await api.expect_silence(boss.private_chat)
        clock.now += HOUR_S
        bot.alerts.report(OFF)
        told = await next_text(boss)
        assert told.startswith(phrases.say("alert.inbox_off"))
        assert "Duration: 1 hour." in told
        assert "Meanwhile" not in told


async def test_alert_speaks_the_language_of_each_admin(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[7, 8]) as bot:
        amelie, bente = await start_as_admin(api, 7, "fr"), await start_as_admin(api, 8, "en")
        offer = await bente.private_chat.reply_to(bente.says("/language"))
        await bente.presses(offer, "Norsk")
        await offer.edited()
        bot.alerts.report(OFF)
        assert (await next_text(amelie)).startswith(CATALOGUES["fr"].say("alert.inbox_off"))
        assert (await next_text(bente)).startswith(CATALOGUES["nb"].say("alert.inbox_off"))


async def test_alert_passes_over_admins_who_cannot_be_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[7, 8, BOSS]) as bot:
        gone, boss = await start_as_admin(api, 7), await start_as_admin(api)
        gone.blocks_bot()
        bot.alerts.report(OFF)
        assert (await next_text(boss)).startswith(phrases.say("alert.inbox_off"))
        late = await start_as_admin(api, 8)
        bot.alerts.report(Trouble(TroubleKind.INBOX_OFF, "", is_over=True))
        assert (await next_text(boss)).startswith(phrases.say("healed.inbox_off"))
        await api.expect_silence(late.private_chat)
        assert gone.private_chat.from_bot[1:] == []
    assert "Traceback" not in caplog.text


async def test_alert_waits_until_telegram_can_be_reached(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        boss = await start_as_admin(api)
        with api.outage():
            tried = len(api.calls_of("sendChatAction"))
            bot.alerts.report(Trouble(TroubleKind.TELEGRAM_UNREACHABLE, "httpx.ConnectError"))
            bot.alerts.report(FAILED)
            bot.alerts.report(FAILED)
            await api.called("sendChatAction", tried + 1)
        detail = "httpx.ConnectError"
        bot.alerts.report(Trouble(TroubleKind.TELEGRAM_UNREACHABLE, detail, is_over=True, lasted_s=300))
        first, second = await next_text(boss), await next_text(boss)
        assert first.startswith(phrases.say("alert.update_failed"))
        assert phrases.say("alerts.repeats", count=1) in first
        assert second.startswith(phrases.say("alert.telegram_unreachable"))
        assert "Duration: 5 minutes." in second


async def test_alert_that_telegram_refuses_is_tried_again_within_bounds(tmp_path: Path) -> None:
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        boss = await start_as_admin(api)
        api.fail("sendMessage", refusal(400, "Bad Request: no"), times=2)
        bot.alerts.report(OFF)
        assert (await next_text(boss)).startswith(phrases.say("alert.inbox_off"))
        plan = api.fail("sendMessage", refusal(400, "Bad Request: no"), times=3)
        bot.alerts.report(UNWRITABLE)
        bot.alerts.report(Trouble(TroubleKind.HTML_REFUSED, "a tag"))
        assert (await next_text(boss)).startswith(phrases.say("alert.html_refused"))
        assert plan.count == 3
