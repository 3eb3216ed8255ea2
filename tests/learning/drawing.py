"""What the reader learns from, step by step: questions, and for each the passages that it is to tell apart.

A question about news gets its answer and other sentences of the article, two of them such as seem to
answer, and, where no other article is likely to answer it, one of another article. Near misses get only
wrong ones, and so do questions with another name in them. Strangers, which are questions about other
articles, and now and then gibberish, get what is nearest to them elsewhere. Drawn by seed: the same number,
the same step.
"""

from dataclasses import dataclass

import numpy as np

from tests.learning.e5 import PASSAGE, QUESTION
from tests.learning.material import Asked, Material, Text
from tests.learning.names import Names
from tests.learning.news import NEWS
from tests.learning.sources import Sources
from tests.learning.squad import XQUAD
from tests.learning.vectors import Embedder

SEED = 12
NEWS_ANSWERED = 8
NEWS_NEAR = 5
SWAPPED = 2
STRANGERS = 2
OTHER_QUESTIONS = 6
HARD_POOL = 6
NEWS_HARD = 2
NEWS_RANDOM = 2
ELSEWHERE_POOL = 12
STRANGER_WRONG = 4
OTHER_WRONG = 3
OTHER_ANSWERED = 0.85
SPECIFIC_WORDS = 7
GIBBERISH = 0.1
SPAN_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi")
"""The languages in which the words that answer are known."""

