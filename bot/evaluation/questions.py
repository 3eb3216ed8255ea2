"""How good the search is, measured on a file of questions whose answers are known.

A question names the facts that answer it, as regular expressions over passages or as passage
ids, or is marked unanswerable. Ranks are those of ``CorpusIndex.find_nearest``, before passages that
say the same are shown as one. The measures are those of information retrieval (Manning,
Raghavan, Schütze 2008, "Introduction to Information Retrieval", section 8.4): Hit@k is the part
of the answerable questions with a right passage among the first k, MRR the mean of 1 / rank.
"""

import re
import statistics
import time
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.language import parse_language
from bot.model import Corpus, Findings, Passage, Question
from bot.search.index import ALL_PARTS, CorpusIndex
from bot.search.parts import Parts


class EvaluationError(Exception):
    """A file of questions that cannot be used; the message names the file and the question."""


class KnownQuestion(BaseModel):
    """A question and what answers it.

    A follow-up has what was asked ``earlier``, and itself written out in ``full``; a ``switch``
    comes after an earlier question too, but has nothing to do with it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    language: Annotated[str, AfterValidator(parse_language)]
    question: Annotated[str, Field(min_length=1)]
    facts: tuple[str, ...] = ()
    unanswerable: bool = False
    kind: str | None = None
    earlier: str | None = None
    full: str | None = None
    switch: bool = False

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.facts) == self.unanswerable:
            message = "needs facts, or unanswerable = true, and not both"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True)
class Result:
    """What the search made of one question; ``rank`` is that of the first right passage, from 1."""

    question: KnownQuestion
    is_own_language: bool
    rank: int | None
    findings: Findings
    highlight_has_fact: bool
    elapsed_ms: float


@dataclass(frozen=True, slots=True)
class RankingFigures:
    """How well right passages are ranked, over some of the answerable questions."""

    questions: int
    hit_at_1: float
    hit_at_3: float
    mrr: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures of an evaluation. Parts are between 0 and 1.

    ``refused_unanswerable`` is the recall of the refusals, ``refusal_precision`` the part of the
    refusals that were right, ``auroc`` that of the confidence. ``highlight_has_fact`` is over the
    questions whose first passage is right.
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
    highlight_has_fact: float
    highlight_median_words: float
    p50_ms: float
    p95_ms: float


def read_questions(path: Path) -> list[KnownQuestion]:
    """Read a TOML file of ``[[question]]`` tables.

    Raises:
        EvaluationError: the file cannot be read, a question is malformed, or an id comes twice.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("question", [])
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: cannot be read as TOML: {error}"
        raise EvaluationError(message) from None
    questions: dict[str, KnownQuestion] = {}
    for number, entry in enumerate(entries, 1):
        question = _parse_question(path, number, entry)
        if question.id in questions:
            message = f"{path}: question {question.id}: the id comes twice"
            raise EvaluationError(message)
        questions[question.id] = question
    if not questions:
        message = f"{path}: holds no [[question]]"
        raise EvaluationError(message)
    return list(questions.values())


def _parse_question(path: Path, number: int, entry: object) -> KnownQuestion:
    try:
        return KnownQuestion.model_validate(entry)
    except ValidationError as error:
        mistake = error.errors()[0]
        place = ".".join(map(str, mistake["loc"]))
        name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        message = f"{path}: question {name}: {place} {mistake['msg'].removeprefix('Value error, ')}"
        raise EvaluationError(message) from None


def ask_all(
    questions: Sequence[KnownQuestion], corpus: Corpus, search: Callable[[Question, int], Findings]
) -> list[Result]:
    """Ask every question once, in order.

    Raises:
        EvaluationError: a fact is no regular expression or stands in no passage.
    """
    return [_ask(question, corpus, search) for question in questions]


def _ask(known: KnownQuestion, corpus: Corpus, search: Callable[[Question, int], Findings]) -> Result:
    is_fact = _match_facts(known)
    right = [passage for passage in corpus.passages if is_fact(passage, passage.text)]
    if not right and not known.unanswerable:
        message = f"question {known.id}: no passage of the corpus has any of its facts"
        raise EvaluationError(message)
    started = time.perf_counter()
    question = Question(known.question, known.language, known.earlier)
    findings = search(question, len(corpus.passages))
    elapsed_ms = (time.perf_counter() - started) * 1000
    ranks = (rank for rank, hit in enumerate(findings.hits, 1) if is_fact(hit.passage, hit.passage.text))
    first = findings.hits[0] if findings.hits else None
    return Result(
        question=known,
        is_own_language=any(passage.article.language == known.language for passage in right),
        rank=next(ranks, None),
        findings=findings,
        highlight_has_fact=bool(first and first.highlight and is_fact(first.passage, first.highlight)),
        elapsed_ms=elapsed_ms,
    )


def _match_facts(known: KnownQuestion) -> Callable[[Passage, str], bool]:
    """Return what tells whether a part of a passage has a fact of the question."""
    try:
        patterns = [re.compile(fact, re.IGNORECASE | re.DOTALL) for fact in known.facts]
    except re.error as error:
        message = f"question {known.id}: a fact is no regular expression: {error}"
        raise EvaluationError(message) from None
    ids = set(known.facts)
    return lambda passage, text: passage.id in ids or any(pattern.search(text) for pattern in patterns)


