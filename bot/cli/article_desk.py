"""The admins' desk in the shell: articles, add, versions and rollback, by the functions of the chat.

A bot that is running goes on with the articles that it has read until it is told to read them again,
by /reload or SIGHUP.
"""

import secrets
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console

from bot.cli.assembly.articles import make_editing, open_store, open_versions
from bot.cli.printing import print_plain, write_json
from bot.cli.shell_database import use_database
from bot.corpus.articles import CorpusError, load_corpus
from bot.corpus.changes import Change
from bot.corpus.drafts import Draft, change_draft
from bot.corpus.editing import FetchingOffError, find_source
from bot.corpus.extraction import ExtractionError
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Version
from bot.fetching import FetchError
from bot.journal.audit import SHELL, Act, Audit
from bot.journal.database import Database
from bot.journal.quotations import Quotations
from bot.model import Corpus
from bot.settings import Settings

_SHELL = "shell"


class ArticleDeskError(Exception):
    """What was asked for cannot be done; the message says why and what to do."""


def list_articles(settings: Settings) -> list[dict[str, Any]]:
    """Return what /articles shows.

    Raises:
        CorpusError: an article file has a mistake.
        NewerSchemaError: a newer version of the bot wrote the database.
        DatabaseUnavailableError: the database cannot be read.
    """
    corpus = _load(settings)
    sentences = Counter(passage.article.id for passage in corpus.passages)
    quoted = use_database(settings.database, lambda database: Quotations(database).count())
    return [
        {
            "article": article.id,
            "title": article.title,
            "outlet": article.outlet,
            "published": article.published.isoformat() if article.published else None,
            "language": article.language,
            "url": article.source,
            "sentences": sentences[article.id],
            "quoted": quoted.get(article.id, 0),
        }
        for article in corpus.articles
    ]


def list_versions(settings: Settings) -> list[dict[str, Any]]:
    """Return what /versions shows, the newest first."""
    store = open_store(settings)
    return [_describe(version) for version in open_versions(settings, store).list_versions()]


def add_article(settings: Settings, what: str, changes: dict[str, str]) -> dict[str, Any]:
    """Add the article in a file or at an address; ``changes`` are values of the front matter.

    Raises:
        ArticleDeskError: it cannot be added.
        FieldError: a value cannot be read.
        StoreError: the folder cannot be written.
        CorpusError: the articles have a mistake, before or with it; nothing was added.
    """
    store = open_store(settings)
    store.check_writable()
    draft = _read(settings, store, what)
    for name, value in changes.items():
        draft = change_draft(draft, name, value, "en")
    if draft.source is None:
        message = f"{what}: names no source; give its address with --source"
        raise ArticleDeskError(message)
    there = find_source(_load(settings), draft.source)
    if there is not None:
        message = f"{what}: {there.id} already has the source {draft.source}"
        raise ArticleDeskError(message)
    change = store.add(draft.name, draft.render(), by=_SHELL, key=f"add{secrets.token_hex(8)}")
    corpus = _check(settings, store, change)
    path = change.steps[0].path
    _record(settings, Act.ADDED_ARTICLE, path)
    return {
        "article": path.removesuffix(".md"),
        "title": draft.title,
        "language": draft.language,
        "sentences": len(draft.split()),
        "missing": list(draft.missing),
        "corpus": corpus.version,
    }


def roll_back(settings: Settings, version_id: str) -> dict[str, Any]:
    """Put a version's files into the corpus folder.

    Raises:
        ArticleDeskError: there is no such version.
        StoreError: the folder cannot be written.
        CorpusError: the version has a mistake; the folder is as before.
    """
    store = open_store(settings)
    versions = open_versions(settings, store)
    if versions.find(version_id) is None:
        message = f"{version_id}: is not a version that is kept; python -m bot versions lists them"
        raise ArticleDeskError(message)
    change = versions.roll_back(version_id, by=_SHELL, key=f"back{secrets.token_hex(8)}")
    corpus = _check(settings, store, change)
    _record(settings, Act.ROLLED_BACK, version_id)
    return {"corpus": corpus.version, "articles": len(corpus.articles), "passages": len(corpus.passages)}


def print_rows(console: Console, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """Print each row as a line, of JSON or for people."""
    for row in rows:
        if as_json:
            print_plain(console, write_json(row))
            continue
        shown = (", ".join(value) if isinstance(value, list) else value for value in row.values())
        print_plain(console, "  ".join("-" if value in (None, "") else str(value) for value in shown))


def _read(settings: Settings, store: ArticleStore, what: str) -> Draft:
    editing = make_editing(settings, store)
    try:
        if what.startswith(("http://", "https://")):
            return editing.read_address(what)
        path = Path(what)
        return editing.read_file(path.read_bytes(), path.name)
    except FetchingOffError:
        message = f"{what}: is not fetched; set BOT_FETCH=on"
    except (FetchError, ExtractionError) as error:
        message = f"{what}: {error}"
    except OSError as error:
        message = f"{what}: cannot be read: {error.strerror or error}"
    raise ArticleDeskError(message)


def _check(settings: Settings, store: ArticleStore, change: Change) -> Corpus:
    """Load the articles with a change; take it back if they do not load.

    Raises:
        CorpusError: they do not load; the folder is as before.
        StoreError: nor can the change be taken back.
    """
    try:
        return _load(settings)
    except CorpusError:
        store.take_back(change, by=_SHELL)
        raise


def _record(settings: Settings, act: Act, detail: str) -> None:
    async def record(database: Database) -> None:
        Audit(database).record(SHELL, act, detail)

    use_database(settings.database, record)


def _load(settings: Settings) -> Corpus:
    return load_corpus(settings.corpus, settings.max_article_bytes, settings.max_corpus_bytes)


def _describe(version: Version) -> dict[str, Any]:
    return {
        "version": version.id,
        "kept_at": version.kept_at.isoformat(timespec="seconds"),
        "by": version.by,
        "articles": len(version.files),
        "new": version.new,
        "changed": version.changed,
        "gone": version.gone,
        "has_served": version.has_served,
        "tests_right": version.score.right if version.score else None,
        "tests": version.score.total if version.score else None,
    }
