"""Editing the articles: from a file or an address to a draft, and from a draft into the corpus folder.

The same for the chat and for the shell. It does not decide who may, and does not reload.
"""

from bot.corpus.drafts import Draft, Drafts
from bot.corpus.extraction import Extractor
from bot.corpus.store import ArticleStore
from bot.fetching import Fetcher
from bot.model import Article, Corpus


class FetchingOffError(Exception):
    """An address was given, and fetching is off."""


class Editing:
    """What it takes to edit the articles."""

    def __init__(
        self, *, store: ArticleStore, drafts: Drafts, extractor: Extractor, fetcher: Fetcher | None
    ) -> None:
        """Without a ``fetcher``, addresses are refused."""
        self.store = store
        self.drafts = drafts
        self._extractor = extractor
        self._fetcher = fetcher

    def read_file(self, content: bytes, name: str) -> Draft:
        """Make a draft of a file.

        Raises:
            ExtractionError: it cannot be read.
        """
        return self._extractor.extract(content, name)

    def read_address(self, address: str) -> Draft:
        """Make a draft of the page at an address.

        Raises:
            FetchingOffError: nothing may be fetched.
            FetchError: the page cannot be had.
            ExtractionError: it cannot be read.
        """
        if self._fetcher is None:
            raise FetchingOffError
        page = self._fetcher.fetch(address)
        return self._extractor.extract(page.content, f"page{page.suffix}", page.address)


def find_source(corpus: Corpus, source: str | None) -> Article | None:
    """Return the article that has a source already."""
    if source is None:
        return None
    wanted = source.rstrip("/")
    return next((article for article in corpus.articles if article.source.rstrip("/") == wanted), None)
