"""Conversations of two turns: whether a follow-up is understood, and a change of subject left alone.

The first turn is asked as well, and the second with what came of it, as in a chat.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.evaluation.measurement import RankingFigures, Result, ask_all, average, measure_ranking
from bot.evaluation.questions import KnownQuestion
from bot.search.index import CorpusIndex


@dataclass(frozen=True, slots=True)
class ConversationFigures:
    """How well second turns are answered. Rates are between 0 and 1.

    ``right_first``: the part of the follow-ups that are answered, with a right passage first; also where
    they are asked alone, and written out in full. ``refused_follow_ups`` is over those that nothing answers.
    ``not_bluffed``: the part of the changes of subject that get no wrong answer out of what came before:
    refused, right, or answered just as they are alone. ``refused_switches`` is over those that nothing
    answers, however they went alone, and ``refused_alone`` how they went.
    """

    follow_ups: RankingFigures
    right_first: float
    right_first_alone: float
    right_first_in_full: float
    unanswerable_follow_ups: int
    refused_follow_ups: float
    switches: int
    not_bluffed: float
    switches_answerable: RankingFigures
    switches_answerable_alone: RankingFigures
    unanswerable_switches: int
    refused_switches: float
    refused_alone: float


def measure_conversations(
    questions: Sequence[KnownQuestion], index: CorpusIndex
) -> ConversationFigures | None:
    """Measure the questions that come after another one, or return None where there are none.

    Raises:
        EvaluationError: a fact is not a regular expression, or no passage has it.
    """
    second = [known for known in questions if known.earlier]
    if not second:
        return None
    asked = ask_all(second, index)
    alone = ask_all([known.model_copy(update={"earlier": None}) for known in second], index)
    pairs = list(zip(asked, alone, strict=True))
    follow_ups = [pair for pair in pairs if not pair[0].question.switch]
    answerable = [pair for pair in follow_ups if not pair[0].question.unanswerable]
    unanswerable = [result for result, _ in follow_ups if result.question.unanswerable]
    switches = [pair for pair in pairs if pair[0].question.switch]
    switches_answerable = [pair for pair in switches if not pair[0].question.unanswerable]
    switches_unanswerable = [pair for pair in switches if pair[0].question.unanswerable]
    in_full = [
        known.model_copy(update={"earlier": None, "question": known.full})
        for known in (result.question for result, _ in answerable)
        if known.full
    ]
    return ConversationFigures(
        follow_ups=measure_ranking(result for result, _ in answerable),
        right_first=_rate(_is_right_first, [result for result, _ in answerable]),
        right_first_alone=_rate(_is_right_first, [result for _, result in answerable]),
        right_first_in_full=_rate(_is_right_first, ask_all(in_full, index)),
        unanswerable_follow_ups=len(unanswerable),
        refused_follow_ups=_rate(_is_refused, unanswerable),
        switches=len(switches),
        not_bluffed=average(not _is_bluffed(*pair) for pair in switches),
        switches_answerable=measure_ranking(result for result, _ in switches_answerable),
        switches_answerable_alone=measure_ranking(result for _, result in switches_answerable),
        unanswerable_switches=len(switches_unanswerable),
        refused_switches=_rate(_is_refused, [result for result, _ in switches_unanswerable]),
        refused_alone=_rate(_is_refused, [result for _, result in switches_unanswerable]),
    )


def _rate(holds: Callable[[Result], bool], results: Sequence[Result]) -> float:
    return average(map(holds, results))


def _is_right_first(result: Result) -> bool:
    return bool(result.findings.is_answer and result.place and result.place.is_first)


def _is_refused(result: Result) -> bool:
    return not result.findings.is_answer


def _is_bluffed(result: Result, alone: Result) -> bool:
    """Tell whether a change of subject got a wrong answer that it would not get alone."""
    if _is_refused(result) or _is_right_first(result):
        return False
    return _is_refused(alone) or result.findings.hits[0].passage != alone.findings.hits[0].passage
