"""Retrieval: the passages of a corpus ranked for a question, and how likely the best one answers.

Evidence is gathered for every passage and weighed, the best ones are read, and confidence is judged from
both. What is shown of the ranking, and whether a follow-up is answered with what came before it, is not
decided here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.model import Passage, Question
from bot.search.analysis import split_words
from bot.search.centring import normalise
from bot.search.confidence import judge_confidence
from bot.search.encoder import Encoder
from bot.search.lexical import LexicalRanking
from bot.search.ranking import (
    Calibration,
    Parameters,
    hold_back_headings,
    weigh_evidence,
    weigh_later_readings,
    weigh_readings,
)
from bot.search.reading import CandidateReading, Readings
from bot.search.semantic import SemanticRanking
from bot.search.signals import Evidence, Parts, gather_evidence


@dataclass(frozen=True, slots=True)
class Ranked:
    """The passages ranked for a question, and the confidence that the best one answers."""

    evidence: Evidence
    scores: NDArray[np.float32]
    readings: Readings
    confidence: float


class Retrieval:
    """Ranks the passages of a corpus. Immutable."""

    def __init__(  # noqa: PLR0913 (the parts of a ranking)
        self,
        passages: Sequence[Passage],
        *,
        lexical: LexicalRanking,
        semantic: SemanticRanking | None,
        encoder: Encoder | None,
        reading: CandidateReading | None,
        parameters: Parameters,
        parts: Parts,
    ) -> None:
        """Rank by the parts that are there: without an encoder by BM25 alone, without ``reading`` unread."""
        self._lexical = lexical
        self._semantic = semantic
        self._encoder = encoder
        self._reading = reading if parts.reading else None
        self._parameters = parameters
        self._parts = parts
        self._languages = np.array([passage.article.language for passage in passages], dtype=object)
        self._is_heading = np.array([passage.is_heading for passage in passages], dtype=np.bool_)

    @property
    def threshold(self) -> float:
        """The confidence from which on a question is answered."""
        return self._calibration.threshold

    @property
    def _calibration(self) -> Calibration:
        parameters = self._parameters
        return parameters.lexical_calibration if self._semantic is None else parameters.calibration

    def rank(self, question: Question) -> Ranked:
        """Rank all passages for a question, which is not empty."""
        evidence = self.gather_evidence(question)
        return self._judge(question, evidence, weigh_evidence(evidence, self._parameters))

    def rank_together(self, question: Question, alone: Ranked, whole: Question) -> Ranked:
        """Rank for a question that was ranked ``alone``, and as a part of a ``whole``.

        Both count for what it is about; only the question itself is read.
        """
        together = self.gather_evidence(whole)
        apart = weigh_evidence(alone.evidence, self._parameters)
        scores = (apart + weigh_evidence(together, self._parameters)) / 2
        return self._judge(question, together, scores.astype(np.float32))

    def read_later(self, question: Question, ranked: Ranked, numbers: Sequence[int]) -> Ranked | None:
        """Read those of some passages that were not read; None if there are none, or nobody reads.

        The confidence stays.
        """
        unread = [number for number in numbers if number not in ranked.readings]
        if self._reading is None or not ranked.readings or not unread:
            return None
        later = self._reading.read(question.text, np.array(unread))
        if not later:
            return None
        scores = weigh_later_readings(ranked.scores, ranked.readings, later, self._parameters)
        return replace(ranked, scores=scores, readings={**ranked.readings, **later})

    def measure_coverage(self, words: Sequence[str], language: str, number: int) -> float:
        """Return how much of the weight of some words, each given once, a passage has; 0 to 1."""
        lexical = self._lexical.score(words, language)
        return float(lexical.words[number]) / lexical.reachable if lexical.reachable else 0.0

    def read(self, question: Question, scores: NDArray[np.float32]) -> Readings:
        """Read the passages with the highest scores; none where there is no reader.

        Public for the same reason as ``gather_evidence``.
        """
        if self._reading is None:
            return {}
        return self._reading.read(question.text, np.argsort(-scores, kind="stable"))

    def gather_evidence(self, question: Question) -> Evidence:
        """Measure the evidence for each passage; the question is not empty.

        Part of ``rank``, and public because the weights of the evidence are learned from it and because a
        benchmark that ranks within one language needs the scores of all passages.
        """
        # Cut once: everything that weighs the question's words gets these.
        words = tuple(dict.fromkeys(split_words(question.text)))
        semantic = meaning = None
        if self._semantic and self._encoder:
            vector = normalise(self._encoder.embed_questions([question.text])[0])
            semantic = self._semantic.score(vector)
            meaning = self._semantic.centre(vector, question.language)
        return gather_evidence(
            semantic=semantic,
            lexical=self._lexical.score(words, question.language),
            word_count=len(words),
            is_own=np.asarray(self._languages == question.language),
            parts=self._parts,
            meaning=meaning,
        )

    def _judge(self, question: Question, evidence: Evidence, scores: NDArray[np.float32]) -> Ranked:
        """Read the best passages for a question, and judge whether the best one answers."""
        readings = self.read(question, scores)
        scores = weigh_readings(scores, readings, self._parameters)
        scores = hold_back_headings(scores, self._is_heading, evidence.words)
        confidence = judge_confidence(evidence, scores, readings, self._calibration)
        return Ranked(evidence, scores, readings, confidence)
