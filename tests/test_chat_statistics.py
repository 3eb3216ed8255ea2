"""/stats shows how the bot does, as a picture and figures, to those who may see it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from bot.journal.audit import SHELL
from bot.journal.roles import Roles
from bot.journal.statistics import Period, read_statistics
from bot.journal.votes import Votes
from bot.model import Answer, AnswerKind, Exchange, Origin, Question, Role, Vote
from bot.sandbox.server import BotApi
from tests.chat_bot import CATALOGUES, ChatBot, phrases, running_bot

BOSS, EDITOR, VIEWER, STRANGER = 77, 78, 79, 80
ASKED = "What does Wilhelmina earn?"


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    async with BotApi() as server:
        yield server


def exchange(days_ago: int, kind: AnswerKind, *, user_id: int = 5, language: str = "en") -> Exchange:
    asked_at = datetime.now(UTC) - timedelta(days=days_ago)
    answer = Answer(Question(ASKED, language), kind, 0.5, (), "abc123", 12.0 + days_ago)
    return Exchange(asked_at, Origin.TELEGRAM, answer, user_id, user_id)


async def fill(bot: ChatBot) -> None:
    first = exchange(0, AnswerKind.ANSWER)
    for each in (
        first,
        exchange(0, AnswerKind.SMALL_TALK, user_id=9),
        exchange(1, AnswerKind.NOT_FOUND, language="nb"),
        exchange(2, AnswerKind.ANSWER, user_id=6, language="nb"),
        exchange(20, AnswerKind.NOT_FOUND, user_id=7, language="vi"),
        exchange(200, AnswerKind.NOT_FOUND, user_id=8),
    ):
        bot.journal.record(each)
    await bot.journal.flush()
    await Votes(bot.records).cast(first.key, 5, Vote.UP)


def size_of(picture: bytes | None) -> tuple[int, int]:
    assert picture is not None
    return Image.open(BytesIO(picture)).size


async def test_stats_shows_a_picture_and_the_figures_of_the_week(api: BotApi, tmp_path: Path) -> None:
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        await fill(bot)
        boss = api.person("Boss", id=BOSS)
        shown = await boss.private_chat.reply_to(boss.says("/stats"), timeout=60)
        assert shown.text.splitlines() == [
            "The last 7 days",
            "Questions: 3 · people: 2",
            "Answered: 2 (67%) · not in the articles: 1 (33%)",
            "👍 1 · 👎 0",
            "Time to answer: half within 13 ms, 95% within 14 ms",
            "Languages: Norwegian 2, English 1",
            f"Busiest hours (UTC): {datetime.now(UTC).hour}–{datetime.now(UTC).hour + 1}",
            "Corpus version of the latest answer: abc123",
        ]
        assert ASKED not in shown.text
        picture = shown.file
        assert size_of(picture) == (1080, 900)


async def test_stats_buttons_change_the_message_also_after_a_restart(api: BotApi, tmp_path: Path) -> None:
    boss = api.person("Boss", id=BOSS)
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        await fill(bot)
        shown = await boss.private_chat.reply_to(boss.says("/stats"), timeout=60)
        week = shown.file
        await boss.presses(shown, phrases.say("period.month"))
        await shown.edited(timeout=60)
        assert "Questions: 4 · people: 3" in shown.text
        assert shown.file != week
    async with running_bot(api, tmp_path, admin_ids=[BOSS]):
        since = len(shown.edits)
        await boss.presses(shown, phrases.say("period.all"))
        await shown.edited(since, timeout=60)
        assert "Questions: 5 · people: 4" in shown.text


async def test_stats_with_little_data_says_so_in_place_of_bars(api: BotApi, tmp_path: Path) -> None:
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        shown = await boss.private_chat.reply_to(boss.says("/stats"), timeout=60)
        assert phrases.say("stats.nothing") in shown.text
        assert size_of(shown.file) == (1080, 400)
        bot.journal.record(exchange(0, AnswerKind.ANSWER))
        shown = await boss.private_chat.reply_to(boss.says("/stats"), timeout=60)
        assert "Questions: 1" in shown.text
        assert size_of(shown.file) == (1080, 400)


@pytest.mark.parametrize("language", sorted(CATALOGUES))
async def test_stats_is_in_the_admins_language(api: BotApi, tmp_path: Path, language: str) -> None:
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        await fill(bot)
        boss = api.person("Boss", id=BOSS, language_code=language)
        shown = await boss.private_chat.reply_to(boss.says("/stats"), timeout=60)
        assert shown.text.startswith(CATALOGUES[language].say("stats.week"))


async def test_stats_is_for_viewers_and_editors_and_unknown_to_strangers(api: BotApi, tmp_path: Path) -> None:
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        roles = Roles(bot.records)
        await roles.grant(EDITOR, "Edda", Role.EDITOR, SHELL)
        await roles.grant(VIEWER, "Vic", Role.VIEWER, SHELL)
        viewer = api.person("Vic", id=VIEWER)
        for person in (api.person("Edda", id=EDITOR), viewer):
            shown = await person.private_chat.reply_to(person.says("/stats"), timeout=60)
            assert shown.file is not None
        stranger = api.person("Stranger", id=STRANGER)
        told = await stranger.private_chat.reply_to(stranger.says("/stats"))
        assert told.text == phrases.say("unknown-command")
        for period in Period:
            pressed = await stranger.calls_back(told, f"stats:{period.value}")
            assert pressed.text == phrases.say("press.unknown")
        await roles.take_back(VIEWER, SHELL)
        assert (await viewer.presses(shown, phrases.say("period.all"))).text == phrases.say("press.unknown")


async def test_statistics_follow_what_is_erased(api: BotApi, tmp_path: Path) -> None:
    async with running_bot(api, tmp_path, admin_ids=[BOSS]) as bot:
        await fill(bot)
        anna = api.person("Anna", id=5)
        asked = await anna.private_chat.reply_to(anna.says("/forget"))
        await anna.presses(asked, phrases.say("forget.yes"))
        await asked.edited()
        left = read_statistics(bot.records.path, Period.WEEK, datetime.now(UTC))
        assert (left.questions, left.people, left.languages) == (1, 1, {"nb": 1})
        assert (left.median_ms, left.votes_up, sum(hour.questions for hour in left.hours.values())) == (
            14,
            0,
            1,
        )
