"""The lexical ranking: BM25 over the passages' terms, computed by rank-bm25.

Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section
3.2; rank-bm25's ``BM25Okapi`` with its defaults (k1 = 1.5, b = 0.75). A passage is reduced to
the terms of its own language; a question is reduced in each of the corpus's languages, and a
term counts once for each.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi

from bot.model import Passage
from bot.search.analysis import extract_terms

# A term that more than this part of all passages has does not tell what a question is about.
_COMMON_PART = 0.2


class LexicalRanking:
    """BM25 scores of every passage for a question. Immutable; safe to use from several threads."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Index the passages. None of them, or none with a term, is fine: nothing is found."""
        documents = [extract_terms(passage.text, passage.article.language) for passage in passages]
        self._size = len(documents)
        self._languages = sorted({passage.article.language for passage in passages})
        # rank-bm25 divides by the number of terms in all documents.
        self._bm25 = BM25Okapi(documents) if any(documents) else None
        self._passages_with = Counter(term for document in documents for term in set(document))

    def score(self, question: str) -> NDArray[np.float64]:
        """Return one score per passage, in their order; shape (passages,), not normalised."""
        if self._bm25 is None:
            return np.zeros(self._size)
        return np.asarray(self._bm25.get_scores(self._question_terms(question)), dtype=np.float64)

    def has_telling_term(self, question: str) -> bool:
        """Tell whether some passage has a term of the question that most others do not have."""
        limit = max(1.0, _COMMON_PART * self._size)
        return any(0 < self._passages_with[term] <= limit for term in self._question_terms(question))

    def _question_terms(self, question: str) -> list[str]:
        terms = {term: None for language in self._languages for term in extract_terms(question, language)}
        return list(terms)
