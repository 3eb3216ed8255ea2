"""The news, and the questions about it: those of READING, and those that were written for this project.

READING holds ``news-sentences.jsonl.gz`` and ``news-questions.jsonl.gz``; ``written/`` has files of the
same form.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from bot.model import Earlier, Question
from bot.search.leaning import join_earlier
from tests.learning.material import Asked, Material
from tests.learning.rows import read_rows

WRITTEN = Path(__file__).with_name("written")
"""Articles and questions that were written for this project, to be learned from."""
NEWS = "news"
NEWS_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "es", "ru", "sv", "da", "pt", "ja", "zh", "ar")
QUESTION_LANGUAGES = ("en", "nb", "fr", "id", "de", "vi", "es", "ru")

_SENTENCES = "news-sentences.jsonl.gz"
_QUESTIONS = "news-questions.jsonl.gz"

_PHRASES = (
    "at least|at most|on average|au moins|au plus|au cours|à partir|en cours|en train|en raison|en faveur"
    "|i dag|i går|i fjor"
)
# The collections' answers begin behind such a word, those of ``written/`` with it; fixed phrases keep it.
_LEADING = {
    language: re.compile(rf"(?!{_PHRASES})(?:{words}) (?=\S)")
    for language, words in {
        "en": "in|on|at|from|by",
        "nb": "i|på|fra|av|ved",
        "fr": "à|en|au|aux|dans|de|par|sur",
        "id": "di|pada|dari|oleh",
        "de": "in|im|am|an|auf|von|vom|aus|zu|zum|zur",
        "vi": "vào|tại|ở|từ|trong",
    }.items()
}


def load_news(folder: Path, documents: frozenset[str] | None = None) -> Material:
    """Read the news with the questions that came with it; of some articles only if they are named."""
    return _read_news([folder], documents)


def load_all_news(folder: Path, documents: frozenset[str]) -> Material:
    """Read articles with all questions about them, also those that were written for this project."""
    return _read_news([folder, WRITTEN], documents)


def list_written_articles() -> frozenset[str]:
    """Return the names of the articles that were written for this project."""
    return frozenset(row["doc"] for row in read_rows(WRITTEN / _SENTENCES))


def _read_news(folders: Sequence[Path], documents: frozenset[str] | None) -> Material:
    material = Material()
    lines = read_lines(folders, documents)
    groups: dict[tuple[str, int], int] = {}
    sentences: dict[int, dict[str, Any]] = {}
    for document, rows in lines.items():
        first = None
        for language in NEWS_LANGUAGES:
            if language in rows[0]:
                first = material.add_place(document, language, [row[language] for row in rows], first)
        assert first is not None
        for number, row in enumerate(rows):
            groups[document, row["line"]] = first + number
            sentences[first + number] = row
    for folder in folders:
        for row in read_rows(folder / _QUESTIONS):
            if row["doc"] in lines:
                leading = _LEADING if folder == WRITTEN else {}
                material.asked.append(_read_asked(row, groups, sentences, leading))
    return material


def read_lines(folders: Sequence[Path], documents: frozenset[str] | None) -> dict[str, list[dict[str, Any]]]:
    """Read the lines of each article, in their order, as they are in the files of some folders."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in chain.from_iterable(read_rows(folder / _SENTENCES) for folder in folders):
        if documents is None or row["doc"] in documents:
            lines.setdefault(row["doc"], []).append(row)
    for rows in lines.values():
        rows.sort(key=lambda row: int(row["line"]))
    return lines


def _read_asked(
    row: dict[str, Any],
    groups: dict[tuple[str, int], int],
    sentences: dict[int, dict[str, Any]],
    leading: Mapping[str, re.Pattern[str]],
) -> Asked:
    """Read a question; of the words that answer, what ``leading`` matches at their beginning is left out."""
    answers = tuple(groups[row["doc"], line] for line in row.get("lines", ()))
    spans = {}
    for language, words in (row.get("spans") or {}).items() if answers else ():
        start = sentences[answers[0]][language].find(words)
        if start >= 0 and words:
            lead = leading[language].match(words) if language in leading else None
            spans[language] = (start + (lead.end() if lead else 0), start + len(words))
    nearest = groups[row["doc"], row["nearest"]] if "nearest" in row else None
    questions = _join_follow_up(row) if "earlier" in row else row["q"]
    return Asked(NEWS, row["doc"], questions, answers, spans, nearest)


def _join_follow_up(row: dict[str, Any]) -> dict[str, str]:
    """Write a follow-up as the bot reads it: after the question before and the words that answered that."""
    earlier = row["earlier"]
    answers = [earlier["spans"][language] for language in sorted(earlier["spans"])]
    return {
        language: join_earlier(
            Earlier(earlier["q"][language], answers[number % len(answers)]), Question(words, language)
        )
        for number, (language, words) in enumerate(sorted(row["q"].items()))
    }
