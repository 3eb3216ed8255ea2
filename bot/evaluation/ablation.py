"""Ablation: what each part of the ranking is worth, by leaving it out."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

from bot.evaluation.measurement import Figures, ask_all, measure
from bot.evaluation.questions import KnownQuestion
from bot.search.index import CorpusIndex
from bot.search.signals import ALL_PARTS, Parts


def leave_out_parts(
    questions: Sequence[KnownQuestion], load_index: Callable[[None, Parts], CorpusIndex]
) -> dict[str, Figures]:
    """Measure with all parts of the ranking, then with each of them left out once.

    Raises:
        EvaluationError: a fact is not a regular expression, or no passage has it.
        CorpusError: an article file has a mistake.
    """
    variants = {"nothing": ALL_PARTS}
    variants |= {part.name: replace(ALL_PARTS, **{part.name: False}) for part in fields(Parts)}
    found: dict[str, Figures] = {}
    for name, parts in variants.items():
        index = load_index(None, parts)
        found[name] = measure(ask_all(questions, index))
    return found
