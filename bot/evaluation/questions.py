"""Question files: questions whose answers are known, as ``[[question]]`` tables of TOML.

A question names the facts that answer it, as regular expressions over passages or as passage ids,
or is marked ``unanswerable``. A follow-up also says which question came before it.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.language import parse_language


class EvaluationError(Exception):
    """A question file that cannot be used; the message names the question and the mistake."""


class KnownQuestion(BaseModel):
    """A question and what answers it.

    The second turn of a conversation has what was asked ``earlier``: a follow-up, which also has itself
    written out in ``full``, or a ``switch``, which has nothing to do with the first turn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1)]
    language: Annotated[str, AfterValidator(parse_language)]
    question: Annotated[str, Field(min_length=1)]
    facts: tuple[str, ...] = ()
    unanswerable: bool = False
    kind: str | None = None
    earlier: Annotated[str, Field(min_length=1)] | None = None
    full: Annotated[str, Field(min_length=1)] | None = None
    switch: bool = False

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.facts) == self.unanswerable:
            message = "needs facts, or unanswerable = true, and not both"
            raise ValueError(message)
        if self.earlier is None and (self.full is not None or self.switch):
            message = "has full or switch, which only a question with earlier may have"
            raise ValueError(message)
        return self


def read_questions(path: Path) -> list[KnownQuestion]:
    """Read a TOML file of ``[[question]]`` tables.

    Raises:
        EvaluationError: the file cannot be read, a question is malformed, or an id comes twice.
    """
    try:
        entries = tomllib.loads(path.read_text("utf-8")).get("question", [])
    except (OSError, ValueError, RecursionError) as error:
        message = f"{path}: cannot be read as TOML: {error}"
        raise EvaluationError(message) from None
    if not isinstance(entries, list):
        message = f"{path}: question: has to be a list of [[question]] tables"
        raise EvaluationError(message)
    questions: dict[str, KnownQuestion] = {}
    for number, entry in enumerate(entries, 1):
        question = _parse_question(path, number, entry)
        if question.id in questions:
            message = f"{path}: question {question.id}: the id comes twice"
            raise EvaluationError(message)
        questions[question.id] = question
    if not questions:
        message = f"{path}: holds no [[question]]"
        raise EvaluationError(message)
    return list(questions.values())


def _parse_question(path: Path, number: int, entry: object) -> KnownQuestion:
    try:
        return KnownQuestion.model_validate(entry)
    except ValidationError as error:
        mistake = error.errors()[0]
        place = ".".join(map(str, mistake["loc"]))
        name = entry.get("id", f"number {number}") if isinstance(entry, dict) else f"number {number}"
        message = f"{path}: question {name}: {place} {mistake['msg'].removeprefix('Value error, ')}"
        raise EvaluationError(message) from None
