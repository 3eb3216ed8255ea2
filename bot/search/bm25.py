"""BM25 over the terms of each language, computed by rank-bm25.

Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", section
3.2, as BM25+ (Lv and Zhai 2011, "Lower-Bounding Term Frequency Normalization"), whose idf is
never negative, with rank-bm25's defaults (k1 = 1.5, b = 0.75, delta = 1). Each language has its
own BM25: a word that is rare in a corpus may be common in its language's part.

rank-bm25 walks every document for every term and BM25+ adds delta even where a term is missing;
so only the documents that have a term are scored, with ``get_batch_scores``.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rank_bm25 import BM25Plus

Scores = NDArray[np.float32]
"""float32, shape (passages,)."""


class TermIndex:
    """BM25 of the passages of one language. ``rows`` are their numbers in the corpus. Immutable."""

    def __init__(self, rows: NDArray[np.intp], documents: Sequence[Sequence[str]]) -> None:
        """Index the terms of the documents; a document may have none."""
        self.rows = rows
        self.postings: dict[str, list[int]] = {}
        for number, document in enumerate(documents):
            for term in dict.fromkeys(document):
                self.postings.setdefault(term, []).append(number)
        # rank-bm25 divides by the number of terms in all documents.
        self._bm25 = BM25Plus([list(document) for document in documents]) if self.postings else None

    def add_best(self, terms: Mapping[str, float], scores: Scores) -> None:
        """Add to each passage the best weighted score among ``terms``, which all stand for one word.

        Synonyms are one term of the question (Pirkola 1998, "The Effects of Query Structure and
        Dictionary Setups in Dictionary-Based Cross-Language Information Retrieval"): a passage
        with two translations of a word has not answered twice.
        """
        best: dict[int, float] = {}
        for term, weight in terms.items():
            documents = self.postings.get(term)
            if self._bm25 is None or not documents:
                continue
            for number, score in zip(documents, self._bm25.get_batch_scores([term], documents), strict=True):
                best[number] = max(best.get(number, 0.0), weight * score)
        for number, score in best.items():
            scores[self.rows[number]] += score

    def weigh(self, term: str) -> float:
        """Return the idf of a term; a term that no document has counts as one that a single document has."""
        documents = len(self.postings.get(term, ()))
        return float(np.log((len(self.rows) + 1) / max(documents, 1)))


def index_by_language(languages: Sequence[str], documents: Sequence[Sequence[str]]) -> dict[str, TermIndex]:
    """Make an index for each language, of the documents in that language."""
    indexes: dict[str, TermIndex] = {}
    for language in sorted(set(languages)):
        rows = np.array([row for row, at in enumerate(languages) if at == language], dtype=np.intp)
        indexes[language] = TermIndex(rows, [documents[row] for row in rows])
    return indexes
