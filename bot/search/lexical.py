"""The lexical ranking: how much the words of a question, and their translations, weigh in a passage.

Each passage is read in its own language: there, a word of the question counts as itself and as its
translations, whichever of them BM25 scores best. A word that the passage's language has itself
counts fully, a translation by its similarity. Without a translator only the words themselves count.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.model import Passage
from bot.search.analysis import extract_terms, stem_words
from bot.search.bm25 import Scores, index_by_language
from bot.search.translation import Translator


@dataclass(frozen=True, slots=True)
class LexicalScores:
    """BM25 of every passage for one question, and what it could reach at most.

    ``reachable`` is the summed idf of the question's words, each in the language where it is rarest.
    """

    words: Scores
    reachable: float


class LexicalRanking:
    """BM25 over the passages of a corpus, in every language at once. Immutable."""

    def __init__(self, passages: Sequence[Passage], translator: Translator | None) -> None:
        """Index the passages. Nothing is found where there are none, or none with a term."""
        self._count = len(passages)
        self._translator = translator
        self._indexes = index_by_language(
            [passage.article.language for passage in passages],
            [extract_terms(passage.text, passage.article.language) for passage in passages],
        )

    def score(self, words: Sequence[str], language: str) -> LexicalScores:
        """Sum BM25 over the words of a question in ``language``: folded, each word once."""
        scores = np.zeros(self._count, np.float32)
        rarest = dict.fromkeys(words, 0.0)
        translations = self._translator.translate(words, language) if self._translator else {}
        for target, index in self._indexes.items():
            for word, term in zip(words, stem_words(words, target), strict=True):
                index.add_best(translations.get(word, {}).get(target, {}) | {term: 1.0}, scores)
                rarest[word] = max(rarest[word], index.weigh(term))
        return LexicalScores(scores, sum(rarest.values()))
