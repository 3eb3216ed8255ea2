"""Asking the questions of a file, and measuring the findings.

Questions are asked through ``CorpusIndex.search``, as everybody's are, with no limit to what is
shown. A statement counts as right if the passage shown of it has a fact of the question; its other
sources do not count, because a reader does not see their words at once. Since merging sees every
passage here, it may now and then show another source than for a reader with five statements.

The measures are those of information retrieval (Manning, Raghavan, Schütze 2008, "Introduction to
Information Retrieval", section 8.4): Hit@k is the part of the answerable questions with a right
statement among the first k, MRR the mean of 1 / rank. ``ties`` says what counts among equals.
"""

import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bot.evaluation.questions import EvaluationError, KnownQuestion
from bot.evaluation.ties import Place, find_place
from bot.model import Corpus, Earlier, Findings, Passage, Question

_BINS = 10


@dataclass(frozen=True, slots=True)
class Result:
    """The findings for one question; ``place`` is that of the first right statement shown."""

    question: KnownQuestion
    is_own_language: bool
    is_shown_in_own_language: bool
    place: Place | None
    findings: Findings
    highlight_has_fact: bool
    short_has_fact: bool
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How well the right statements are ranked, over some of the answerable questions."""

    questions: int
    hit_at_1: float
    hit_at_3: float
    mrr: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of an evaluation. Rates are between 0 and 1.

    ``refused_unanswerable`` is the recall of the refusals, ``refusal_precision`` the part of the
    refusals that were right, ``auroc`` that of the confidence. ``highlight_has_fact`` (the clause),
    ``short_has_fact`` (the words) and ``either_has_fact`` are over the questions whose first statement is
    right.
    ``shown_in_own_language`` is the part of the answered questions with an answer in their own language
    for which the first passage shown is in it, ``right_in_own_language`` the same over those of them
    whose first passage is right. ``calibration_error`` is how far the confidence is from the part of the
    questions that the articles answer: in ten bins of equal width, weighted by their questions (Guo et
    al. 2017, "On Calibration of Modern Neural Networks", section 2).
    """

    ranking: RankingFigures
    own_language: RankingFigures
    other_language: RankingFigures
    by_language: dict[str, RankingFigures]
    unanswerable: int
    refused_unanswerable: float
    refused_answerable: float
    refusal_precision: float
    refused_by_kind: dict[str, float]
    auroc: float
    calibration_error: float
    highlight_has_fact: float
    short_has_fact: float
    either_has_fact: float
    highlight_median_words: float
    shown_in_own_language: float
    right_in_own_language: float
    p50_ms: float
    p95_ms: float


class Searchable(Protocol):
    """A corpus, and the search in it."""

    @property
    def corpus(self) -> Corpus:
        """What is searched."""

    def search(self, question: Question, limit: int) -> Findings:
        """Return at most ``limit`` statements, best first."""


def ask_all(questions: Sequence[KnownQuestion], index: Searchable) -> list[Result]:
    """Ask every question once, in order.

    Raises:
        EvaluationError: a fact is not a regular expression, or no passage has it.
    """
    return [_ask(question, index) for question in questions]


def _ask(known: KnownQuestion, index: Searchable) -> Result:
    is_fact = _match_facts(known)
    passages = index.corpus.passages
    right = [passage for passage in passages if is_fact(passage, passage.text)]
    if not right and not known.unanswerable:
        message = f"question {known.id}: no passage of the corpus has any of its facts"
        raise EvaluationError(message)
    earlier = _ask_earlier(known, index)
    started = time.perf_counter()
    findings = index.search(Question(known.question, known.language, earlier), len(passages))
    elapsed_ms = (time.perf_counter() - started) * 1000
    hits = findings.hits
    first = hits[0] if hits else None
    return Result(
        question=known,
        is_own_language=any(passage.article.language == known.language for passage in right),
        is_shown_in_own_language=bool(first and first.passage.article.language == known.language),
        place=find_place(
            [hit.score for hit in hits], [is_fact(hit.passage, hit.passage.text) for hit in hits]
        ),
        findings=findings,
        highlight_has_fact=bool(first and first.highlight and is_fact(first.passage, first.highlight)),
        short_has_fact=bool(first and first.short and is_fact(first.passage, first.short)),
        elapsed_ms=elapsed_ms,
    )


def _ask_earlier(known: KnownQuestion, index: Searchable) -> Earlier | None:
    """Ask the first turn of a conversation, and return what the second may lean on."""
    if known.earlier is None:
        return None
    return Earlier(known.earlier, index.search(Question(known.earlier, known.language), 1).words)


