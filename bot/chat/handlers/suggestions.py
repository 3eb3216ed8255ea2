"""Suggestions: questions to ask next, below an answer.

They are the example questions and those that several people asked, the nearest ones by meaning first.
One that the articles no longer answer, or that has the answer just given, is left out; so is a word that
may be a person's name: one with a capital letter that is in neither the articles nor the examples. It
does not make the buttons.
"""

import re
import threading
from collections.abc import Callable

from cachetools import LRUCache

from bot.answering import Desk
from bot.journal.database import DatabaseUnavailableError
from bot.journal.popular import PopularQuestions
from bot.model import Answer, Corpus, Hit
from bot.search.highlight import find_sure_words
from bot.wording.examples import Examples, digest_question

_MOST = 2
_REFRESHED_S = 600.0
_REMEMBERED = 1_000
_WORD = re.compile(r"[^\W\d_]+")


class Suggestions:
    """Chooses the next questions, and finds them again when one is tapped."""

    def __init__(
        self,
        *,
        desk: Desk,
        examples: Examples,
        popular: PopularQuestions,
        are_wanted: bool,
        clock: Callable[[], float],
    ) -> None:
        """Choose none unless they ``are_wanted``."""
        self._desk = desk
        self._examples = examples
        self._popular = popular
        self._are_wanted = are_wanted
        self._clock = clock
        self._others: dict[str, tuple[str, ...]] = {}
        self._refresh_at = -1.0
        self._names: tuple[str, frozenset[str]] = ("", frozenset())
        self._answers: LRUCache[tuple[int, str], Answer] = LRUCache(_REMEMBERED)
        self._remembering = threading.Lock()

    async def list_candidates(self, language: str) -> tuple[str, ...]:
        """Return the questions in a language that may be suggested, for ``choose``."""
        if not self._are_wanted:
            return ()
        others = (await self._find_others()).get(language, ())
        return tuple(dict.fromkeys((*self._examples.list_questions(language), *others)))

    def choose(self, answer: Answer, candidates: tuple[str, ...], language: str) -> tuple[str, ...]:
        """Return at most two questions in a language to ask after an answer.

        Slow, for a worker thread: a candidate is asked when it is first chosen.
        """
        if not candidates or not answer.is_answered:
            return ()
        asked = _normalise(answer.question.text)
        new = [question for question in candidates if _normalise(question) != asked]
        chosen: list[str] = []
        # Each part of a question that asks two things has an answer of its own.
        given = list(answer.hits[: answer.leads])
        for question in self._desk.order_by_nearness(answer.question.text, new):
            if len(chosen) == _MOST:
                break
            found = self._ask(question, language)
            if found.is_answered and not any(_say_the_same(one, found.hits[0]) for one in given):
                chosen.append(question)
                given.append(found.hits[0])
        return tuple(chosen)

    async def find(self, digest: str) -> str | None:
        """Return the question with that digest, if it is still one to suggest."""
        every = (question for questions in (await self._find_others()).values() for question in questions)
        return next((question for question in every if digest_question(question) == digest), None)

    def forget(self, _user_id: int) -> None:
        """Read anew what is asked, since somebody's questions are erased."""
        self._others = {}
        self._refresh_at = -1.0

    async def _find_others(self) -> dict[str, tuple[str, ...]]:
        if not self._are_wanted or self._clock() < self._refresh_at:
            return self._others
        self._refresh_at = self._clock() + _REFRESHED_S
        try:
            found = await self._popular.list_questions()
        except DatabaseUnavailableError:  # it was reported, and the examples are left
            return self._others
        known = self._find_known_words(self._desk.corpus)
        self._others = {
            language: tuple(question for question in questions if not _may_name(question, known))
            for language, questions in found.items()
        }
        return self._others

    def _find_known_words(self, corpus: Corpus) -> frozenset[str]:
        if self._names[0] != corpus.version:
            texts = (passage.text for passage in corpus.passages)
            words = {word for text in texts for word in _WORD.findall(text.casefold())}
            words.update(_WORD.findall(" ".join(self._examples.list_all()).casefold()))
            self._names = (corpus.version, frozenset(words))
        return self._names[1]

    def _ask(self, question: str, language: str) -> Answer:
        key = (self._desk.generation, question)
        with self._remembering:
            answer = self._answers.get(key)
        if answer is None:
            answer = self._desk.ask(question, language=language, limit=1)
            with self._remembering:
                self._answers[key] = answer
        return answer


def _say_the_same(one: Hit, other: Hit) -> bool:
    """Tell whether two hits may be the same statement; one passage holds several, in other words."""
    if one.passage.id == other.passage.id:
        words, others = find_sure_words(one), find_sure_words(other)
        return words is None or others is None or words in others or others in words
    return any(passage.id == other.passage.id for passage in one.also)


def _normalise(question: str) -> str:
    return " ".join(_WORD.findall(question.casefold()))


def _may_name(question: str, known: frozenset[str]) -> bool:
    """Tell whether a word that is not the first one may be a person's name."""
    _first, *words = _WORD.findall(question) or [""]
    return any(word[0].isupper() and word.casefold() not in known for word in words)
