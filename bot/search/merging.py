"""Merging: passages that say the same are shown as one statement with several sources.

Two passages say the same if they are twins as wholes (``agreement``), or if the clauses that
answer are near to each other and name the same figures: "72 countries signed" is one statement
even where the sentences around it go on about different things. Passages whose figures differ are
never merged: where sources contradict each other, the reader sees both.

Of two statements that are nearly as good, the one with a source in the reader's language goes
first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.model import Hit, Question
from bot.search.agreement import Agreement
from bot.search.analysis import find_figures
from bot.search.encoder import Vectors
from bot.search.semantic import SemanticRanking

# Nearness of clauses that name the same figures. Among sentences of news, whatever their figures, nine of
# ten best strangers are below 0.45 to 0.61, three in four parallels above 0.56.
_SAME_CLAUSE = 0.45
_SAME_PASSAGE = 0.5
# A passage in the reader's language is shown first if its score is at most this much lower.
_AS_GOOD = 3.0
# And a statement of which one source is in the reader's language goes before a near equal.
_OWN_LANGUAGE_GAIN = 0.3


@dataclass(frozen=True, slots=True)
class _Claim:
    """A hit, its passage's number, and the figures in the passage and in what is highlighted of it.

    ``clause`` is the vector of what is highlighted.
    """

    hit: Hit
    number: int
    figures: frozenset[str]
    shown_figures: frozenset[str]
    clause: Vectors


class Merging:
    """Tells which hits make one statement. Immutable."""

    def __init__(
        self,
        agreement: Agreement,
        semantic: SemanticRanking,
        numbers: Mapping[str, int],
        figures: Sequence[frozenset[str]],
    ) -> None:
        self._agreement = agreement
        self._semantic = semantic
        self._numbers = numbers
        self._figures = figures

    def merge(self, hits: tuple[Hit, ...], question: Question, limit: int) -> tuple[Hit, ...]:
        """Show each statement once, best first; in the reader's language if such a source is as good."""
        found: list[list[_Claim]] = []
        for claim in map(self._read_claim, hits):
            said = next(
                (one for one in found if any(self._say_the_same(claim, other) for other in one)), None
            )
            if said is None:
                found.append([claim])
            else:
                said.append(claim)
        statements = [[claim.hit for claim in claims] for claims in found]
        statements.sort(key=lambda statement: _value(statement, question.language), reverse=True)
        return tuple(_show(statement, question.language) for statement in statements[:limit])

    def _read_claim(self, hit: Hit) -> _Claim:
        number = self._numbers[hit.passage.id]
        figures = self._figures[number]
        shown = find_figures(hit.highlight) if hit.highlight else figures
        return _Claim(hit, number, figures, shown, self._semantic.find_clause(number, hit.highlight))

    def _say_the_same(self, one: _Claim, other: _Claim) -> bool:
        """Tell whether two hits answer with the same statement."""
        if not _have_same_figures(one, other):
            return False
        if self._agreement.weigh(one.number, other.number) >= _SAME_PASSAGE:
            return True
        if not one.shown_figures or one.shown_figures != other.shown_figures:
            return False
        return float(one.clause @ other.clause) >= _SAME_CLAUSE


def _have_same_figures(one: _Claim, other: _Claim) -> bool:
    """Tell whether no figure of one passage contradicts the other passage."""
    if not (one.figures <= other.figures or one.figures >= other.figures):
        return False
    return one.shown_figures <= other.figures and other.shown_figures <= one.figures


def _value(statement: list[Hit], language: str) -> float:
    """Return a statement's score: that of its best hit, and a little more if the reader can read it."""
    is_own = any(hit.passage.article.language == language for hit in statement)
    return statement[0].score + (_OWN_LANGUAGE_GAIN if is_own else 0.0)


def _show(statement: list[Hit], language: str) -> Hit:
    best = statement[0]
    shown = next(
        (
            hit
            for hit in statement
            if hit.passage.article.language == language and hit.score >= best.score - _AS_GOOD
        ),
        best,
    )
    also = {hit.passage.article.id: hit.passage for hit in reversed(statement)}
    also.pop(shown.passage.article.id)
    others = [hit.passage for hit in statement if also.get(hit.passage.article.id) is hit.passage]
    return replace(shown, score=_value(statement, language), also=tuple(others))
