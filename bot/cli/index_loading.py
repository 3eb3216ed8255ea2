"""From the settings to an index of the articles: which models, which reader, which files."""

import logging
from pathlib import Path

from bot.chat_endpoint import ChatEndpoint
from bot.corpus.articles import load_corpus
from bot.search.chat_reader import ChatReader
from bot.search.index import CorpusIndex
from bot.search.models import EncoderUnavailableError, Models, load_models
from bot.search.reader import Reader
from bot.search.reading import prepare
from bot.search.signals import ALL_PARTS, Parts
from bot.search.vectors import Progress, VectorCache
from bot.settings import CHAT_READER, WITHOUT_ENCODER, WITHOUT_READER, Settings

_LOG = logging.getLogger(__name__)


class IndexLoader:
    """Makes an index of the articles as they are on disk; the models are loaded once."""

    def __init__(self, settings: Settings) -> None:
        """Load the models, or say that ranking goes without it.

        Raises:
            UnknownEncoderError: the setting names no encoder.
        """
        self._corpus = settings.corpus
        self._max_article_bytes = settings.max_article_bytes
        self._max_corpus_bytes = settings.max_corpus_bytes
        self._vectors = VectorCache(settings.cache)
        self._models: Models | None = None
        self._reader: Reader | None = None
        if settings.encoder == WITHOUT_ENCODER:
            return
        try:
            self._models = load_models(settings.encoder)
            self._reader = _choose_reader(settings, self._models.reader)
        except EncoderUnavailableError as error:
            _LOG.warning(
                "%s; passages are ranked by BM25 alone, mostly in the question's own language", error
            )

    def load(
        self, progress: Progress | None, parts: Parts = ALL_PARTS, folder: Path | None = None
    ) -> CorpusIndex:
        """Read and index the articles, of another ``folder`` if one is given; only new texts are embedded.

        Raises:
            CorpusError: an article file has a mistake.
        """
        corpus = load_corpus(folder or self._corpus, self._max_article_bytes, self._max_corpus_bytes)
        if self._models is None:
            return CorpusIndex.build(corpus, parts=parts)
        index = CorpusIndex.build(
            corpus,
            self._models.encoder,
            self._vectors,
            progress,
            reader=self._reader,
            parts=parts,
        )
        if self._reader and self._models.reader:
            # Another reader that is chosen falls back to the bot's own.
            prepare(self._models.reader, corpus.passages, self._vectors, progress)
        return index


def _choose_reader(settings: Settings, own: Reader | None) -> Reader | None:
    """Return the reader of the settings; ``own`` is the built-in one, if it runs here."""
    if settings.reader == WITHOUT_READER:
        return None
    if settings.reader != CHAT_READER or settings.reader_url is None or settings.reader_model is None:
        return own
    endpoint = ChatEndpoint(
        str(settings.reader_url),
        settings.reader_model,
        key=settings.reader_key.get_secret_value() if settings.reader_key else None,
        timeout_s=settings.reader_timeout_s,
    )
    return ChatReader(endpoint, own)
