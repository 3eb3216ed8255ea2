"""The corpus folder as something that is changed: the store, its versions, and what edits it."""

import logging

from bot.corpus.changes import StoreError
from bot.corpus.drafts import Drafts
from bot.corpus.editing import Editing
from bot.corpus.extraction import Extractor
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.fetching import Fetcher
from bot.language import LanguageDetector
from bot.model import Corpus
from bot.settings import Settings
from bot.wording.phrases import load_phrases

_LOG = logging.getLogger(__name__)


def open_store(settings: Settings) -> ArticleStore:
    """Open the corpus folder for changes, and finish one in the midst of which a process ended."""
    store = ArticleStore(settings.corpus, settings.versions)
    try:
        change = store.recover()
    except StoreError as error:
        _LOG.error("A change of the articles that was begun cannot be finished: %s", error)
    else:
        if change is not None:
            _LOG.warning("Finished a change of the articles that was begun: %s", change.kind.value)
    return store


def open_versions(settings: Settings, store: ArticleStore) -> Versions:
    """Open the versions of the articles."""
    return Versions(
        store, settings.versions, max_versions=settings.max_versions, max_bytes=settings.max_versions_bytes
    )


def make_editing(settings: Settings, store: ArticleStore) -> Editing:
    """Make what edits the articles."""
    # An article is most likely in a language that its readers are talked to in.
    detector = LanguageDetector(load_phrases())
    return Editing(
        store=store,
        drafts=Drafts(settings.versions),
        extractor=Extractor(detector.detect, max_article_bytes=settings.max_article_bytes),
        fetcher=Fetcher(settings.fetch_networks) if settings.fetch else None,
    )


def keep_version(versions: Versions, corpus: Corpus) -> None:
    """Keep the corpus that serves from now on; without a version it serves all the same."""
    try:
        versions.keep(corpus)
    except StoreError as error:
        _LOG.warning("The version %s of the articles is not kept: %s", corpus.version, error)
