"""Small talk: what people send without asking anything, told apart from questions.

A message is small talk when it consists of known phrases only ("Hi! How are you?"), so a greeting
before a question does not hide the question. The phrases are in ``small_talk.toml`` and have nothing
to do with the subject of the articles. Case, accents, punctuation, doubled letters and a slip in a
long word make no difference. A message without a word ("?", "42", an emoji) and a bare address are
small talk as well.
"""

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from bot.characters import UNSPACED
from bot.model import SmallTalk

_EMOJI = r"\U0001F1E6-\U0001F1FF\U0001F300-\U0001FAFF\u2190-\u21ff\u2300-\u23ff\u2600-\u27BF\u2b00-\u2bff"
# A run of letters is a word, and so is an emoji. Scripts without spaces between words are cut into
# characters, so that phrases may follow each other.
# The signs of Indian scripts are no letters to Python, but belong to their words.
_WORD = re.compile(rf"[{UNSPACED}]|(?:[^\W_{UNSPACED}]|[\u0900-\u0dff])+|[{_EMOJI}]")
_EMOJI_WORD = re.compile(rf"[{_EMOJI}]")
# The characters that follow an emoji to choose its look or skin tone.
_MODIFIERS = re.compile(r"[\ufe0e\ufe0f\u200d\u20e3\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F]")
# "hahahaha" and "nooooo": a unit of one or two letters, three times and more; then doubled letters.
_REPEATED = re.compile(r"([^\W\d_]{1,2}?)\1{2,}")
_DOUBLED = re.compile(r"([^\W\d_])\1+")
# Letters that Unicode does not take apart into a plain one and its accent.
_PLAIN = str.maketrans(
    {"đ": "d", "ð": "d", "ø": "o", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"} | {"ى": "ي", "ة": "ه"}
)
# Below are signs without which a letter of an Indian script or of kana is another one.
_LEAST_CLASS_OF_ACCENTS = 10
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+"  # a URL with its scheme
    r"|(?:mailto:)?[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # an e-mail address
    r"|@\w+"  # a name on Telegram and elsewhere
    r"|(?:[\w-]+\.)+[a-z]{2,24}(?::\d+)?(?:[/?#]\S*)?"  # a host, with or without a path
)
_AROUND_ADDRESS = "<>()[]{}\"'«»“”„.,;:!?…"
# Latin, Greek and Cyrillic; in the scripts behind them, one character may be a word.
_LAST_OF_ALPHABETS = "\u052f"
_LONGEST_MESSAGE = 100
# A shorter word with another letter is another word.
_LEAST_LETTERS_MISTYPED = 6
_LEAST_LETTERS_MISTYPED_AMONG_OTHERS = 4
_FILLER = "filler"

# When a message says several of these, the first one is answered.
_PRIORITY = (
    SmallTalk.ARE_YOU_AN_AI,
    SmallTalk.WHO_ARE_YOU,
    SmallTalk.WHAT_CAN_I_ASK,
    SmallTalk.TELL_ME_MORE,
    SmallTalk.COMPLAINT,
    SmallTalk.HOW_ARE_YOU,
    SmallTalk.ADDRESS,
    SmallTalk.THANKS,
    SmallTalk.FAREWELL,
    SmallTalk.TEST,
    SmallTalk.REFUSAL,
    SmallTalk.GREETING,
    SmallTalk.ACKNOWLEDGEMENT,
)

_AFTER_HOW_ARE_YOU = frozenset({SmallTalk.THANKS, SmallTalk.GREETING, SmallTalk.FAREWELL})

Words = tuple[str, ...]


@dataclass(slots=True)
class _Branch:
    """Where the phrases with the same beginning go on; ``is_end`` if one ends here, with its meaning."""

    following: dict[str, "_Branch"] = field(default_factory=dict)
    is_end: bool = False
    meaning: SmallTalk | None = None


