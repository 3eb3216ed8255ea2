"""Showing: what a question gets to see of a passage: the words that answer, and the part to put in bold."""

from collections.abc import Sequence

import numpy as np

from bot.e5.reading import Reading, Share
from bot.model import Hit, Passage, Question
from bot.search.analysis import split_words
from bot.search.clauses import Span
from bot.search.highlight import choose_highlight, find_clause_around, is_sure
from bot.search.semantic import SemanticRanking
from bot.search.signals import Evidence


class Showing:
    """Makes hits of the passages of a corpus."""

    def __init__(self, passages: Sequence[Passage], semantic: SemanticRanking | None) -> None:
        """Without ``semantic`` there are no highlights."""
        self._passages = passages
        self._semantic = semantic

    def show(
        self, number: int, question: Question, *, score: float, evidence: Evidence, reading: Reading | None
    ) -> Hit:
        """Show a passage, by its number, with its highlight and the words that answer."""
        passage = self._passages[number]
        if reading is None:
            return Hit(passage, score, self._choose_highlight(number, evidence))
        span = reading.words.begin, reading.words.end
        certainty = reading.words.certainty
        sure = span if is_sure(certainty) else None
        highlight = self._choose_highlight(number, evidence, reading.shares, sure)
        answers = float(1 / (1 + np.exp(-reading.logit)))
        words = passage.text[slice(*span)]
        if set(split_words(words)) <= set(split_words(question.text)):
            # What was asked with is not what was asked for; there may be no words at all.
            return Hit(passage, score, highlight, answers=answers)
        if highlight is None or (sure and words not in highlight):
            start, end = find_clause_around(passage.text, span)
            highlight = passage.text[start:end]
        return Hit(passage, score, highlight, short=words, answers=answers, certainty=certainty)

    def _choose_highlight(
        self, number: int, evidence: Evidence, shares: Sequence[Share] = (), words: Span | None = None
    ) -> str | None:
        if self._semantic is None or evidence.semantic is None:
            return None
        clauses = self._semantic.find_clauses(number)
        spans = [self._semantic.texts.spans[clause] for clause in clauses]
        scores = evidence.semantic.clauses[clauses]
        return choose_highlight(self._passages[number].text, spans, scores, shares, words)
