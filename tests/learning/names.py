"""Questions with another name in the place of the one that the article has: what answers them no longer does.

"Entity swap" is one of the ways in which people make questions that a paragraph seems to answer (Rajpurkar,
Jia and Liang 2018, "Know What You Don't Know: Unanswerable Questions for SQuAD", table 2).
"""

import calendar
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.learning.material import Asked, Material, Text

# Words with capitals, not the first one; what stands before tells people from places.
_NAME = re.compile(
    r"(?<=[\w,’'\"“] )(?P<name>[A-Z][\w’-]+(?: (?:of |the |de |for )*[A-Z][\w’-]+)*)(?!\w)", re.ASCII
)
_NO_NAMES = frozenset(calendar.month_name[1:]) | frozenset(calendar.day_name)


@dataclass(frozen=True, slots=True)
class _Named:
    """The number of an answered question, a name in it, and the word before the name."""

    number: int
    name: str
    before: str


class Names:
    """Names in questions about news, and what can be put in their place."""

    def __init__(self, material: Material, answered: Sequence[Asked]) -> None:
        """Find the names in English questions; where another language writes one otherwise, it stays."""
        self._texts = material.texts
        self._answered = answered
        self._named: list[_Named] = []
        self._articles: dict[str, str] = {}
        for (_, language), text in material.texts.items():
            if language == "en":
                self._articles[text.place] = f"{self._articles.get(text.place, '')} {text.sentence}"
        self._alike: dict[tuple[str, int], list[str]] = defaultdict(list)
        for number, asked in enumerate(answered):
            question = asked.questions["en"]
            if "? " in question:
                # The name may be in what was asked before, and nothing to the answer.
                continue
            for found in _NAME.finditer(question):
                name = found["name"]
                if name not in _NO_NAMES and name in self._articles[asked.place]:
                    before = question[: found.start()].split()[-1].casefold()
                    self._named.append(_Named(number, name, before))
                    self._alike[before, len(name.split())].append(name)

    def swap(
        self, draw: np.random.Generator, languages: Mapping[str, Sequence[str]]
    ) -> tuple[int, str, Text]:
        """Draw a question and put another name in it, one that the article does not have.

        Return the question's number, the question in one language, and a text that answers it with the
        former name, in one of the ``languages`` of its article.
        """
        while True:
            named = self._named[int(draw.integers(len(self._named)))]
            asked, name = self._answered[named.number], named.name
            texts = [
                text
                for language in languages[asked.place]
                if (text := self._texts.get((asked.answers[0], language)))
                and name in f"{text.context} {text.sentence}"
            ]
            written = [question for _, question in sorted(asked.questions.items()) if name in question]
            alike = self._alike[named.before, len(name.split())]
            other = alike[int(draw.integers(len(alike)))]
            if texts and not _share_words(name, other) and other not in self._articles[asked.place]:
                question = written[int(draw.integers(len(written)))]
                return named.number, question.replace(name, other), texts[int(draw.integers(len(texts)))]


def _share_words(one: str, other: str) -> bool:
    return not set(one.casefold().split()).isdisjoint(other.casefold().split())
