"""Questions that ask two things: split into two, searched apart, and their findings joined.

"How many countries signed and how many chapters are there?" has two answers in two sentences, and no
sentence answers it as a whole. It is split at a word that joins, at a comma or after a question mark, if
what stands on each side asks by itself. The words that ask and join are in ``compound.toml``. A question
in another language, or one that asks more than two things, stays whole.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bot.characters import UNSPACED
from bot.model import Findings, Hit
from bot.search.clauses import find_units

_WORDS_FILE = "compound.toml"
# A word that asks stands first, or behind a preposition: "and in which city".
_FIRST_WORDS = 2
_MARKED = re.compile(r"[^?？؟]+[?？؟]+")
_PARTS = 2


@dataclass(frozen=True, slots=True)
class _Language:
    """How a language asks and joins."""

    asking: re.Pattern[str]
    joining: re.Pattern[str]
    asks_anywhere: bool
    least_words: int


def split_question(text: str, language: str) -> tuple[str, str] | None:
    """Return the two questions that a text asks, or None if it does not ask exactly two.

    >>> split_question("How many countries signed it and how many chapters are there?", "en")
    ('How many countries signed it', 'how many chapters are there?')
    """
    words = _load_languages().get(language)
    if words is None:
        return None
    marked = [match[0].strip() for match in _MARKED.finditer(text)]
    if len(marked) > 1:
        is_two = len(marked) == _PARTS and all(_asks(part, words) for part in marked)
        return (marked[0], marked[1]) if is_two else None
    splits = list(_split_at_joints(text, words))
    return splits[0] if len(splits) == 1 else None


def _split_at_joints(text: str, words: _Language) -> Iterator[tuple[str, str]]:
    for match in words.joining.finditer(text):
        before, after = text[: match.start()].strip(), text[match.end() :].strip()
        if _asks(before, words) and _asks(after, words, is_first=not words.asks_anywhere):
            yield before, after


def _asks(part: str, words: _Language, *, is_first: bool = False) -> bool:
    """Tell whether a part asks by itself; ``is_first``: with one of its first words."""
    units = find_units(part, (0, len(part)))
    if len(units) < words.least_words:
        return False
    asking = words.asking.search(part)
    return asking is not None and (not is_first or asking.start() < units[_FIRST_WORDS][0])


def join_findings(parts: Sequence[str], found: Sequence[Findings], limit: int) -> Findings | None:
    """Join what was found for the parts, the best hit of each part first, even if these are over ``limit``.

    None if no part is answered, or one passage answers all: then the question is searched as a whole.
    """
    answered = [findings for findings in found if findings.is_answer]
    leads = {findings.hits[0].passage.id: findings.hits[0] for findings in answered}
    is_complete = len(answered) == len(found)
    if not answered or (is_complete and len(leads) < len(found)):
        return None
    unanswered = next(
        (part for part, findings in zip(parts, found, strict=True) if not findings.is_answer), None
    )
    hits: dict[str, Hit] = {}
    for hit in (*leads.values(), *_take_turns([findings.hits[1:] for findings in answered])):
        hits.setdefault(hit.passage.id, hit)
    return Findings(
        hits=tuple(hits.values())[: max(limit, len(leads))],
        confidence=min(findings.confidence for findings in answered),
        is_answer=True,
        is_leaning=any(findings.is_leaning for findings in answered),
        leads=len(leads),
        unanswered=unanswered,
    )


def _take_turns(rankings: Sequence[Sequence[Hit]]) -> Iterator[Hit]:
    """Yield the first of each ranking, then the second of each, and so on."""
    for place in range(max(map(len, rankings))):
        yield from (ranking[place] for ranking in rankings if place < len(ranking))


@cache
def _load_languages() -> dict[str, _Language]:
    content = tomllib.loads((files(__package__) / _WORDS_FILE).read_text("utf-8"))
    return {
        language: _Language(
            asking=re.compile(_match_any(words["asking"]), re.IGNORECASE),
            joining=re.compile("|".join(_list_joints(words)), re.IGNORECASE),
            asks_anywhere=words.get("anywhere", False),
            least_words=words["least"],
        )
        for language, words in content.items()
    }


def _list_joints(words: Mapping[str, Any]) -> Iterator[str]:
    """Yield patterns for what stands between two questions."""
    joining = _match_any(words["joining"])
    yield rf"\s*[,;，、；،]\s*(?:{joining})?"
    yield joining
    if "prefix" in words:
        yield rf"(?<!\w){words['prefix']}(?=(?:{'|'.join(words['asking'])})(?!\w))"


def _match_any(words: Sequence[str]) -> str:
    """Return a pattern for any of the words, the longest first; scripts without spaces have no edges."""
    ordered = sorted(words, key=len, reverse=True)
    alternatives = "|".join(map(re.escape, ordered))
    if re.match(rf"[{UNSPACED}]", words[0]):
        return f"(?:{alternatives})"
    return rf"(?<!\w)(?:{alternatives})(?!\w)"
