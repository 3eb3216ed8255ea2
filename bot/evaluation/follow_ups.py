"""Follow-ups: whether a question that leans on the one before it is understood."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.evaluation.measurement import RankingFigures, ask_all, measure_ranking
from bot.evaluation.questions import KnownQuestion
from bot.search.index import CorpusIndex


@dataclass(frozen=True, slots=True)
class FollowUpFigures:
    """How well follow-ups are ranked as the bot understands them, alone, and written out in full."""

    understood: RankingFigures
    alone: RankingFigures
    in_full: RankingFigures
    switches: RankingFigures
    switches_alone: RankingFigures


def measure_follow_ups(questions: Sequence[KnownQuestion], index: CorpusIndex) -> FollowUpFigures | None:
    """Measure the questions that come after another one, or return None where there are none.

    Raises:
        EvaluationError: a fact is not a regular expression, or no passage has it.
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
        **{name: measure_ranking(ask_all(asked, index)) for name, asked in variants.items()}
    )
