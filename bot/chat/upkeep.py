"""Upkeep: pins and tests kept in step with the articles and with what people had erased.

At the start and after every change the pins are read from the database and handed to the desk.
After a reload those whose passages have gone are put aside, which the admins are told, and the
tests are asked; the report says what went better or worse than the last time, and the version of the
articles keeps its score. A version that has none yet is scored at the start. Tests are searched
without pins: a pin would make them pass by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from bot.answering import Desk, Index
from bot.chat.cards.paging import list_first
from bot.corpus.changes import StoreError
from bot.corpus.versions import Score, Versions
from bot.evaluation.measurement import ask_all, find_failures
from bot.evaluation.questions import EvaluationError, KnownQuestion
from bot.journal.database import DatabaseUnavailableError
from bot.journal.pins import Pins
from bot.journal.question_file import KeptQuestion, QuestionFile, QuestionFileError
from bot.model import Trouble, TroubleKind
from bot.search.pins import Pin
from bot.wording.phrases import Phrases

_LOG = logging.getLogger(__name__)
_NAMED = 5
_NAME_UNITS = 120


class Outcome(StrEnum):
    """How a test went; ``GONE``: the passage that answers is not in the articles."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "gone"


class Upkeep:
    """Hands pins to the desk, checks them, and asks the tests."""

    def __init__(  # noqa: PLR0913 - what is kept in step, and who is told
        self,
        *,
        desk: Desk,
        pins: Pins,
        question_file: QuestionFile,
        versions: Versions,
        report: Callable[[Trouble], None],
        try_again_s: float,
    ) -> None:
        """Tell ``report`` of pins that were put aside; wait ``try_again_s`` for a database that fails."""
        self._desk = desk
        self._pins = pins
        self._question_file = question_file
        self._versions = versions
        self._report = report
        self._try_again_s = try_again_s
        self._refreshing = asyncio.Lock()
        self._has_begun = False

    async def begin(self) -> None:
        """Use the pins that are kept, and write the question file; a database that fails is reported."""
        try:
            await self.refresh()
        except DatabaseUnavailableError:  # it was reported
            return
        self._has_begun = True

    async def keep_beginning(self) -> None:
        """Begin again until it works; then score the version that serves, unless all tests were asked."""
        while not self._has_begun:
            await asyncio.sleep(self._try_again_s)
            await self.begin()
        try:
            await self._score_at_start()
        except Exception:  # noqa: BLE001 - alerts are told beside it, and must go on
            _LOG.exception("The articles that serve could not be scored")

    async def _score_at_start(self) -> None:
        try:
            questions = await self._question_file.list_questions()
        except DatabaseUnavailableError:  # it was reported
            return
        index = self._desk.index
        if questions and not await asyncio.to_thread(self._is_scored, index, len(questions)):
            # What went better or worse is for the report of the next reload, so no outcome is noted.
            outcomes = await asyncio.to_thread(_find_outcomes, questions, index)
            await asyncio.to_thread(self._note_score, index, outcomes)

    async def refresh(self) -> tuple[tuple[Pin, ...], tuple[Pin, ...]]:
        """Use the pins and the question file as the database has them now.

        Return the pins whose passages have gone since the last time, and those whose are back.

        Raises:
            DatabaseUnavailableError: the database cannot be used now.
        """
        # One at a time, so that an older list of pins never replaces a newer one.
        async with self._refreshing:
            gone = await self.use_pins()
            aside, back = await self._pins.put_aside(gone)
            try:
                await self._question_file.write()
            except QuestionFileError as error:
                _LOG.error("%s", error)
        for pin in aside:
            # The text of an article, not of a person.
            self._report(Trouble(TroubleKind.PIN_ASIDE, f"{pin.article}: {pin.text}"))
        return aside, back

    async def use_pins(self) -> tuple[Pin, ...]:
        """Use the pins as the database has them now; return those whose passages have gone.

        Vectors that are new are kept in the database.

        Raises:
            DatabaseUnavailableError: the database cannot be used now.
        """
        kept = await self._pins.list_pins()
        encoder = self._desk.index.encoder_name
        known = await self._pins.read_vectors(encoder) if encoder and kept else {}
        gone = await asyncio.to_thread(self._desk.pin, [each.pin for each in kept], known)
        new = {
            question: vector
            for question, vector in self._desk.index.pinned_vectors.items()
            if question not in known
        }
        if encoder and new:
            await self._pins.keep_vectors(encoder, new)
        return gone

    async def check(self, phrases: Phrases) -> list[str]:
        """Check pins and tests after a reload, and return the lines of the report."""
        try:
            aside, back = await self.refresh()
            return [*_describe_pins(aside, back, phrases), *await self._ask_tests(phrases)]
        except DatabaseUnavailableError:  # it was reported
            return ["", phrases.say("reload.unchecked")]

    async def _ask_tests(self, phrases: Phrases) -> list[str]:
        questions = await self._question_file.list_questions()
        if not questions:
            return []
        index = self._desk.index
        outcomes = await asyncio.to_thread(_find_outcomes, questions, index)
        await self._question_file.note_outcomes({key: outcome.value for key, outcome in outcomes.items()})
        await asyncio.to_thread(self._note_score, index, outcomes)
        right = _count_right(outcomes)
        lines = ["", phrases.say("reload.tests", right=right, total=len(questions))]
        changed = [
            question for question in questions if question.outcome not in {None, outcomes[question.key]}
        ]
        better = [question for question in changed if outcomes[question.key] is Outcome.RIGHT]
        worse = [question for question in changed if question.outcome == Outcome.RIGHT]
        for key, found in (("reload.tests-better", better), ("reload.tests-worse", worse)):
            if found:
                texts = [question.question.text for question in found]
                lines += [phrases.say(key), *list_first(texts, phrases, most=_NAMED, units=_NAME_UNITS)]
        gone = sum(outcome is Outcome.GONE for outcome in outcomes.values())
        return [*lines, phrases.say("reload.tests-gone", count=gone)] if gone else lines

    def _is_scored(self, index: Index, total: int) -> bool:
        version = self._versions.find(index.corpus.version)
        return version is None or (version.score is not None and version.score.total == total)

    def _note_score(self, index: Index, outcomes: Mapping[str, Outcome]) -> None:
        version_id = index.corpus.version
        try:
            self._versions.note_score(version_id, Score(_count_right(outcomes), len(outcomes)))
        except StoreError as error:
            _LOG.warning("The score of the version %s of the articles is not kept: %s", version_id, error)


def _count_right(outcomes: Mapping[str, Outcome]) -> int:
    return sum(outcome is Outcome.RIGHT for outcome in outcomes.values())


def _find_outcomes(questions: Sequence[KeptQuestion], index: Index) -> dict[str, Outcome]:
    """Ask the tests, in a worker thread; each alone, since one whose passage has gone cannot be asked."""
    unpinned = index.with_pins(())
    outcomes = {}
    for question in questions:
        try:
            results = ask_all([KnownQuestion.model_validate(question.to_table())], unpinned)
        except EvaluationError:
            outcomes[question.key] = Outcome.GONE
        else:
            outcomes[question.key] = Outcome.WRONG if find_failures(results) else Outcome.RIGHT
    return outcomes


def _describe_pins(aside: Sequence[Pin], back: Sequence[Pin], phrases: Phrases) -> list[str]:
    lines: list[str] = []
    for key, pins in (("reload.pins-aside", aside), ("reload.pins-back", back)):
        if pins:
            texts = [pin.text for pin in pins]
            lines += ["", phrases.say(key, count=len(pins))]
            lines += list_first(texts, phrases, most=_NAMED, units=_NAME_UNITS)
    return lines
