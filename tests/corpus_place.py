"""A corpus folder with its store and versions, for tests of both."""

from pathlib import Path

import pytest

from bot.corpus.articles import load_corpus
from bot.corpus.changes import ChangeKind, PendingError
from bot.corpus.store import ArticleStore
from bot.corpus.versions import Versions
from bot.model import Corpus

ARTICLE = '+++\nlanguage = "en"\nsource = "https://example.org/{0}"\n+++\n\n{0} is here. It stays.\n'


def text(name: str) -> bytes:
    return ARTICLE.format(name.replace(" ", "-")).encode()


class Place:
    """A corpus folder with its store and versions."""

    def __init__(self, folder: Path, max_versions: int = 10, max_bytes: int = 1_000_000) -> None:
        self.folder = folder / "corpus"
        self.folder.mkdir(exist_ok=True)
        self.store = ArticleStore(self.folder, folder / "state")
        self.versions = Versions(self.store, folder / "state", max_versions=max_versions, max_bytes=max_bytes)

    def load(self) -> Corpus:
        return load_corpus(self.folder, 1_000_000)

    def serve(self) -> str:
        corpus = self.load()
        self.versions.keep(corpus)
        return corpus.version

    def names(self) -> set[str]:
        return {article.id for article in self.load().articles}


def prepare(folder: Path) -> str:
    """Make a corpus with two versions, of one article and of two; return the first."""
    folder.mkdir(exist_ok=True)
    place = Place(folder)
    (place.folder / "one.md").write_bytes(text("one"))
    first = place.serve()
    place.store.add("two", text("two"), by="7", key="two")
    place.serve()
    return first


def leave_pending(place: Place, contents: dict[str, bytes | None]) -> None:
    """Begin a change that also removes an article, whose removal can be neither followed nor put back."""
    (place.folder / "a.md").write_bytes(text("a"))
    blocked = [place.folder / path for path in ("a.md", *contents)]
    # A folder is where each file would be written before it is put into its place.
    blocks = [path.with_name(f".{path.name}.unfinished") for path in blocked]
    for block in blocks:
        block.mkdir(parents=True)
    with pytest.raises(PendingError, match=r"note\.json"):
        place.store.make(ChangeKind.ADD, {"a.md": None, **contents}, by="7", key="pending")
    for block in blocks:
        block.rmdir()
    assert not (place.folder / "a.md").exists()