class SmallTalkPhrases:
    """Tells small talk from questions."""

    def __init__(self, phrases: Mapping[SmallTalk, list[str]], fillers: list[str]) -> None:
        """Take phrases by their meaning; ``fillers`` may stand beside them and mean nothing ("please")."""
        self._meanings: dict[Words, SmallTalk | None] = {}
        for meaning in _PRIORITY:
            for phrase in phrases.get(meaning, []):
                self._meanings.setdefault(_split(phrase), meaning)
        for filler in fillers:
            self._meanings.setdefault(_split(filler), None)
        self._tree = _grow_tree(self._meanings)
        vocabulary = {word for phrase in self._meanings for word in phrase}
        self._vocabulary = frozenset(vocabulary)
        self._mistyped: defaultdict[str, list[str]] = defaultdict(list)
        for word in sorted(vocabulary):
            if len(word) >= _LEAST_LETTERS_MISTYPED_AMONG_OTHERS:
                for miss in {word, *_leave_out_letters(word)}:
                    self._mistyped[miss].append(word)

    def recognise(self, text: str) -> SmallTalk | None:
        """Return the meaning of a message that is all small talk, or None for any other message.

        >>> load_small_talk().recognise("Hi! Who are you?")
        <SmallTalk.WHO_ARE_YOU: 'who_are_you'>
        """
        if not text.strip():
            return None
        said, has_address = _take_out_addresses(text)
        words = _split(said)
        spoken = tuple(word for word in words if not _EMOJI_WORD.fullmatch(word) or (word,) in self._meanings)
        if not _may_mean(spoken) and not any(self._meanings.get((word,)) for word in spoken):
            return SmallTalk.ADDRESS if has_address else SmallTalk.NOTHING
        if len(said) > _LONGEST_MESSAGE:
            return None
        meanings = self._cover([{word} for word in spoken])
        if meanings is None:
            meanings = self._cover(self._find_meant(spoken))
        if meanings is None:
            return None
        found = meanings | ({SmallTalk.ADDRESS} if has_address else set())
        return min(found, key=_PRIORITY.index) if found else SmallTalk.WHAT_CAN_I_ASK

    def _cover(self, words: Sequence[Collection[str]]) -> frozenset[SmallTalk] | None:
        """Return the meanings of the phrases that the words consist of; None if a word is left over.

        Each word is given as the words that it may stand for. The longest phrases go first.
        """
        covered: list[frozenset[SmallTalk] | None] = [frozenset(), *(None for _ in words)]
        for start in range(len(words)):
            before = covered[start]
            branches = [self._tree] if before is not None else []
            for end, choices in enumerate(words[start:], start + 1):
                branches = [
                    branch.following[word]
                    for branch in branches
                    for word in choices
                    if word in branch.following
                ]
                ended = next((branch for branch in branches if branch.is_end), None)
                if ended and before is not None and covered[end] is None:
                    if ended.meaning is SmallTalk.HOW_ARE_YOU and not self._may_follow(words[end:]):
                        continue
                    covered[end] = before | {ended.meaning} if ended.meaning else before
        return covered[-1]

    def _may_follow(self, words: Sequence[Collection[str]]) -> bool:
        """Tell whether words leave a "how are you" what it is, unlike in "wie geht's weiter?"."""
        meanings = self._cover(words)
        return not words or bool(meanings and meanings <= _AFTER_HOW_ARE_YOU)

    def _find_meant(self, words: Words) -> list[set[str]]:
        """Return, for each word, the known words from which it differs by a slip, and itself.

        Two words that differ by a slip become equal if a letter is left out of one or of both. The
        first letter is rarely mistyped, and must agree.
        """
        least = _LEAST_LETTERS_MISTYPED if len(words) == 1 else _LEAST_LETTERS_MISTYPED_AMONG_OTHERS
        return [
            {
                meant
                for miss in (word, *_leave_out_letters(word))
                for meant in self._mistyped.get(miss, ())
                if _differ_by_a_slip(word, meant)
            }
            | {word}
            if len(word) >= least and word not in self._vocabulary
            else {word}
            for word in words
        ]


@cache
def load_small_talk() -> SmallTalkPhrases:
    """Read the phrases that come with the bot, once in a process."""
    content = tomllib.loads((files("bot.wording") / "small_talk.toml").read_text("utf-8"))
    listed = {
        name: [phrase for one in languages.values() for phrase in one] for name, languages in content.items()
    }
    fillers = listed.pop(_FILLER)
    return SmallTalkPhrases({SmallTalk(name): phrases for name, phrases in listed.items()}, fillers)


def _grow_tree(meanings: Mapping[Words, SmallTalk | None]) -> _Branch:
    root = _Branch()
    for phrase, meaning in meanings.items():
        branch = root
        for word in phrase:
            branch = branch.following.setdefault(word, _Branch())
        branch.is_end, branch.meaning = True, meaning
    return root


def _split(text: str) -> Words:
    """Cut a text into folded words: without case, accents, doubled letters and the looks of emoji."""
    folded = unicodedata.normalize("NFKC", _MODIFIERS.sub("", text)).casefold()
    bare = "".join(
        character
        for character in unicodedata.normalize("NFD", folded.replace("'", " ").replace("’", " "))
        if unicodedata.combining(character) < _LEAST_CLASS_OF_ACCENTS
    )
    plain = unicodedata.normalize("NFC", bare).translate(_PLAIN)
    return tuple(_WORD.findall(_DOUBLED.sub(r"\1", _REPEATED.sub(r"\1", plain))))


def _may_mean(words: Words) -> bool:
    """Tell whether words may mean something: figures, emoji and a lone letter of an alphabet do not."""
    letters = [character for word in words for character in word if character.isalpha()]
    return len(letters) > 1 or any(character > _LAST_OF_ALPHABETS for character in letters)


def _take_out_addresses(text: str) -> tuple[str, bool]:
    """Return a text without its addresses, and whether it had any."""
    kept, has_address = [], False
    for token in text.split():
        bare = token.strip(_AROUND_ADDRESS).casefold()
        is_address = _ADDRESS.fullmatch(bare) is not None
        has_address |= is_address
        kept.append("" if is_address else token)
    return " ".join(kept), has_address


def _leave_out_letters(word: str) -> Iterator[str]:
    """Yield the word without each of its letters but the first."""
    return (word[:place] + word[place + 1 :] for place in range(1, len(word)))


def _differ_by_a_slip(one: str, other: str) -> bool:
    """Tell whether one letter is missing, added or different, or two neighbours changed places."""
    begin = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if begin is None:
        return abs(len(one) - len(other)) <= 1
    rest, other_rest = one[begin:], other[begin:]
    return (
        rest[1:] == other_rest[1:]
        or rest[1:] == other_rest
        or rest == other_rest[1:]
        or (rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:])
    )
