"""What is learned from and measured on: articles, and questions with the sentences that answer them.

What is the same sentence in another language has the same ``group``.
"""

from dataclasses import dataclass, field

from bot.model import Article, Passage
from bot.search.clauses import find_clauses
from bot.search.semantic import plan_texts

NOBODY = -1


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence, and ``context``: the same after the last words of the one before.

    ``before`` is the group of that one, ``NOBODY`` if there is none. ``place`` is the article.
    """

    group: int
    before: int
    language: str
    sentence: str
    context: str
    place: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, in one language or several; ``answers`` are groups, the best first.

    ``spans``: in each language that is known the words that answer, as places in the best sentence.
    ``nearest``: the group of what seems to answer a question that nothing answers, if that is known.
    """

    source: str
    place: str
    questions: dict[str, str]
    answers: tuple[int, ...]
    spans: dict[str, tuple[int, int]]
    nearest: int | None = None


@dataclass(slots=True)
class Material:
    """Texts by group and language, the groups of each article, the languages it is in, the questions."""

    texts: dict[tuple[int, str], Text] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    groups: int = 0

    def add_place(self, place: str, language: str, sentences: list[str], first: int | None = None) -> int:
        """Add an article in one language; return the group of its first sentence."""
        if first is None:
            first = self.groups
            self.groups += len(sentences)
            self.places.setdefault(place, []).extend(range(first, self.groups))
        self.languages[place] = (*self.languages.get(place, ()), language)
        article = Article(place, language, f"https://example.org/{place}", "", None, None, (), "")
        passages = [Passage(article, sentence, 0, number) for number, sentence in enumerate(sentences)]
        contexts = plan_texts(passages).contexts
        for number, (sentence, context) in enumerate(zip(sentences, contexts, strict=True)):
            group = first + number
            before = group - 1 if number else NOBODY
            self.texts[group, language] = Text(group, before, language, sentence, context, place)
        return first

    def find_answer(self, asked: Asked, language: str) -> Text:
        """Return the best text that answers, in a language that the question's article is in."""
        return next(self.texts[group, language] for group in asked.answers if (group, language) in self.texts)

    def find_others(self, asked: Asked, language: str) -> list[Text]:
        """Return the texts of the question's article that do not answer, in a language."""
        return [
            self.texts[group, language]
            for group in self.places[asked.place]
            if group not in asked.answers and (group, language) in self.texts
        ]


def find_answer_clause(text: Text, span: tuple[int, int] | None) -> str:
    """Return the clause that has the answer, or the whole sentence where that is not known."""
    if span is None:
        return text.sentence
    fitting = [
        (start, end) for start, end in find_clauses(text.sentence) if start <= span[0] and span[1] <= end
    ]
    if not fitting:
        return text.sentence
    start, end = min(fitting, key=lambda found: abs(found[0] + found[1] - span[0] - span[1]))
    return text.sentence[start:end]
