"""A start with broken articles names the last good version, or serves it where that is wanted."""

import logging
from pathlib import Path

import pytest
from rich.console import Console

from bot.cli.assembly.articles import open_store, open_versions
from bot.cli.assembly.desk import open_desk
from bot.corpus.articles import CorpusError, load_corpus
from bot.model import TroubleKind
from bot.settings import Settings
from tests.chat_bot import write_article


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
