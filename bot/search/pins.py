"""Pins: passages that an admin chose as the answer to questions of a meaning.

A question has the meaning of a pin if it is in the same words as one of the pin's questions, or if
its vector is near enough to the nearest of them. That is one product of a matrix and the vector
that the search has computed anyway. What is pinned is a passage of an article, word for word: where it
has gone, so has the pin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot.model import Hit, Passage, Question
from bot.search.encoder import Vectors

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pin:
    """A passage, by its article's id and its text, and the questions it answers."""

    key: str
    article: str
    text: str
    questions: tuple[Question, ...]


def find_pinned_passage(pin: Pin, passages: Sequence[Passage]) -> int | None:
    """Return the number of a pin's passage: in its article, or else wherever the same sentence stands."""
    same = [number for number, passage in enumerate(passages) if passage.text == pin.text]
    own = [number for number in same if passages[number].article.id == pin.article]
    return next(iter([*own, *same]), None)


class PinBoard:
    """The pins of a corpus, ready to be looked up. Immutable."""

    def __init__(  # noqa: PLR0913 - what a look-up needs
        self,
        pins: Sequence[Pin],
        passages: Sequence[Passage],
        *,
        split: Callable[[Question], Words],
        embed: Callable[[Sequence[Question]], Vectors] | None,
        centre: Callable[[Vectors, str], Vectors],
        threshold: float,
        known: Mapping[Question, Vectors],
    ) -> None:
        """Embed the questions of the pins whose passages are there, unless their vectors are ``known``."""
        found = [(pin, find_pinned_passage(pin, passages)) for pin in pins]
        asked = [
            (question, number) for pin, number in found if number is not None for question in pin.questions
        ]
        self.gone = tuple(pin for pin, number in found if number is None)
        self._by_words = {split(question): number for question, number in asked}
        self._threshold = threshold
        self._numbers = [number for _, number in asked]
        self.known: Mapping[Question, Vectors] = {}
        self._vectors: Vectors | None = None
        if embed is None or not asked:
            return
        new = list(dict.fromkeys(question for question, _ in asked if question not in known))
        vectors = dict(known) | (dict(zip(new, embed(new), strict=True)) if new else {})
        self.known = {question: vectors[question] for question, _ in asked}
        self._vectors = np.stack([centre(self.known[question], question.language) for question, _ in asked])

    def holds(self, words: Words) -> bool:
        """Tell whether a question in these very words is pinned."""
        return words in self._by_words

    def find(self, words: Words, vector: Vectors | None) -> int | None:
        """Return the number of the passage that is pinned for a question; ``vector`` is centred."""
        number = self._by_words.get(words)
        if number is not None or self._vectors is None or vector is None:
            return number
        similarities = self._vectors @ vector
        nearest = int(similarities.argmax())
        return self._numbers[nearest] if similarities[nearest] >= self._threshold else None


def put_first(pinned: Hit, hits: Sequence[Hit], limit: int) -> tuple[Hit, ...]:
    """Put a pinned passage before the hits, with those that say the same if it is among the hits."""
    also: tuple[Passage, ...] = ()
    others = []
    for hit in hits:
        sources = (hit.passage, *hit.also)
        if pinned.passage in sources:
            also = tuple(passage for passage in sources if passage != pinned.passage)
        else:
            others.append(hit)
    best = max([pinned.score, *(hit.score for hit in others)])
    first = replace(pinned, score=best, also=also, is_pinned=True)
    return (first, *others)[:limit]