SPANS_EACH = 3
OTHERS_EACH = 1
WRONG_IN_OWN = 0.4


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage to be read for a question: whether it answers, and with which words if that is known."""

    text: Text
    span: tuple[int, int] | None = None
    is_right: bool = False


@dataclass(frozen=True, slots=True)
class Reads:
    """A question with its candidates."""

    question: str
    candidates: list[Candidate]


@dataclass(frozen=True, slots=True)
class Mined:
    """Groups of wrong sentences that seem to answer, for each question: of its article, and of others."""

    hard: list[list[int]]
    elsewhere: list[list[int]]


def mine(material: Material, embedder: Embedder) -> Mined:
    """Find for each question about news the wrong sentences that seem to answer."""
    keys = [key for key in material.texts if key[1] == "en"]
    rows = {group: row for row, (group, _) in enumerate(keys)}
    passages = embedder.embed([PASSAGE + material.texts[key].sentence for key in keys])
    questions = embedder.embed([QUESTION + asked.questions["en"] for asked in material.asked])
    groups = np.array([group for group, _ in keys])
    mined = Mined([], [])
    for asked, vector in zip(material.asked, questions, strict=True):
        scores = passages @ vector
        own = material.places[asked.place]
        wrong = [group for group in own if group not in asked.answers]
        wrong.sort(key=lambda group: -float(scores[rows[group]]))
        mined.hard.append(wrong[:HARD_POOL])
        scores[[rows[group] for group in own]] = -np.inf
        mined.elsewhere.append(groups[np.argsort(-scores)[:ELSEWHERE_POOL]].tolist())
    return mined


class Drawing:
    """Draws the questions of a step and their candidates."""

    def __init__(self, sources: Sources, mined: Mined, seed: int = SEED) -> None:
        self._seed = seed
        self._sources = sources
        self._mined = mined
        news = sources.materials[NEWS]
        self._numbers = {id(asked): number for number, asked in enumerate(news.asked)}
        self._names = Names(news, sources.answered[NEWS])
        self._near = [asked for asked in news.asked if not asked.answers]
        self._specific = [asked for asked in news.asked if _is_specific(asked)]
        self._others = [name for name in sources.materials if name != NEWS]
        # Few languages an article, so that most states are there already.
        draw = np.random.default_rng(seed)
        self._languages = {}
        for place in sorted(news.places):
            rest = [language for language in news.languages[place] if language not in SPAN_LANGUAGES]
            self._languages[place] = [
                *map(str, draw.choice(SPAN_LANGUAGES, SPANS_EACH, replace=False)),
                *map(str, draw.choice(rest, OTHERS_EACH, replace=False) if rest else ()),
            ]

    def draw(self, step: int) -> list[Reads]:
        """Draw a step; the same number gives the same step."""
        draw = np.random.default_rng([self._seed, step])
        answered = self._sources.answered[NEWS]
        found = [
            self._draw_news(answered[number], draw)
            for number in draw.choice(len(answered), NEWS_ANSWERED, replace=False)
        ]
        found += [
            self._draw_news(self._near[number], draw)
            for number in draw.choice(len(self._near), NEWS_NEAR, replace=False)
        ]
        found += [self._draw_swapped(draw) for _ in range(SWAPPED)]
        found += [
            self._draw_stranger(self._specific[number], draw)
            for number in draw.choice(len(self._specific), STRANGERS, replace=False)
        ]
        for number in range(OTHER_QUESTIONS):
            name = self._others[(step * OTHER_QUESTIONS + number) % len(self._others)]
            asked = self._sources.materials[name].asked
            found.append(self._draw_other(name, asked[int(draw.integers(len(asked)))], draw))
        return found

    def _draw_news(self, asked: Asked, draw: np.random.Generator) -> Reads:
        material = self._sources.materials[NEWS]
        language = str(draw.choice(sorted(asked.questions)))
        written = self._languages[asked.place]
        candidates = []
        if asked.answers:
            other = str(draw.choice(written))
            text = material.texts[asked.answers[0], other]
            candidates.append(Candidate(text, asked.spans.get(other), is_right=True))
        number = self._numbers[id(asked)]
        hard = self._mined.hard[number]
        others = [group for group in material.places[asked.place] if group not in asked.answers]
        wrong = [] if asked.nearest is None else [asked.nearest]
        wrong += _choose(hard, NEWS_HARD - len(wrong), draw) + _choose(others, NEWS_RANDOM, draw)
        for group in dict.fromkeys(wrong):
            is_own = language in written and draw.random() < WRONG_IN_OWN
            other = language if is_own else str(draw.choice(written))
            candidates.append(Candidate(material.texts[group, other]))
        if asked.answers and _is_specific(asked):
            candidates += self._draw_elsewhere(self._mined.elsewhere[number], 1, draw)
        return Reads(asked.questions[language], candidates)

    def _draw_swapped(self, draw: np.random.Generator) -> Reads:
        """Draw a question with another name in it, what answered it, and other sentences of the article."""
        number, question, text = self._names.swap(draw, self._languages)
        asked = self._sources.answered[NEWS][number]
        material = self._sources.materials[NEWS]
        others = [group for group in material.places[asked.place] if group not in asked.answers]
        wrong = _choose(self._mined.hard[self._numbers[id(asked)]], 1, draw) + _choose(others, 1, draw)
        written = self._languages[asked.place]
        return Reads(
            question,
            [
                Candidate(text),
                *(
                    Candidate(material.texts[group, str(draw.choice(written))])
                    for group in dict.fromkeys(wrong)
                ),
            ],
        )

    def _draw_stranger(self, asked: Asked, draw: np.random.Generator) -> Reads:
        """Draw a question and sentences of other articles; now and then it is no question at all."""
        question = asked.questions[str(draw.choice(sorted(asked.questions)))]
        if draw.random() < GIBBERISH:
            question = " ".join("".join(draw.permutation(list(word))) for word in question.split())
        elsewhere = self._mined.elsewhere[self._numbers[id(asked)]]
        return Reads(question, self._draw_elsewhere(elsewhere, STRANGER_WRONG, draw))

    def _draw_elsewhere(self, groups: list[int], count: int, draw: np.random.Generator) -> list[Candidate]:
        texts = self._sources.materials[NEWS].texts
        return [
            Candidate(texts[group, str(draw.choice(self._languages[texts[group, "en"].place]))])
            for group in _choose(groups, count, draw)
        ]

    def _draw_other(self, name: str, asked: Asked, draw: np.random.Generator) -> Reads:
        material = self._sources.materials[name]
        language = str(draw.choice(sorted(asked.questions)))
        written = material.languages[asked.place]
        other = str(draw.choice(written))
        candidates = []
        # Now and then the sentence that answers is missing.
        if asked.answers and draw.random() < OTHER_ANSWERED:
            candidates.append(
                Candidate(material.find_answer(asked, other), asked.spans.get(other), is_right=True)
            )
        third = other if name != XQUAD else str(draw.choice(written))
        wrong = material.find_others(asked, third)
        candidates += [Candidate(wrong[number]) for number in draw.permutation(len(wrong))[:OTHER_WRONG]]
        if not candidates:
            candidates.append(
                Candidate(material.find_answer(asked, other), asked.spans.get(other), is_right=True)
            )
        return Reads(asked.questions[language], candidates)


def _is_specific(asked: Asked) -> bool:
    """Tell whether other articles hardly answer the question, too, as they may a short one."""
    return len(asked.questions["en"].split()) >= SPECIFIC_WORDS


def _choose(groups: list[int], count: int, draw: np.random.Generator) -> list[int]:
    return [int(group) for group in draw.choice(groups, min(count, len(groups)), replace=False)]