def _match_facts(known: KnownQuestion) -> Callable[[Passage, str], bool]:
    """Return a function that tells whether a part of a passage has a fact of the question."""
    try:
        patterns = [re.compile(fact, re.IGNORECASE | re.DOTALL) for fact in known.facts]
    except re.error as error:
        message = f"question {known.id}: a fact is not a regular expression: {error}"
        raise EvaluationError(message) from None
    ids = set(known.facts)
    return lambda passage, text: passage.id in ids or any(pattern.search(text) for pattern in patterns)


def measure(results: Sequence[Result]) -> Figures:
    """Sum up the results."""
    answerable = [result for result in results if not result.question.unanswerable]
    unanswerable = [result for result in results if result.question.unanswerable]
    refused = [result for result in results if not result.findings.is_answer]
    right_first = [result for result in answerable if result.place and result.place.is_first]
    readable = [result for result in answerable if result.is_own_language and result.findings.is_answer]
    latencies = [result.elapsed_ms for result in results]
    return Figures(
        ranking=measure_ranking(answerable),
        own_language=measure_ranking(result for result in answerable if result.is_own_language),
        other_language=measure_ranking(result for result in answerable if not result.is_own_language),
        by_language={
            language: measure_ranking(result for result in answerable if result.question.language == language)
            for language in sorted({result.question.language for result in answerable})
        },
        unanswerable=len(unanswerable),
        refused_unanswerable=average(not result.findings.is_answer for result in unanswerable),
        refused_answerable=average(not result.findings.is_answer for result in answerable),
        refusal_precision=average(result.question.unanswerable for result in refused),
        refused_by_kind={
            kind: average(
                not result.findings.is_answer for result in unanswerable if result.question.kind == kind
            )
            for kind in sorted({result.question.kind for result in unanswerable if result.question.kind})
        },
        auroc=_auroc(
            [result.findings.confidence for result in answerable],
            [result.findings.confidence for result in unanswerable],
        ),
        calibration_error=measure_calibration_error(
            [result.findings.confidence for result in results],
            [not result.question.unanswerable for result in results],
        ),
        highlight_has_fact=average(result.highlight_has_fact for result in right_first),
        short_has_fact=average(result.short_has_fact for result in right_first),
        either_has_fact=average(result.highlight_has_fact or result.short_has_fact for result in right_first),
        highlight_median_words=statistics.median(map(_count_highlight_words, right_first))
        if right_first
        else 0.0,
        shown_in_own_language=average(result.is_shown_in_own_language for result in readable),
        right_in_own_language=average(
            result.is_shown_in_own_language for result in readable if result.place and result.place.is_first
        ),
        p50_ms=float(np.percentile(latencies, 50)),
        p95_ms=float(np.percentile(latencies, 95)),
    )


def measure_calibration_error(confidences: Sequence[float], is_answerable: Sequence[bool]) -> float:
    """Return the expected calibration error of confidences between 0 and 1.

    Where two questions of confidence 0.7 and 0.8 are answerable and not, it is 0.5 × |0.7 - 1| + 0.5 × 0.8.
    """
    bins = np.minimum((np.asarray(confidences) * _BINS).astype(int), _BINS - 1)
    gap = np.bincount(bins, np.asarray(confidences) - np.asarray(is_answerable, float), _BINS)
    return float(np.abs(gap).sum() / max(len(confidences), 1))


def _count_highlight_words(result: Result) -> int:
    return len((result.findings.hits[0].highlight or "").split())


def measure_ranking(results: Iterable[Result]) -> RankingFigures:
    """Return how well the right statements of answerable questions are ranked."""
    places = [result.place for result in results]
    return RankingFigures(
        questions=len(places),
        hit_at_1=average(place.hit_within(1) if place else 0.0 for place in places),
        hit_at_3=average(place.hit_within(3) if place else 0.0 for place in places),
        mrr=average(place.reciprocal_rank if place else 0.0 for place in places),
    )


def average(values: Iterable[float]) -> float:
    """Return the mean, and 0 of nothing."""
    found = list(values)
    return statistics.fmean(found) if found else 0.0


def _auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return how often a positive is above a negative, ties counted half (Mann-Whitney)."""
    if not positive or not negative:
        return 0.0
    difference = np.subtract.outer(np.asarray(positive), np.asarray(negative))
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


def find_failures(results: Sequence[Result]) -> list[Result]:
    """Return the results in which the bot answered wrongly, or refused what it could answer."""
    return [result for result in results if _has_failed(result)]


def _has_failed(result: Result) -> bool:
    if result.question.unanswerable:
        return result.findings.is_answer
    return not (result.place and result.place.is_first and result.findings.is_answer)
