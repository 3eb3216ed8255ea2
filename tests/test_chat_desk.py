"""Owners let people in, see who did what, and take the log out; nobody else can tell that there is a desk."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.digest import CountedGap
from bot.chat.wire import sending
from bot.cli.assembly.telegram import Pauses
from bot.journal.audit import SHELL, Audit
from bot.journal.roles import Roles
from bot.model import Answer, AnswerKind, Exchange, Origin, Question, Role
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from tests.chat_bot import CATALOGUES, ChatBot, phrases, running_bot
from tests.harbour import HARBOUR

BOSS, ANNA, BEN = 77, 700_000_001, 700_000_002


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


def send_contact(owner: Person, person: Person) -> Message:
    return owner.sends(
        {"contact": {"phone_number": "+47", "first_name": person.first_name, "user_id": person.id}}
    )


async def ask_for(person: Person, command: str) -> str:
    return (await person.private_chat.reply_to(person.says(command), timeout=60)).text


async def press(person: Person, message: Message, label: str) -> None:
    before = len(message.edits)
    await person.presses(message, label)
    await message.edited(before)


async def test_allow_by_contact_gives_changes_and_takes_back_a_role(api: BotApi, tmp_path: Path) -> None:
    boss, anna = api.person("Boss", id=BOSS), api.person("Anna", id=ANNA)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        roles = Roles(bot.records)
        assert "/stats" not in await ask_for(anna, "/help")
        card = await boss.private_chat.reply_to(send_contact(boss, anna))
        assert card.text.startswith(f"Anna\nUser id {ANNA}\n{phrases.say('allow.none')}")
        await press(boss, card, phrases.say("role.viewer"))
        assert await roles.find(ANNA) is Role.VIEWER
        help_ = await ask_for(anna, "/help")
        assert "/stats" in help_
        assert "/reload" not in help_
        assert await ask_for(anna, "/reload") == phrases.say("unknown-command")
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        roles = Roles(bot.records)
        await press(boss, card, phrases.say("role.editor"))
        assert await roles.find(ANNA) is Role.EDITOR
        assert phrases.say("reload.unchanged") in await ask_for(anna, "/reload")
        listed = await boss.private_chat.reply_to(boss.says("/allow"))
        assert "Anna · Editor" in listed.text
        await press(boss, listed, "Anna")
        await press(boss, listed, phrases.say("allow.take-back"))
        assert await roles.find(ANNA) is None
        assert await ask_for(anna, "/reload") == phrases.say("unknown-command")
        trail = await ask_for(boss, "/audit")
        for act, name in (("allowed", "Boss"), ("taken-back", "Boss"), ("reloaded", "Anna")):
            assert f"{name} · {phrases.say(f'act.{act}')}" in trail
    assert not [where for where, _ in api.bot.commands if where == f"chat {ANNA}"]


async def test_allow_by_reply_to_a_forwarded_message_and_in_a_group(api: BotApi, tmp_path: Path) -> None:
    boss, anna, ben = api.person("Boss", id=BOSS), api.person("Anna", id=ANNA), api.person("Ben", id=BEN)
    group = api.supergroup(members=[anna, ben], admins=[boss])
    async with running_bot(api, tmp_path, admin_ids=[BOSS]):
        forwarded = boss.forwards(anna.says("Hello"))
        card = await boss.private_chat.reply_to(boss.says("/allow", reply_to=forwarded))
        assert card.text.startswith("Anna\n")
        hidden = boss.says("Hello", forwarded_from="Somebody")
        told = await boss.private_chat.reply_to(boss.says("/allow", reply_to=hidden))
        assert told.text == phrases.say("allow.nobody")
        own = await boss.private_chat.reply_to(boss.says("/allow", reply_to=boss.says("Hi")))
        assert own.text == f"Boss\n{phrases.say('allow.is-owner')}"
        await ask_for(boss, "/privacy")
        said = ben.says("Hello", chat=group)
        boss.says("/allow@test_answer_bot", chat=group, reply_to=said)
        card = await boss.private_chat.next_message_from_bot()
        assert card.text.startswith("Ben\n")
        assert not group.from_bot


async def test_desk_is_closed_to_everybody_else(api: BotApi, tmp_path: Path) -> None:
    boss, anna, ben = api.person("Boss", id=BOSS), api.person("Anna", id=ANNA), api.person("Ben", id=BEN)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        roles = Roles(bot.records)
        await roles.grant(BEN, "Ben", Role.EDITOR, SHELL)
        for person in (anna, ben):
            for command in ("/allow", "/audit", "/export"):
                assert await ask_for(person, command) == phrases.say("unknown-command")
            other = await person.private_chat.reply_to(send_contact(person, boss))
            assert other.text == (await person.private_chat.reply_to(person.sends_sticker())).text
            for data in (
                f"role:{ANNA}:editor",
                f"role:{ANNA}:none",
                f"role:{BEN}:show",
                "members:0",
                "audit:0",
                "export:all:csv:ids:send",
                "export:week:csv:ids:choose",
            ):
                assert (await person.calls_back(other, data)).text == phrases.say("press.unknown")
        assert {member.user_id: member.role for member in await roles.list_members()} == {BEN: Role.EDITOR}
        assert len(api.calls_of("sendDocument")) == 0


async def test_allow_pages_a_long_list(api: BotApi, tmp_path: Path) -> None:
    boss = api.person("Boss", id=BOSS)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        for number in range(20):
            await Roles(bot.records).grant(1000 + number, f"Person {number:02}", Role.VIEWER, SHELL)
        listed = await boss.private_chat.reply_to(boss.says("/allow"))
        assert "Person 07" in listed.text
        assert "Person 08" not in listed.text
        await press(boss, listed, phrases.say("sources.next"))
        await press(boss, listed, phrases.say("sources.next"))
        assert "Person 19" in listed.text
        trail = await boss.private_chat.reply_to(boss.says("/audit"))
        assert "Person 19" in trail.text
        await press(boss, trail, phrases.say("audit.earlier"))
        assert "Person 09" in trail.text
        assert [button["text"] for button in trail.buttons] == [phrases.say("audit.later")]


async def test_forget_leaves_the_acts_and_not_the_person(api: BotApi, tmp_path: Path) -> None:
    boss, anna = api.person("Boss", id=BOSS), api.person("Wilhelmina", id=ANNA)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        await Roles(bot.records).grant(ANNA, "Wilhelmina", Role.EDITOR, SHELL)
        await ask_for(anna, "/reload")
        assert "Wilhelmina" in await ask_for(boss, "/audit")
        asked = await anna.private_chat.reply_to(anna.says("/forget"))
        await press(anna, asked, phrases.say("forget.yes"))
        trail = await ask_for(boss, "/audit")
        assert "Wilhelmina" not in trail
        assert f"{phrases.say('audit.erased')} · {phrases.say('act.reloaded')}" in trail
        assert await ask_for(anna, "/reload") == phrases.say("unknown-command")
        await bot.end()
        assert b"Wilhelmina" not in (tmp_path / "log.sqlite").read_bytes()


def record(bot: ChatBot, user_id: int, text: str) -> None:
    answer = Answer(Question(text, "en"), AnswerKind.NOT_FOUND, 0.5, (), "abc123", 12.0)
    bot.journal.record(Exchange(datetime.now(UTC), Origin.TELEGRAM, answer, user_id, user_id))


async def test_export_says_where_a_file_would_be_too_large(
    api: BotApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "MOST_FILE_BYTES", 100)
    boss = api.person("Boss", id=BOSS)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        record(bot, ANNA, "Who, exactly?")
        offer = await boss.private_chat.reply_to(boss.says("/export"))
        boss.presses(offer, phrases.say("export.send"))
        told = await boss.private_chat.next_message_from_bot()
        assert told.text == phrases.say("export.too-large")


async def test_export_sends_what_the_buttons_say(api: BotApi, tmp_path: Path) -> None:
    boss, anna = api.person("Boss", id=BOSS), api.person("Anna", id=ANNA)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        record(bot, ANNA, "Who, exactly?")
        record(bot, BEN, '=HYPERLINK("x")')
        offer = await boss.private_chat.reply_to(boss.says("/export"))
        boss.presses(offer, phrases.say("export.send"))
        sent = await boss.private_chat.next_message_from_bot()
        csv = (sent.file or b"").decode("utf-8-sig")
        assert csv.startswith("asked_at,origin,person,")
        assert '"Who, exactly?"' in csv
        assert "'=HYPERLINK" in csv
        assert str(ANNA) not in csv
        await press(boss, offer, "JSON Lines")
    async with running_bot(api, tmp_path, admin_ids=[BOSS]):
        boss.presses(offer, phrases.say("export.send"))
        sent = await boss.private_chat.next_message_from_bot()
        first, second = (json.loads(line) for line in (sent.file or b"").splitlines())
        assert first["person"] == first["chat"] != second["person"]
        assert first["person"] in csv
        await press(boss, offer, phrases.say("export.ids"))
        asked = await anna.private_chat.reply_to(anna.says("/forget"))
        await press(anna, asked, phrases.say("forget.yes"))
        boss.presses(offer, phrases.say("export.send"))
        sent = await boss.private_chat.next_message_from_bot()
        (left,) = (json.loads(line) for line in (sent.file or b"").splitlines())
        assert left["person"] == BEN
        trail = await ask_for(boss, "/audit")
        assert f"{phrases.say('act.exported')} · week jsonl ids" in trail
    assert (tmp_path / "pseudonyms.key").stat().st_mode & 0o777 == 0o600


async def test_digest_comes_once_a_week_with_the_biggest_gaps(api: BotApi, tmp_path: Path) -> None:
    async def find_gaps(limit: int) -> list[CountedGap]:
        return [CountedGap(f"Why <{number}>?", 9 - number, ("en", "nb")) for number in range(limit)]

    monday = datetime(2026, 11, 23, 6, 59, tzinfo=UTC)
    times = [monday]
    boss = api.person("Boss", id=BOSS, language_code="nb")
    boss.starts()

    async def run_until(pictures: int) -> None:
        async with running_bot(
            api,
            tmp_path,
            admin_ids=[BOSS],
            digest=True,
            pauses=Pauses(digest_try_again_s=0.05),
            now=lambda: times[-1],
            find_gaps=find_gaps,
        ):
            await api.called("sendPhoto", pictures, timeout=60)
            await ask_for(boss, "/privacy")

    for _start in range(2):
        await run_until(pictures=1)
    assert len(api.calls_of("sendPhoto")) == 1
    times.append(monday + timedelta(minutes=2))
    await run_until(pictures=2)
    digests = [message for message in boss.private_chat.from_bot if message.file]
    assert len(digests) == 2
    assert CATALOGUES["nb"].say("stats.week") in digests[0].text
    assert "9 × Why <0>? (engelsk, norsk)" in digests[0].text


async def test_digest_has_the_gaps_of_the_log_that_nobody_took_care_of(api: BotApi, tmp_path: Path) -> None:
    boss = api.person("Boss", id=BOSS)
    boss.starts()
    times = [datetime(2026, 11, 23, 6, 59, tzinfo=UTC)]
    pauses = Pauses(digest_try_again_s=0.05)
    async with running_bot(
        api, tmp_path, articles=HARBOUR, admin_ids=[BOSS], digest=True, pauses=pauses, now=lambda: times[-1]
    ) as bot:
        # The digest of the week before: nothing was asked yet.
        await api.called("sendPhoto", 1, timeout=60)
        for words, count in (
            ("Zebras?", 4),
            ("Kittens?", 3),
            ("Pizza?", 2),
            ("Trombones?", 1),
            ("Whist?", 5),
        ):
            for user_id in range(count):
                record(bot, 100 + user_id, words)
        await bot.journal.flush()
        listed = await boss.private_chat.reply_to(boss.says("/gaps"))
        await press(boss, listed, "1")
        await press(boss, listed, phrases.say("gaps.hide"))
        times.append(times[0] + timedelta(minutes=2))
        await api.called("sendPhoto", 2, timeout=60)
        first, second = [message for message in boss.private_chat.from_bot if message.file]
    assert phrases.say("digest.gaps") not in first.text
    _, gaps = second.text.split(phrases.say("digest.gaps"))
    # The biggest one was hidden.
    assert gaps.split("\n")[1:] == [
        "4 × Zebras? (English)",
        "3 × Kittens? (English)",
        "2 × Pizza? (English)",
    ]


async def test_digest_is_off_by_default(api: BotApi, tmp_path: Path) -> None:
    boss = api.person("Boss", id=BOSS)
    boss.starts()
    async with running_bot(api, tmp_path, admin_ids=[BOSS], pauses=Pauses(digest_try_again_s=0.05)) as bot:
        await ask_for(boss, "/privacy")
        assert (await Audit(bot.records).list_entries(0, 5)).total == 0
    assert not api.calls_of("sendPhoto")
