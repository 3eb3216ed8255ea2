"""Small talk: greetings, thanks and farewells, told apart from questions.

A message is small talk when it consists of known phrases only ("Hi! How are you?"), so a greeting
before a question does not hide the question. The phrases are in ``small_talk.toml`` and have nothing
to do with the subject of the articles.
"""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from importlib.resources import files

from bot.model import SmallTalk

# A run of letters is a word, and so is an emoji with a meaning.
_WORD = re.compile(r"[^\W_]+|[\U0001F300-\U0001FAFF\u2600-\u27BF]")
# The characters that follow an emoji to choose its look or skin tone.
_MODIFIERS = re.compile(r"[\ufe0e\ufe0f\u200d\U0001F3FB-\U0001F3FF]")
_LONGEST_MESSAGE = 100

# When a message says several of these, the first one is answered.
_PRIORITY = (
    SmallTalk.WHO_ARE_YOU,
    SmallTalk.HOW_ARE_YOU,
    SmallTalk.THANKS,
    SmallTalk.FAREWELL,
    SmallTalk.GREETING,
)


class SmallTalkPhrases:
    """Tells small talk from questions."""

    def __init__(self, phrases: Mapping[SmallTalk, list[str]]) -> None:
        self._meanings: dict[tuple[str, ...], SmallTalk] = {}
        for meaning in _PRIORITY:
            for phrase in phrases[meaning]:
                self._meanings.setdefault(_split(phrase), meaning)
        self._longest = max(map(len, self._meanings))

    def recognise(self, text: str) -> SmallTalk | None:
        """Return the meaning of a message that is all small talk, or None for any other message.

        >>> load_small_talk().recognise("Hi! Who are you?")
        <SmallTalk.WHO_ARE_YOU: 'who_are_you'>
        """
        if len(text) > _LONGEST_MESSAGE:
            return None
        meanings = self._cover(_split(text))
        return min(meanings, key=_PRIORITY.index) if meanings else None

    def _cover(self, words: tuple[str, ...]) -> frozenset[SmallTalk]:
        """Return the meanings of the phrases that the words consist of; none if a word is left over."""
        covered: list[frozenset[SmallTalk] | None] = [frozenset()]
        for end in range(1, len(words) + 1):
            found = None
            for start in range(max(0, end - self._longest), end):
                before = covered[start]
                meaning = self._meanings.get(words[start:end])
                if before is not None and meaning is not None:
                    found = before | {meaning}
                    break
            covered.append(found)
        return covered[-1] or frozenset()


def load_small_talk() -> SmallTalkPhrases:
    """Read the phrases that come with the bot."""
    content = (files("bot.wording") / "small_talk.toml").read_text("utf-8")
    return SmallTalkPhrases(
        {
            SmallTalk(meaning): [phrase for phrases in languages.values() for phrase in phrases]
            for meaning, languages in tomllib.loads(content).items()
        }
    )


def _split(text: str) -> tuple[str, ...]:
    folded = _MODIFIERS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return tuple(_WORD.findall(folded))
