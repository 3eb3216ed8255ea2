"""Merging: passages that say the same are shown as one statement with several sources.

Two passages say the same if they are twins as wholes (``agreement``), or if the clauses that
answer are near to each other and name the same figures: "72 countries signed" is one statement
even where the sentences around it go on about different things. Two passages whose figures differ do
not say the same: where sources contradict each other, the reader sees both, unless a third source
agrees with each of them.

Of the sources of a statement, the one is shown that the asker reads best, if it answers as well; for
whoever reads none of the articles' languages, English. Of two statements that are nearly as good, the
one with such a source goes first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.model import Hit, Question
from bot.search.agreement import Agreement
from bot.search.analysis import find_figures
from bot.search.encoder import Vectors
from bot.search.reading import Readings
from bot.search.semantic import SemanticRanking

# Nearness of clauses that name the same figures. Among sentences of news, whatever their figures, nine of
# ten best strangers are below 0.45 to 0.61, three in four parallels above 0.56.
_SAME_CLAUSE = 0.45
_SAME_PASSAGE = 0.5
# A passage in a language of the asker's is shown first if its score is at most this much lower, and
# what the reading says of it, too, unless the reader believes that it answers. Chosen on
# questions_tuning.toml and questions_paraphrased.toml: with 6 instead of 4.5 as the first, 0.79 instead of
# 0.76 of the latter are shown in their own language; the second makes no difference from 3 on.
_AS_GOOD = 6.0
_READS_AS_GOOD = 3.0
_BELIEVED = 0.0
# And a statement of which one source is in the asker's language goes before a near equal.
_OWN_LANGUAGE_GAIN = 1.5
_FALLBACK = "en"
# Only the nearest passages may be shown in the place of others, so that the first one is the same however
# many are asked for.
_REPLACING = 25


@dataclass(frozen=True, slots=True)
class _Claim:
    """A hit, its passage's number, and the figures in the passage and in what is highlighted of it.

    ``clause`` is the vector of what is highlighted. ``logit`` is what the reading says, and ``rank`` the
    place among the nearest passages.
    """

    hit: Hit
    number: int
    rank: int
    logit: float
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
        languages: frozenset[str],
    ) -> None:
        self._agreement = agreement
        self._semantic = semantic
        self._numbers = numbers
        self._figures = figures
        self._languages = languages

    def merge(
        self, hits: tuple[Hit, ...], readings: Readings, question: Question, limit: int
    ) -> tuple[Hit, ...]:
        """Show each statement once, best first; in a language of the asker's if such a source is as good."""
        found: list[list[_Claim]] = []
        least = min((reading.logit for reading in readings.values()), default=0.0)
        for rank, hit in enumerate(hits):
            number = self._numbers[hit.passage.id]
            reading = readings.get(number)
            claim = self._read_claim(hit, number, rank, reading.logit if reading else least)
            said = next(
                (one for one in found if any(self._say_the_same(claim, other) for other in one)), None
            )
            if said is None:
                found.append([claim])
            else:
                said.append(claim)
        reads = question.reads or (question.language,)
        preferred = reads if self._languages.intersection(reads) else (_FALLBACK,)
        shown = [_show(claims, preferred, reads) for claims in found]
        shown.sort(key=lambda hit: hit.score, reverse=True)
        return tuple(shown[:limit])

    def _read_claim(self, hit: Hit, number: int, rank: int, logit: float) -> _Claim:
        figures = self._figures[number]
        shown = find_figures(hit.highlight) if hit.highlight else figures
        clause = self._semantic.find_clause(number, hit.highlight)
        return _Claim(hit, number, rank, logit, figures, shown, clause)

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


def _show(statement: list[_Claim], preferred: Sequence[str], reads: Sequence[str]) -> Hit:
    """Show a statement by its best source, or by one in a preferred language that answers as well.

    Its score is that of its best source, and a little more if the one that is shown is in a language that
    the asker reads.
    """
    best = statement[0]
    as_good = [
        claim
        for claim in statement
        if claim.hit.passage.article.language in preferred
        and claim.rank < _REPLACING
        and claim.hit.score >= best.hit.score - _AS_GOOD
        and claim.logit >= min(best.logit - _READS_AS_GOOD, _BELIEVED)
    ]
    first = min(as_good, key=lambda claim: preferred.index(claim.hit.passage.article.language), default=best)
    hits = [claim.hit for claim in statement]
    also = {hit.passage.article.id: hit.passage for hit in reversed(hits)}
    also.pop(first.hit.passage.article.id)
    others = [hit.passage for hit in hits if also.get(hit.passage.article.id) is hit.passage]
    is_own = first.hit.passage.article.language in reads
    score = best.hit.score + (_OWN_LANGUAGE_GAIN if is_own else 0.0)
    return replace(first.hit, score=score, also=tuple(others))
