"""Whoever may adds articles by chat, takes them out, and goes back; nobody else can."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.corpus.drafts import Drafts, KeptDraft
from bot.sandbox.people import Person
from bot.sandbox.server import BotApi
from bot.sandbox.world.chats import Message
from tests.article_files import read_page, write_pdf
from tests.chat_bot import SIGNED, ChatBot, copy_articles, phrases, running_bot, write_article

BOSS, CHIEF = 77, 78
TEXT = (
    b"Whales sing below the ice\n\nBlue whales eat krill near the ice. They sing for hours.\n\n"
    b"Source: https://sea.example/2026/05/06/whales\n"
)


@asynccontextmanager
async def desk(folder: Path, *, fetch: bool = False) -> AsyncIterator[tuple[BotApi, ChatBot, Path]]:
    articles = folder / "articles"
    if not articles.exists():
        copy_articles(folder)
    async with (
        BotApi() as api,
        running_bot(api, folder, articles=articles, admin_ids=[BOSS, CHIEF], fetch=fetch) as bot,
    ):
        yield api, bot, articles


async def preview_of(person: Person, sent: Message) -> Message:
    return await person.private_chat.reply_to(sent)


def list_files(articles: Path) -> set[str]:
    return {path.relative_to(articles).as_posix() for path in articles.rglob("*") if path.is_file()}


async def replies(message: Message, count: int) -> Message:
    """Wait for a number of replies to a message, and return the last."""
    chat = message.chat
    found = await chat.bell.until(lambda: chat.replies_to(message)[count - 1 : count] or None, 20)
    assert found
    return found[0]


async def test_text_file_is_added_asked_and_undone(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, articles):
        boss = api.person("Boss", id=BOSS)
        before, version = list_files(articles), bot.desk.corpus.version
        preview = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
        assert preview.text.startswith("Whales sing below the ice\nsea.example · May 6, 2026 · English")
        assert "2 sentences" in preview.text
        assert "First: Blue whales eat krill near the ice." in preview.text
        assert "Last: They sing for hours." in preview.text
        assert list_files(articles) == before
        await boss.presses(preview, phrases.say("draft.add"))
        report = await replies(preview, 1)
        assert "added/whales.md" in report.text
        assert list_files(articles) == before | {"added/whales.md"}
        answer = await boss.private_chat.reply_to(boss.says("What do blue whales eat?"))
        assert "krill" in answer.text
        await boss.presses(report, phrases.say("articles.undo"))
        undone = await replies(report, 1)
        assert undone.text == phrases.say("articles.undone", version=version)
        assert list_files(articles) == before
        # A second press finds it undone already.
        await boss.presses(report, phrases.say("articles.undo"))
        assert (await replies(report, 2)).text == undone.text


async def add_whales(boss: Person) -> Message:
    """Add an article, and return the report, under which *Undo* stands."""
    preview = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
    await boss.presses(preview, phrases.say("draft.add"))
    return await replies(preview, 1)


async def test_undo_that_does_not_load_works_when_it_is_pressed_again(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, articles):
        boss = api.person("Boss", id=BOSS)
        before = list_files(articles)
        report = await add_whales(boss)
        broken = articles / "broken.md"
        broken.write_text("broken by hand")
        await boss.presses(report, phrases.say("articles.undo"))
        failed = await replies(report, 1)
        assert failed.text.startswith(phrases.say("articles.not-loading", detail=""))
        assert (articles / "added" / "whales.md").exists()
        broken.unlink()
        await boss.presses(report, phrases.say("articles.undo"))
        await replies(report, 2)
        assert list_files(articles) == before


async def test_undo_pressed_again_changes_nothing_when_another_file_is_broken(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, articles):
        boss = api.person("Boss", id=BOSS)
        report = await add_whales(boss)
        await boss.presses(report, phrases.say("articles.undo"))
        await replies(report, 1)
        (articles / "broken.md").write_text("broken by hand")
        before = list_files(articles)
        await boss.presses(report, phrases.say("articles.undo"))
        failed = await replies(report, 2)
        assert failed.text.startswith(phrases.say("articles.not-loading", detail=""))
        assert list_files(articles) == before


async def test_drafts_are_searched_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    find_asked = Drafts.find_asked

    def note_thread(drafts: Drafts, chat_id: int, message_id: int) -> tuple[KeptDraft, str] | None:
        threads.append(threading.current_thread())
        return find_asked(drafts, chat_id, message_id)

    monkeypatch.setattr(Drafts, "find_asked", note_thread)
    async with desk(tmp_path) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        answer = await boss.private_chat.reply_to(boss.says(SIGNED))
        for words in ("And who signed it?", "https://post.example/mill"):
            await boss.private_chat.reply_to(boss.says(words, reply_to=answer))
    assert len(threads) == 2
    assert threading.main_thread() not in threads


async def test_pdf_needs_an_address_and_gets_one_by_an_answer(tmp_path: Path) -> None:
    lines = [
        "The old mill by the river will be a museum from next spring on.",
        "Its wheel turned for the last time in 1961, when the owner retired.",
        "Volunteers have repaired the roof and the wheel since that year.",
        "They look for people who remember how the mill was at work, and for",
        "old pictures of the house, the bridge and the people who lived there.",
    ]
    async with desk(tmp_path) as (api, _bot, articles):
        boss = api.person("Boss", id=BOSS)
        sent = boss.sends_document(write_pdf([lines], "A museum in the mill"), "mill.pdf")
        preview = await preview_of(boss, sent)
        assert preview.text.startswith("A museum in the mill\n")
        assert phrases.say("draft.needs-source") in preview.text
        assert phrases.say("draft.add") not in str(preview.buttons)
        await boss.presses(preview, phrases.say("draft.change"))
        await preview.edited()
        await boss.presses(preview, phrases.say("draft.field.source"))
        asking = await replies(preview, 1)
        wrong = await boss.private_chat.reply_to(boss.says("somewhere", reply_to=asking))
        assert wrong.text == phrases.say(
            "draft.unreadable", field=phrases.say("draft.field.source"), example="https://example.org/article"
        )
        again = await preview_of(boss, boss.says("https://post.example/mill", reply_to=asking))
        await boss.presses(again, phrases.say("draft.add"))
        await replies(again, 1)
        assert (articles / "added" / "mill.md").exists()


async def test_draft_that_cannot_be_kept_is_said_where_a_field_is_asked_for(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        preview = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
        (kept,) = (tmp_path / "versions" / "drafts").glob("*.json")
        kept.with_name(f".{kept.name}.unfinished").mkdir()
        await boss.presses(preview, phrases.say("draft.change"))
        await preview.edited()
        await boss.presses(preview, phrases.say("draft.field.title"))
        told = await replies(preview, 2)
        assert told.text.startswith(phrases.say("articles.read-only", detail=""))


async def test_cancelled_draft_writes_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, articles):
        boss = api.person("Boss", id=BOSS)
        before = list_files(articles)
        preview = await preview_of(boss, boss.sends_document(TEXT, "../../whales.txt"))
        await boss.presses(preview, phrases.say("draft.cancel"))
        await preview.edited()
        assert preview.text == phrases.say("draft.cancelled")
        assert list_files(articles) == before


@pytest.mark.parametrize(
    ("content", "name", "key"),
    [
        (b"MZ", "virus.exe", "extraction.kind"),
        (b"<html><p>Are you a robot?</p></html>", "page.html", "extraction.empty"),
        (b"no front matter", "a.md", "extraction.unreadable"),
    ],
)
async def test_file_that_is_no_article_is_told_why(
    tmp_path: Path, content: bytes, name: str, key: str
) -> None:
    async with desk(tmp_path) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        reply = await preview_of(boss, boss.sends_document(content, name))
        said = phrases.say(key, kinds=".md .txt .html .htm .pdf", detail="")
        assert reply.text.startswith(said.strip())


async def test_read_only_folder_is_said_before_the_preview(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, articles):
        (articles / "added").write_text("a file where the folder should be")
        boss = api.person("Boss", id=BOSS)
        reply = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
        assert reply.text.startswith(phrases.say("articles.read-only", detail=""))
        assert not reply.buttons


async def test_two_admins_add_the_same_and_it_is_there_once(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, _articles):
        people = [api.person("Boss", id=BOSS), api.person("Chief", id=CHIEF)]
        previews = [await preview_of(one, one.sends_document(TEXT, "whales.txt")) for one in people]
        presses = [
            one.presses(preview, phrases.say("draft.add"))
            for one, preview in zip(people, previews, strict=True)
        ]
        await asyncio.gather(*presses)
        await api.polled()
        await bot.settle()
        there = [each for each in bot.desk.corpus.articles if each.source.startswith("https://sea.example")]
        assert len(there) == 1
        assert (await people[0].private_chat.reply_to(people[0].says(SIGNED))).buttons


async def test_buttons_work_after_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, articles):
        boss = api.person("Boss", id=BOSS)
        preview = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
        await bot.end()
        async with running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]) as again:
            await boss.presses(preview, phrases.say("draft.add"))
            report = await replies(preview, 1)
            assert "added/whales.md" in report.text
            await again.end()
        async with running_bot(api, tmp_path, articles=articles, admin_ids=[BOSS]):
            await boss.presses(report, phrases.say("articles.undo"))
            await replies(report, 1)
            assert not (articles / "added" / "whales.md").exists()


async def test_strangers_get_what_they_always_got(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, articles):
        boss, anna = api.person("Boss", id=BOSS), api.person("Anna")
        before, version = list_files(articles), bot.desk.corpus.version
        preview = await preview_of(boss, boss.sends_document(TEXT, "whales.txt"))
        reply = await anna.private_chat.reply_to(anna.sends_document(TEXT, "whales.txt"))
        assert reply.text == phrases.say("question.only-text")
        for command in ("/articles", "/versions", "/version"):
            reply = await anna.private_chat.reply_to(anna.says(command))
            assert reply.text == phrases.say("unknown-command")
        buttons = [button["callback_data"] for button in preview.buttons]
        digest = bot.desk.corpus.articles[0].digest[:16]
        others = ["articles:page:0", f"articles:show:{digest}", f"articles:out:{digest}", "undo:a"]
        for data in (*buttons, *others, f"versions:back:{version}", f"versions:show:{version}"):
            assert (await anna.calls_back(reply, data)).text == phrases.say("press.unknown")
        assert list_files(articles) == before


async def test_articles_are_listed_shown_taken_out_and_brought_back(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, articles):
        boss = api.person("Boss", id=BOSS)
        await boss.private_chat.reply_to(boss.says(SIGNED))
        await bot.journal.flush()
        page = await boss.private_chat.reply_to(boss.says("/articles"))
        assert "quoted in 1 answer" in page.text
        before = list_files(articles)
        await boss.presses(page, "2")
        await page.edited()
        second = bot.desk.corpus.articles[1]
        first_sentence = next(each.text for each in bot.desk.corpus.passages if each.article is second)
        assert f"1. {first_sentence}" in page.text
        await boss.presses(page, phrases.say("articles.take-out"))
        report = await replies(page, 1)
        assert f"{second.id}.md" in report.text
        assert not (articles / f"{second.id}.md").exists()
        assert second.id not in {article.id for article in bot.desk.corpus.articles}
        await boss.presses(report, phrases.say("articles.undo"))
        await replies(report, 1)
        assert list_files(articles) == before


async def test_versions_are_listed_and_one_is_rolled_back_to(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, bot, articles):
        boss = api.person("Boss", id=BOSS)
        first = bot.desk.corpus.version
        write_article(articles, "whales", "Blue whales eat krill. They sing.")
        await boss.private_chat.reply_to(boss.says("/reload"))
        second = bot.desk.corpus.version
        page = await boss.private_chat.reply_to(boss.says("/versions"))
        assert f"{second} · in use" in page.text
        assert "1 new, 0 changed, 0 removed" in page.text
        await boss.presses(page, "2")
        await page.edited()
        await boss.presses(page, phrases.say("versions.roll-back"))
        report = await replies(page, 1)
        assert first in report.text
        assert bot.desk.corpus.version == first
        assert not (articles / "whales.md").exists()
        await boss.presses(report, phrases.say("articles.undo"))
        await replies(report, 1)
        assert bot.desk.corpus.version == second
        said = await boss.private_chat.reply_to(boss.says("/version"))
        assert second in said.text


async def test_address_is_refused_where_fetching_is_off(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        reply = await boss.private_chat.reply_to(boss.says("https://post.example/mill"))
        assert reply.text == phrases.say("articles.fetch-off")


async def test_address_of_a_private_network_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path, fetch=True) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        reply = await boss.private_chat.reply_to(boss.says("http://127.0.0.1:9/"))
        assert reply.text == phrases.say("extraction.forbidden")


async def test_page_is_previewed_in_its_language(tmp_path: Path) -> None:
    async with desk(tmp_path) as (api, _bot, _articles):
        boss = api.person("Boss", id=BOSS)
        preview = await preview_of(boss, boss.sends_document(read_page("orgel"), "orgel.html"))
        assert "Neues Tagblatt · Oct 6, 2026 · German" in preview.text
