"""The desk on the articles as they are on disk, or on the last good version of them."""

import logging
from collections.abc import Callable
from functools import cache

from rich.console import Console

from bot.answering import Desk, Index
from bot.cli.assembly.articles import open_store, open_versions
from bot.cli.index_loading import IndexLoader
from bot.cli.progress import show_progress
from bot.corpus.articles import CorpusError
from bot.corpus.changes import StoreError
from bot.corpus.versions import Versions
from bot.language import DETECTED, LanguageDetector, load_identifier
from bot.model import Trouble, TroubleKind
from bot.search.vectors import Progress
from bot.settings import Settings
from bot.wording.small_talk import load_small_talk

_LOG = logging.getLogger(__name__)


def open_desk(settings: Settings, console: Console) -> Desk:
    """Open the desk on the articles as they are on disk.

    Raises:
        CorpusError: an article file has a mistake.
        UnknownEncoderError: the setting names no encoder.
    """
    # Before all else: what it takes for a moment, indexing then uses again.
    load_identifier(frozenset(DETECTED))
    loader = IndexLoader(settings)
    store = open_store(settings)
    with show_progress(console) as progress:
        try:
            return make_desk(loader.load(progress), loader.load)
        except CorpusError as error:
            return _fall_back(settings, error, open_versions(settings, store), loader, progress)


def make_desk(
    index: Index, load_index: Callable[[Progress | None], Index], trouble: Trouble | None = None
) -> Desk:
    """Make the desk with its first index; ``load_index`` makes the next one."""
    return Desk(index, load_index, load_small_talk(), _load_detector, trouble)


def _fall_back(
    settings: Settings, error: CorpusError, versions: Versions, loader: IndexLoader, progress: Progress
) -> Desk:
    """Open the desk on the last good version, if that is wanted and there is one; else log which it is.

    Raises:
        CorpusError: it is not.
    """
    good = versions.find_last_good()
    if good is None:
        raise error
    when = good.kept_at.isoformat(timespec="seconds")
    if not settings.fall_back:
        _LOG.error(
            "The last good version of the articles is %s of %s:"
            " python -m bot rollback %s puts it back, BOT_FALL_BACK=on serves it until they are mended",
            *(good.id, when, good.id),
        )
        raise error
    try:
        with versions.unpacked(good) as folder:
            index = loader.load(progress, folder=folder)
    except (StoreError, CorpusError) as failure:
        _LOG.error("The last good version, %s, cannot be served: %s", good.id, failure)
        raise error from failure
    detail = f"version {good.id} of {when} is served instead; {error.mistakes[0]}"
    return make_desk(index, loader.load, Trouble(TroubleKind.CORPUS_FELL_BACK, detail))


@cache
def _load_detector(languages: frozenset[str]) -> LanguageDetector:
    return LanguageDetector(languages)
