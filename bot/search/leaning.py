"""Leaning: whether a question cannot stand alone, as "and when?", "what did she say?" or "Guterres?".

A question that names its subject stands alone, however short it is. It leans where it names next to
nothing, or where a word in it goes on from something ("and") or stands for something that was said
("she") and it names little besides. The words that tell are in ``leaning.toml``; in a language that is
not there, a question of few words leans. Whether what came before gives it an answer is not decided
here.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files

from bot.model import Earlier, Question
from bot.search.analysis import split_words
from bot.search.clauses import find_units

# At most so many words name something in a question that leans: without any mark of it, where a word
# stands for what was said before, and where the first word goes on from it.
_NAMED = 1
_NAMED_BESIDE_POINTING = 2
_NAMED_AFTER_OPENER = 3
# At most so many words, in a language whose words are not known.
_FEW_WORDS = 6
# The words of an answer say what a follow-up is about only where they are few.
_MOST_RECALLED_WORDS = 8
# Too few for a language to be told with certainty.
_FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of one language that tell."""

    openers: frozenset[str]
    pointing: frozenset[str]
    endings: tuple[str, ...]
    grammar: frozenset[str]
    is_syllabic: bool

    def is_pointing(self, word: str) -> bool:
        return word in self.pointing or word.endswith(self.endings)

    def is_named(self, word: str) -> bool:
        return not (word in self.openers or word in self.grammar or word in self.pointing)


class Leaning:
    """Tells questions that lean from those that stand alone."""

    def __init__(self, words: dict[str, _Words]) -> None:
        """Use ``load_leaning``."""
        self._words = words

    def leans(self, question: Question) -> bool:
        """Tell whether a question cannot stand alone."""
        words = split_words(question.text)
        known = self._words.get(question.language)
        if known is None:
            return len(find_units(question.text, (0, len(question.text)))) <= _FEW_WORDS
        if len(words) <= _FEWEST_WORDS:
            return True
        named = sum(map(known.is_named, words))
        if known.is_syllabic:
            named = (named + 1) // 2
        if words[0] in known.openers:
            return named <= _NAMED_AFTER_OPENER
        return named <= (_NAMED_BESIDE_POINTING if any(map(known.is_pointing, words)) else _NAMED)

    def find_named(self, question: Question) -> list[str]:
        """Return the words of a question that name something; all of them in an unknown language."""
        words = split_words(question.text)
        known = self._words.get(question.language)
        return [word for word in words if known is None or known.is_named(word)]


def load_leaning() -> Leaning:
    """Read the words that come with the bot."""
    content = tomllib.loads((files(__package__) / "leaning.toml").read_text("utf-8"))
    return Leaning(
        {
            language: _Words(
                openers=frozenset(words["openers"].split()),
                pointing=frozenset(words["pointing"].split()),
                endings=tuple(words.get("endings", "").split()),
                grammar=frozenset(words["grammar"].split()),
                is_syllabic=words.get("syllables", False),
            )
            for language, words in content.items()
        }
    )


def join_earlier(earlier: Earlier, question: Question) -> str:
    """Return what was asked before, the words that answered it if they are few, and what is asked now."""
    words = earlier.answer if earlier.answer and len(earlier.answer.split()) <= _MOST_RECALLED_WORDS else ""
    return " ".join(filter(None, (earlier.question, words, question.text)))
