"""A question's words in every language of the corpus: "countries" finds "länder" and "negara".

Each word of the question is looked up among the words of each language by its vector (centred
per language, as passages are); its nearest ones are its translations, each with its similarity.
Which words are translated depends on the question alone, so that an answer never depends on what
was asked before. A word is embedded only once: the words of the corpus when the index is built,
those of questions when they are first seen, in a bounded memory. This module does not rank:
``lexical`` does.
"""

import threading
from collections.abc import Sequence

import numpy as np
from cachetools import LRUCache

from bot.model import Passage
from bot.search.analysis import split_words, stem_words
from bot.search.centring import LanguageMeans
from bot.search.encoder import Encoder, Vectors

_LEAST_SIMILARITY = 0.3
_MOST_NEIGHBOURS = 2
# Shorter words are mostly grammar and pairs of characters, whose vectors say little.
_LEAST_LETTERS = 3
# The longest say the most, and each that was never seen takes about 3 ms to embed.
_MOST_TRANSLATED = 4


class Vocabulary:
    """One word for each term of each language: what is embedded of a corpus's words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Collect the words that are long enough to translate into."""
        found: dict[tuple[str, str], str] = {}
        for passage in passages:
            language = passage.article.language
            words = split_words(passage.text)
            for word, term in zip(words, stem_words(words, language), strict=True):
                if is_translatable(word):
                    found.setdefault((language, term), word)
        self.languages = tuple(language for language, _ in found)
        self.terms = tuple(term for _, term in found)
        self.words = tuple(found.values())


def is_translatable(word: str) -> bool:
    """Tell whether a word's vector may say what it means; figures stand for themselves."""
    return len(word) >= _LEAST_LETTERS and not word[0].isdigit()


class WordMemory:
    """The vectors of the words that were asked most recently. Safe to use from several threads."""

    def __init__(
        self, encoder: Encoder, words: Sequence[str], vectors: Vectors, most_remembered: int = 20_000
    ) -> None:
        """Start with the words of the corpus, which are never forgotten."""
        self._encoder = encoder
        self._corpus = dict(zip(words, vectors, strict=True))
        self._asked: LRUCache[str, Vectors] = LRUCache(most_remembered)
        # An LRUCache reorders itself when it is read, so readers take turns too.
        self._lock = threading.Lock()

    def embed(self, words: Sequence[str]) -> Vectors:
        """Return the vectors of words, in their order; new ones are embedded in one batch."""
        with self._lock:
            known = {word: self._asked[word] for word in words if word in self._asked}
        known.update((word, self._corpus[word]) for word in words if word in self._corpus)
        new = [word for word in words if word not in known]
        if new:
            known.update(zip(new, self._encoder.embed_questions(new), strict=True))
            with self._lock:
                self._asked.update((word, known[word]) for word in new)
        return np.stack([known[word] for word in words])


class Translator:
    """Finds the terms of each language that a question's word may mean. Only its memory changes."""

    def __init__(self, vocabulary: Vocabulary, vectors: Vectors, memory: WordMemory) -> None:
        """Take the vocabulary with its vectors, one row a word."""
        self._memory = memory
        self._means = LanguageMeans(vectors, vocabulary.languages)
        centred = self._means.centre(vectors, vocabulary.languages)
        self._terms: dict[str, list[str]] = {}
        self._vectors: dict[str, Vectors] = {}
        for language in sorted(set(vocabulary.languages)):
            rows = [row for row, at in enumerate(vocabulary.languages) if at == language]
            self._terms[language] = [vocabulary.terms[row] for row in rows]
            self._vectors[language] = centred[rows]

    def translate(self, words: Sequence[str], language: str) -> dict[str, dict[str, dict[str, float]]]:
        """Return the translations of each word: by language of the corpus, terms and their similarities.

        Only the longest words of the question are translated, since the others say little.
        """
        chosen = sorted(
            {word for word in words if is_translatable(word)}, key=lambda word: (-len(word), word)
        )
        chosen = chosen[:_MOST_TRANSLATED]
        if not chosen or not self._terms:
            return {}
        vectors = self._means.centre_word(self._memory.embed(chosen), language)
        found: dict[str, dict[str, dict[str, float]]] = {word: {} for word in chosen}
        for target, terms in self._terms.items():
            for word, similarities in zip(chosen, vectors @ self._vectors[target].T, strict=True):
                near = np.flatnonzero(similarities >= _LEAST_SIMILARITY)
                best = near[np.argsort(-similarities[near], kind="stable")][:_MOST_NEIGHBOURS]
                found[word][target] = {terms[row]: float(similarities[row]) for row in best}
        return found
