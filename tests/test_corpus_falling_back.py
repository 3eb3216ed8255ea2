"""A start with broken articles names the last good version, or serves it where that is wanted."""

import logging
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.assembly.articles import open_store, open_versions
from bot.cli.assembly.desk import open_desk
from bot.corpus.articles import CorpusError, load_corpus
from bot.model import TroubleKind
from bot.sandbox.server import BotApi
from bot.settings import Settings
from tests.chat_bot import phrases, write_article
from tests.service import START_S, Service, end


def settings_in(folder: Path, *, fall_back: bool) -> Settings:
    return Settings(
        corpus=folder / "articles",
        versions=folder / "versions",
        encoder="none",
        reader="none",
        fall_back=fall_back,
    )


def break_articles(folder: Path) -> str:
    """Serve a version, break it by hand, and return it."""
    settings = settings_in(folder, fall_back=False)
    settings.corpus.mkdir()
    write_article(settings.corpus, "whales", "Blue whales eat krill. They sing.")
    corpus = load_corpus(settings.corpus, 1_000_000)
    open_versions(settings, open_store(settings)).keep(corpus)
    (settings.corpus / "whales.md").write_text("broken")
    return corpus.version


def test_start_with_broken_articles_names_the_last_good_version(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    version = break_articles(tmp_path)
    with caplog.at_level(logging.ERROR), pytest.raises(CorpusError):
        open_desk(settings_in(tmp_path, fall_back=False), Console(stderr=True))
    assert f"python -m bot rollback {version} puts it back" in caplog.text


def test_start_with_broken_articles_serves_the_last_good_version(tmp_path: Path) -> None:
    version = break_articles(tmp_path)
    desk = open_desk(settings_in(tmp_path, fall_back=True), Console(stderr=True))
    assert desk.corpus.version == version
    assert desk.trouble is not None
    assert desk.trouble.kind is TroubleKind.CORPUS_FELL_BACK
    assert "whales.md:1" in desk.trouble.detail
    with pytest.raises(CorpusError):
        desk.reload()


async def test_owner_is_alerted_of_a_start_with_an_earlier_version(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    whales = write_article(articles, "whales", "Blue whales eat krill. They sing.")
    async with BotApi() as api:
        boss, anna = api.person("Boss", id=1), api.person("Anna")
        service = Service(api, tmp_path, articles, BOT_ENCODER="none", BOT_READER="none", BOT_FALL_BACK="on")
        async with service.start() as process:
            boss.starts()
            await boss.private_chat.next_message_from_bot(timeout=START_S)
            await end(process)
        good = whales.read_text("utf-8")
        whales.write_text("broken")
        async with service.start():
            told = await boss.private_chat.next_message_from_bot(timeout=START_S)
            assert told.text.startswith(phrases.say("alert.corpus_fell_back"))
            assert "whales.md:1" in told.text
            answer = await anna.private_chat.reply_to(anna.says("What do blue whales eat?"))
            assert "krill" in answer.text
            report = await boss.private_chat.reply_to(boss.says("/reload"))
            assert "whales.md:1" in report.text
            whales.write_text(good)
            report = await boss.private_chat.reply_to(boss.says("/reload"))
            assert phrases.say("reload.unchanged") in report.text
