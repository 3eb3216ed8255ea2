"""What tests of the search share: small corpora, and an encoder whose vectors can be foreseen."""

from collections.abc import Sequence

import numpy as np

from bot.model import Article, Corpus, Passage
from bot.search.analysis import split_words
from bot.search.encoder import Vectors


def make_corpus(**texts: Sequence[str]) -> Corpus:
    """Make one article a keyword, ``en=…`` or ``en_2=…``; each text is a passage."""
    articles: list[Article] = []
    passages: list[Passage] = []
    for name, sentences in texts.items():
        article = Article(
            name, name[:2], f"https://example.org/{name}", "Example", None, None, tuple(sentences), name
        )
        articles.append(article)
        passages += [Passage(article, sentence, 0, position) for position, sentence in enumerate(sentences)]
    return Corpus(tuple(articles), tuple(passages), "test")


class WordEncoder:
    """Adds up one fixed direction a word, so that texts with the same words are near each other.

    ``meanings`` gives words of several languages one direction: {"länder": "countries"}.
    """

    name = "words"
    dimension = 256

    def __init__(self, meanings: dict[str, str] | None = None) -> None:
        self._meanings = meanings or {}
        self.embedded: list[str] = []

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    def _embed(self, texts: Sequence[str]) -> Vectors:
        assert all(text.strip() for text in texts)
        self.embedded += texts
        return np.stack([self._add_up(split_words(text)) for text in texts])

    def _add_up(self, words: list[str]) -> Vectors:
        vector = np.full(self.dimension, 0.01)
        for word in (self._meanings.get(word, word) for word in words):
            vector += np.random.default_rng(list(word.encode())).standard_normal(self.dimension)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)
