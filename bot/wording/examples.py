"""Example questions: offered to people who do not know what to ask, and asked with a tap.

The owner of the bot writes them into a file, for each language of the readers; the code knows nothing
of the articles' subject. A button names its question by a digest, so it goes on working when the file
is rearranged, and never asks a question other than the one it shows.
"""

import hashlib
import tomllib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from bot.language import parse_language

_FALLBACK = "en"
_OFFERED = 3
_CHARACTERS = 200
_DIGEST_CHARACTERS = 12


class ExamplesError(Exception):
    """The file of examples has a mistake; the message names the file and says what to do."""


class Examples:
    """The example questions, by language."""

    def __init__(self, questions: Mapping[str, tuple[str, ...]]) -> None:
        self._questions = dict(questions)

    def choose(self, language: str) -> tuple[str, ...]:
        """Return the questions to offer in a language: its own, else the English ones, else none."""
        chosen = self._questions.get(language) or self._questions.get(_FALLBACK, ())
        return chosen[:_OFFERED]

    def list_questions(self, language: str) -> tuple[str, ...]:
        """Return all questions in a language."""
        return self._questions.get(language, ())

    def list_all(self) -> list[str]:
        """Return all questions in all languages."""
        return list(chain.from_iterable(self._questions.values()))

    def find(self, digest: str) -> str | None:
        """Return the question with that digest, if it is still among the examples."""
        return next((question for question in self.list_all() if digest_question(question) == digest), None)


def digest_question(question: str) -> str:
    """Return a short name for a question: the beginning of its SHA-256, in hexadecimal."""
    return hashlib.sha256(question.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def load_examples(path: Path) -> Examples:
    """Read a TOML file with a list of questions for each language; without the file there are no examples.

    Raises:
        ExamplesError: the file has another form.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Examples({})
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: cannot be read as TOML: {error}"
        raise ExamplesError(message) from None
    return Examples(
        {_read_language(path, tag): _read_list(path, tag, value) for tag, value in content.items()}
    )


def _read_language(path: Path, tag: str) -> str:
    try:
        return parse_language(tag)
    except ValueError as error:
        message = f"{path}: {tag}: {error}"
        raise ExamplesError(message) from None


def _read_list(path: Path, tag: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) and _is_fit(one) for one in value):
        message = f"{path}: {tag}: must be a list of questions, each a text of 1 to {_CHARACTERS} characters"
        raise ExamplesError(message)
    return tuple(" ".join(one.split()) for one in value)


def _is_fit(question: str) -> bool:
    return 0 < len(question.strip()) <= _CHARACTERS
