"""The one door to ranking: an immutable index of a corpus, and its search.

A new corpus gets a new index; nothing in an index ever changes, so searches may run in any
thread while another index is being built.
"""

import numpy as np

from bot.model import Corpus, Findings, Hit, Question
from bot.search.lexical import LexicalRanking


class CorpusIndex:
    """Every passage of a corpus, ready to be ranked."""

    def __init__(self, corpus: Corpus, lexical: LexicalRanking) -> None:
        """Take the parts; ``build`` makes them."""
        self.corpus = corpus
        self._lexical = lexical

    @classmethod
    def build(cls, corpus: Corpus) -> "CorpusIndex":
        """Index a corpus."""
        return cls(corpus, LexicalRanking(corpus.passages))

    def search(self, question: Question, limit: int) -> Findings:
        """Rank the passages for a question and return the ``limit`` best, best first."""
        scores = self._lexical.score(question.text)
        best = np.argsort(-scores, kind="stable")[:limit]
        is_answer = self._lexical.has_telling_term(question.text)
        return Findings(
            hits=tuple(Hit(self.corpus.passages[number], float(scores[number])) for number in best),
            confidence=1.0 if is_answer else 0.0,
            is_answer=is_answer,
        )