def measure(results: Sequence[Result]) -> Figures:
    """Sum the results up."""
    answerable = [result for result in results if not result.question.unanswerable]
    unanswerable = [result for result in results if result.question.unanswerable]
    refused = [result for result in results if not result.findings.is_answer]
    right_first = [result for result in answerable if result.rank == 1]
    latencies = [result.elapsed_ms for result in results]
    return Figures(
        ranking=_measure_ranking(answerable),
        own_language=_measure_ranking(result for result in answerable if result.is_own_language),
        other_language=_measure_ranking(result for result in answerable if not result.is_own_language),
        by_language={
            language: _measure_ranking(
                result for result in answerable if result.question.language == language
            )
            for language in sorted({result.question.language for result in answerable})
        },
        unanswerable=len(unanswerable),
        refused_unanswerable=_part(not result.findings.is_answer for result in unanswerable),
        refused_answerable=_part(not result.findings.is_answer for result in answerable),
        refusal_precision=_part(result.question.unanswerable for result in refused),
        refused_by_kind={
            kind: _part(
                not result.findings.is_answer for result in unanswerable if result.question.kind == kind
            )
            for kind in sorted({result.question.kind for result in unanswerable if result.question.kind})
        },
        auroc=_auroc(
            [result.findings.confidence for result in answerable],
            [result.findings.confidence for result in unanswerable],
        ),
        highlight_has_fact=_part(result.highlight_has_fact for result in right_first),
        highlight_median_words=statistics.median(map(_count_highlight_words, right_first))
        if right_first
        else 0.0,
        p50_ms=float(np.percentile(latencies, 50)),
        p95_ms=float(np.percentile(latencies, 95)),
    )


def _count_highlight_words(result: Result) -> int:
    return len((result.findings.hits[0].highlight or "").split())


def _measure_ranking(results: Iterable[Result]) -> RankingFigures:
    ranks = [result.rank for result in results]
    return RankingFigures(
        questions=len(ranks),
        hit_at_1=_part(rank == 1 for rank in ranks),
        hit_at_3=_part(rank is not None and rank <= 3 for rank in ranks),  # noqa: PLR2004 - as named
        mrr=statistics.fmean(1 / rank if rank else 0.0 for rank in ranks) if ranks else 0.0,
    )


def _part(answers: Iterable[bool]) -> float:
    found = list(answers)
    return sum(found) / len(found) if found else 0.0


def _auroc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return how often a positive is above a negative, ties counted half (Mann-Whitney)."""
    if not positive or not negative:
        return 0.0
    difference = np.subtract.outer(np.asarray(positive), np.asarray(negative))
    return float(np.mean((difference > 0) + 0.5 * (difference == 0)))


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """How well follow-ups are ranked as the bot understands them, alone, and written out in full."""

    understood: RankingFigures
    alone: RankingFigures
    in_full: RankingFigures
    switches: RankingFigures
    switches_alone: RankingFigures


def measure_follow_ups(
    questions: Sequence[KnownQuestion], corpus: Corpus, search: Callable[[Question, int], Findings]
) -> FollowUpFigures | None:
    """Measure the questions that come after another one, or return None where there are none.

    Raises:
        EvaluationError: a fact is no regular expression or stands in no passage.
    """
    leaning = [known for known in questions if known.earlier and known.full and not known.switch]
    switches = [known for known in questions if known.earlier and known.switch]
    if not leaning:
        return None
    variants = {
        "understood": leaning,
        "alone": [known.model_copy(update={"earlier": None}) for known in leaning],
        "in_full": [known.model_copy(update={"earlier": None, "question": known.full}) for known in leaning],
        "switches": switches,
        "switches_alone": [known.model_copy(update={"earlier": None}) for known in switches],
    }
    return FollowUpFigures(
        **{name: _measure_ranking(ask_all(asked, corpus, search)) for name, asked in variants.items()}
    )


def leave_out_parts(
    questions: Sequence[KnownQuestion], load_index: Callable[[None, Parts], CorpusIndex]
) -> dict[str, Figures]:
    """Measure with all parts of the ranking, then with each of them left out once.

    Raises:
        EvaluationError: a fact is no regular expression or stands in no passage.
        CorpusError: an article file has a mistake.
    """
    variants = {"nothing": ALL_PARTS}
    variants |= {part.name: replace(ALL_PARTS, **{part.name: False}) for part in fields(Parts)}
    found: dict[str, Figures] = {}
    for name, parts in variants.items():
        index = load_index(None, parts)
        found[name] = measure(ask_all(questions, index.corpus, index.find_nearest))
    return found


def find_failures(results: Sequence[Result]) -> list[Result]:
    """Return the results that a person would not be content with."""
    return [result for result in results if _has_failed(result)]


def _has_failed(result: Result) -> bool:
    if result.question.unanswerable:
        return result.findings.is_answer
    return result.rank != 1 or not result.findings.is_answer
