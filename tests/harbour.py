"""A small world for conversations: articles about a harbour, and a search that is easy to foresee.

The search counts words of five letters and more that question and passage share, so what tests
say of cards, buttons and follow-ups holds whatever becomes of the ranking.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import aiosqlite

from bot.model import Corpus, Findings, Hit, Passage, Question
from tests.chat_bot import ChatBot, PlainIndex

HARBOUR = Path(__file__).parent / "data" / "harbour"
CRANES = "How many cranes does the harbour have?"
SEVEN = "The harbour has seven cranes, and the oldest of them is from 1911."
SPRING = "Are the cranes of the harbour painted every spring?"
PAINTED = "Every spring the cranes are painted red."
MASTER = "Who is the harbour master?"
PIZZA = "pizza recipe"

_LONGEST_LEANING = 25
_WORD = re.compile(r"\w{5,}")


@dataclass(frozen=True)
class HarbourIndex(PlainIndex):
    """Answers where a passage shares two words with the question and what was asked before."""

    corpus: Corpus

    def order_by_nearness(self, question: str, others: Sequence[str]) -> list[str]:
        """Keep their order."""
        del question
        return list(others)

    def search(self, question: Question, limit: int) -> Findings:
        """Rank by shared words; the clause that answers is what stands before the first comma."""
        alone = self._search(question.text, limit)
        if question.earlier is None or alone.is_answer or len(question.text) > _LONGEST_LEANING:
            return alone
        earlier = question.earlier
        together = self._search(f"{question.text} {earlier.question} {earlier.answer or ''}", limit)
        return replace(together, is_leaning=True) if together.is_answer else alone

    def _search(self, text: str, limit: int) -> Findings:
        asked = _split(text)
        counts = [len(asked & _split(passage.text)) for passage in self.corpus.passages]
        order = sorted(range(len(counts)), key=lambda number: (-counts[number], number))
        hits = tuple(self._find(self.corpus.passages[number], counts[number]) for number in order[:limit])
        best = hits[0].score if hits else 0
        return Findings(hits, min(1.0, best / 2), is_answer=best > 1)

    def _find(self, passage: Passage, score: int) -> Hit:
        clause, comma, _rest = passage.text.partition(",")
        others = [other for other in self.corpus.passages if _says_the_same(other, passage)]
        return Hit(
            passage, float(score), clause if comma else None, tuple(others), answers=min(1.0, score / 2)
        )


async def wait_until_recorded(bot: ChatBot, exchanges: int = 1) -> None:
    """Wait until so many exchanges are in the log; an answer is seen a moment before it is written."""
    async with asyncio.timeout(10):
        while await _count(bot) < exchanges:  # noqa: ASYNC110 - the log rings no bell
            await asyncio.sleep(0.01)


async def _count(bot: ChatBot) -> int:
    async def count(connection: aiosqlite.Connection) -> int:
        async with connection.execute("SELECT count(*) FROM exchanges") as cursor:
            return sum([int(row[0]) async for row in cursor])

    return await bot.records.run(count)


def _says_the_same(other: Passage, passage: Passage) -> bool:
    """The two articles tell the same of the cranes."""
    return other.article is not passage.article and "1911" in other.text and "1911" in passage.text


def _split(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
