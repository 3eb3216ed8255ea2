"""Admins, and only they, have the articles read again, and are told what came of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox.limits.entities import find_entities
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.users import ANONYMOUS_ADMIN
from bot.search.vectors import Progress
from tests.chat_bot import SIGNED, Gate, copy_articles, phrases, running_bot, write_article

BOSS = 77


async def test_reload_reports_what_changed(tmp_path: Path) -> None:
    articles = copy_articles(tmp_path)
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        before = bot.desk.corpus
        write_article(articles, "whales", "Blue whales eat krill. They sing.")
        (articles / "hanoi-convention" / "nhan-dan.md").unlink()
        changed = articles / "hanoi-convention" / "dan-tri.md"
        changed.write_text(changed.read_text("utf-8") + "\nEn setning til.\n", "utf-8")

        report = (await boss.private_chat.reply_to(boss.says("/reload"))).text
        after = bot.desk.corpus
        assert "Articles: 5 → 5" in report
        assert f"Passages: {len(before.passages)} → {len(after.passages)}" in report
        assert f"Corpus version: {before.version} → {after.version}" in report
        assert "1 new article:\n• whales" in report
        assert "1 changed article:\n• hanoi-convention/dan-tri" in report
        assert "1 article removed:\n• hanoi-convention/nhan-dan" in report
        assert "krill" in (await boss.private_chat.reply_to(boss.says("What do blue whales eat?"))).text

        again = await boss.private_chat.reply_to(boss.says("/reload"))
        assert phrases.say("reload.unchanged") in again.text


async def test_reload_learns_the_language_of_a_new_article(tmp_path: Path) -> None:
    articles = copy_articles(tmp_path)
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as bot:
        boss = api.person("Boss", id=BOSS)
        write_article(articles, "most", "Nový most přes řeku otevřel starosta v pondělí.", language='"cs"')
        await boss.private_chat.reply_to(boss.says("/reload"))
        await boss.private_chat.reply_to(boss.says("Kdo otevřel nový most přes řeku?"))
        assert await bot.read_log("language") == [("cs",)]


async def test_reload_names_a_bounded_number_of_articles(tmp_path: Path) -> None:
    articles = copy_articles(tmp_path)
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]):
        boss = api.person("Boss", id=BOSS)
        for number in range(30):
            write_article(articles, f"{number:02}-{'n' * 200}", "A text.")
        report = (await boss.private_chat.reply_to(boss.says("/reload"))).text
        assert "30 new articles:\n• 00-nnn" in report
        assert report.endswith("… and 20 more")


async def test_reload_of_bad_files_reports_every_mistake_and_goes_on_with_the_old(tmp_path: Path) -> None:
    articles = copy_articles(tmp_path)
    gate = Gate()

    def before_load(_progress: Progress | None) -> None:
        gate.pass_through()

    async with (
        BotApi() as api,
        running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS], before_load=before_load) as bot,
    ):
        boss, anna = api.person("Boss", id=BOSS), api.person("Anna")
        version = bot.desk.corpus.version
        (articles / "bad.md").write_text("no front matter", "utf-8")
        write_article(articles, "worse", "A text.", language='"klingon"', pages="3")
        reload = boss.says("/reload")
        await gate.wait_until_reached()
        # Meanwhile everybody is answered, the admin too, and a second reload is told so.
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text
        assert "72" in (await boss.private_chat.reply_to(boss.says(SIGNED))).text
        second = await boss.private_chat.reply_to(boss.says("/reload"))
        assert second.text == phrases.say("reload.running")
        gate.opened.set()

        report = (await boss.private_chat.reply_to(reload)).text
        assert report.startswith(phrases.say("reload.mistakes", count=3))
        for part in ("bad.md:1: ", "worse.md:2: language: ", "worse.md:4: pages: "):
            assert part in report
        assert bot.desk.corpus.version == version
        assert "72" in (await anna.private_chat.reply_to(anna.says(SIGNED))).text


async def test_reload_of_many_bad_files_fits_into_one_message(tmp_path: Path) -> None:
    articles = copy_articles(tmp_path)
    async with BotApi() as api, running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]):
        boss = api.person("Boss", id=BOSS)
        for number in range(300):
            write_article(articles, f"{number}-<b>&", "A text.", language=f'"{"😀" * 300}"')
        report = (await boss.private_chat.reply_to(boss.says("/reload"))).text
        assert report.startswith(phrases.say("reload.mistakes", count=300))
        named = report.count("• ")
        assert named > 3
        assert report.endswith(f"… and {300 - named} more")


async def test_reload_is_refused_to_others_and_leaks_nothing(tmp_path: Path) -> None:
    loads: list[Progress | None] = []
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], before_load=loads.append):
        anna, boss = api.person("Anna"), api.person("Boss", id=BOSS)
        group = api.supergroup(members=[anna], admins=[boss])
        reply = await anna.private_chat.reply_to(anna.says("/reload"))
        assert reply.text == phrases.say("unknown-command")
        reply = await group.reply_to(boss.says("/reload@test_answer_bot", chat=group))
        assert reply.text == phrases.say("admin.in-private")
        anna.says("/reload@test_answer_bot", chat=group)
        boss.says("/reload@test_answer_bot", chat=group, anonymously=True)
        await api.polled()
        await api.expect_silence(group, 0.3)
        assert loads == []


async def test_reload_that_takes_long_shows_how_far_it_is(tmp_path: Path) -> None:
    gate, later = Gate(), Gate()

    def before_load(progress: Progress | None) -> None:
        assert progress is not None
        progress(10, 79)
        gate.pass_through()
        progress(40, 79)
        later.pass_through()

    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], before_load=before_load):
        boss = api.person("Boss", id=BOSS)
        reload = boss.says("/reload")
        notice = await boss.private_chat.reply_to(reload)
        assert notice.text == phrases.say("reload.progress", done=10, total=79)
        gate.opened.set()
        await notice.edited()
        assert notice.text == phrases.say("reload.progress", done=40, total=79)
        later.opened.set()
        await notice.deleted()
        report = await boss.private_chat.reply_to(reload)
        assert phrases.say("reload.unchanged") in report.text


async def test_reload_ends_with_the_bot(tmp_path: Path) -> None:
    gate = Gate()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def before_load(progress: Progress | None) -> None:
        assert progress is not None
        gate.pass_through()
        try:
            progress(1, 79)
        finally:
            loop.call_soon_threadsafe(ended.set)

    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], before_load=before_load) as bot:
        version = bot.desk.corpus.version
        boss = api.person("Boss", id=BOSS)
        boss.says("/reload")
        await gate.wait_until_reached()
        await bot.end()
        gate.opened.set()
        await ended.wait()
        assert bot.desk.corpus.version == version


RELOAD = "/reload"
CONTENT = {"text": RELOAD, "entities": find_entities(RELOAD)}
OTHER_BOT = {"id": 31, "is_bot": True, "first_name": "Other", "username": "other_bot"}

ROUTES: dict[str, Callable[[BotApi, Person, Person], object]] = {
    "edited": lambda _api, boss, _anna: boss.edits(boss.says("Who?"), RELOAD),
    "caption": lambda _api, boss, _anna: boss.sends_photo(RELOAD),
    "caption of a file": lambda _api, boss, _anna: boss.sends_document(b"x", caption=RELOAD),
    "in a group": lambda api, boss, _anna: boss.says(RELOAD, chat=api.supergroup(admins=[boss])),
    "anonymously": lambda api, boss, _anna: boss.says(
        RELOAD, chat=api.supergroup(admins=[boss]), anonymously=True
    ),
    "in a channel": lambda api, _boss, _anna: api.posts(api.channel(), RELOAD),
    "as a channel": lambda api, boss, _anna: boss.sends(
        CONTENT, extra={"sender_chat": api.channel().to_json()}
    ),
    "by another bot": lambda _api, boss, _anna: boss.sends(CONTENT, extra={"via_bot": OTHER_BOT}),
    "forwarded": lambda _api, boss, anna: boss.forwards(anna.says(RELOAD)),
    "forwarded from nobody": lambda _api, boss, _anna: boss.says(RELOAD, forwarded_from="Somebody"),
    "not at the beginning": lambda _api, boss, _anna: boss.says(f"Please {RELOAD}"),
    "to another bot": lambda _api, boss, _anna: boss.says(f"{RELOAD}@other_bot"),
    "inline": lambda _api, boss, _anna: boss.asks_inline(RELOAD),
    "by a link": lambda _api, boss, _anna: boss.starts("reload"),
    "by a link with a question": lambda _api, boss, _anna: boss.starts("q-L3JlbG9hZA"),
    "by somebody else": lambda _api, _boss, anna: anna.says(RELOAD),
    "by somebody else in reply": lambda _api, _boss, anna: anna.says(RELOAD, reply_to=anna.says("Who?")),
}


async def test_reload_goes_no_other_way_than_an_admins_own_command_in_private(tmp_path: Path) -> None:
    loads: list[Progress | None] = []
    taken: list[str] = []
    admin_ids = [BOSS, ANONYMOUS_ADMIN.id]
    async with BotApi(privacy_mode=False) as api:
        async with running_bot(api, tmp_path, admin_ids=admin_ids, before_load=loads.append):
            boss, anna = api.person("Boss", id=BOSS), api.person("Anna")
            for name, take in ROUTES.items():
                take(api, boss, anna)
                for person in (boss, anna):
                    await person.private_chat.reply_to(person.says("/privacy"))
                if loads:
                    taken.append(name)
                    loads.clear()
        # The bot has ended, and has handled all it was sent.
        assert (taken, loads) == ([], [])


@pytest.mark.parametrize("data", ["reload", "/reload", "admin:reload", "ask:reload"])
async def test_reload_has_no_button(tmp_path: Path, data: str) -> None:
    loads: list[Progress | None] = []
    async with BotApi() as api, running_bot(api, tmp_path, admin_ids=[BOSS], before_load=loads.append):
        boss = api.person("Boss", id=BOSS)
        answer = await boss.private_chat.reply_to(boss.says(SIGNED))
        assert (await boss.calls_back(answer, data)).text == phrases.say("press.unknown")
        assert loads == []
