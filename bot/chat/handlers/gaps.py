"""/gaps and /pins: what the articles lack, and what an admin does about it.

A passage to pin is searched with the words of a reply to the bot's message, whose own button says
which group it is for; nothing is remembered between two messages, so all of it works after a
restart, and for two admins at once. Who may use it is decided at the door; here only whether somebody
sees the words of questions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from telegram import InlineKeyboardMarkup

from bot.answering import Desk
from bot.chat.addressing import read_question
from bot.chat.cards.gap_cards import (
    PAGE,
    GapLine,
    PinLine,
    Purpose,
    WordingLine,
    identify_passage,
    read_sought,
    render_candidates,
    render_done,
    render_gap,
    render_gaps,
    render_pins,
    render_prompt,
    render_test_choice,
    render_wordings,
)
from bot.chat.cards.markup import Markup, text
from bot.chat.cards.paging import begin_page
from bot.chat.handlers.admin_door import actor_of, record_act
from bot.chat.permissions import Part, Permissions
from bot.chat.turn import MessageTurn, PressTurn, Turn
from bot.chat.upkeep import Upkeep
from bot.journal.audit import Act, Audit
from bot.journal.database import DatabaseUnavailableError
from bot.journal.gaps import Gap, Gaps, choose_wordings
from bot.journal.pins import KeptPin, PinnedAlreadyError, Pins
from bot.journal.question_file import QuestionFile, QuestionFileError
from bot.model import Passage
from bot.search.pins import find_pinned_passage

_CANDIDATES = 5
# Each is embedded once at every reload.
_PINNED_WORDINGS = 20
_TEST_WORDINGS = 50

_Shown = tuple[Markup, InlineKeyboardMarkup | None]


class GapDesk:
    """Shows gaps and pins, and does what their buttons say."""

    def __init__(  # noqa: PLR0913 - each is something of its own
        self,
        *,
        desk: Desk,
        gaps: Gaps,
        pins: Pins,
        question_file: QuestionFile,
        upkeep: Upkeep,
        permissions: Permissions,
        audit: Audit,
    ) -> None:
        self._desk = desk
        self._gaps = gaps
        self._pins = pins
        self._question_file = question_file
        self._upkeep = upkeep
        self._permissions = permissions
        self._audit = audit
        self._changes: Mapping[str, Callable[..., Awaitable[_Shown]]] = {
            "answer": self._ask_for_passage,
            "hide": self._hide,
            "unhide": self._show_again,
            "test": self._ask_what_answers,
            "untest": self._take_out_test,
            "nothing": self._make_test_of_nothing,
            "search": self._ask_for_passage,
            "repeat": self._make_test_of_pin,
            "pin": self._pin,
            "right": self._make_test,
        }

    async def gaps(self, turn: MessageTurn) -> None:
        """Show the first page of the gaps."""
        try:
            content, keyboard = await self._lay_out_list(turn, 0)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        await turn.reply(content, keyboard)

    async def pins(self, turn: MessageTurn) -> None:
        """Show the first page of the pins."""
        try:
            content, keyboard = _lay_out_pins(await self._pins.list_pins(), 0, turn)
        except DatabaseUnavailableError:
            await turn.tell("personal.unavailable")
            return
        await turn.reply(content, keyboard)

    async def on_list_press(self, turn: PressTurn) -> None:
        """Turn to a page of the list, or open a gap."""
        action, value = turn.value.split(":")

        async def lay_out() -> _Shown | None:
            if action == "list":
                return await self._lay_out_list(turn, int(value))
            gap = await self._gaps.find(value)
            return await self._lay_out_gap(turn, gap) if gap else None

        await _answer(turn, lay_out)

    async def on_wordings_press(self, turn: PressTurn) -> None:
        """Show a page of the wordings of a gap."""
        _, key, value = turn.value.split(":")

        async def lay_out() -> _Shown | None:
            gap = await self._gaps.find(key)
            if gap is None:
                return None
            record_act(turn, self._audit, Act.READ_WORDINGS)
            wordings = await self._gaps.list_wordings(gap)
            before = begin_page(int(value), len(wordings), PAGE)
            lines = [
                WordingLine(
                    wording=wording.question.text,
                    language=wording.question.language,
                    times=wording.times,
                    asked_at=wording.asked_at,
                    is_refused=wording.is_refused,
                    passage=wording.passage,
                )
                for wording in wordings[before : before + PAGE]
            ]
            return render_wordings(key, lines, before, len(wordings), turn.phrases)

        await _answer(turn, lay_out)

    async def on_change_press(self, turn: PressTurn) -> None:
        """Do what a button says about a gap."""
        action, key, *rest = turn.value.split(":")

        async def lay_out() -> _Shown | None:
            if action == "cancel":
                return text(turn.say("gaps.cancelled")), None
            gap = await self._gaps.find(key)
            return await self._changes[action](turn, gap, *rest) if gap else None

        await _answer(turn, lay_out)

    async def on_pins_press(self, turn: PressTurn) -> None:
        """Turn to a page of the pins, or take one back."""
        action, value = turn.value.split(":")

        async def lay_out() -> _Shown | None:
            if action == "list":
                return _lay_out_pins(await self._pins.list_pins(), int(value), turn)
            is_taken_back = await self._pins.take_back(value, actor_of(turn))
            await self._upkeep.refresh()
            said = turn.say("pins.taken-back" if is_taken_back else "pins.gone")
            return render_done(said, None, turn.phrases, back="pins:list:0")

        await _answer(turn, lay_out)

    async def search(self, turn: MessageTurn) -> None:
        """Search passages with the words of a reply, and offer the best."""
        sought = read_sought(turn.message.reply_to_message)
        words = read_question(turn.message)
        if sought is None or not words:
            await turn.tell("question.usage")
            return
        key, purpose = sought
        hint = turn.asker.language_code if turn.asker else None
        hits = await asyncio.to_thread(self._desk.find_passages, words, hint=hint, limit=_CANDIDATES)
        content, keyboard = render_candidates(key, purpose, hits, turn.phrases)
        await turn.reply(content, keyboard)

    async def _lay_out_list(self, turn: Turn, before: int) -> _Shown:
        gaps = await self._gaps.list_gaps()
        if not gaps:
            return text(turn.say("gaps.nothing")), None
        before = begin_page(before, len(gaps), PAGE)
        may_read = await self._may(turn, Part.WORDINGS)
        if may_read:
            record_act(turn, self._audit, Act.READ_WORDINGS)
        lines = [_describe(gap, may_read=may_read) for gap in gaps[before : before + PAGE]]
        return render_gaps(lines, before, len(gaps), turn.phrases)

    async def _lay_out_gap(self, turn: Turn, gap: Gap) -> _Shown:
        may_read = await self._may(turn, Part.WORDINGS)
        keys = [each.key for each in await self._gaps.list_gaps()]
        tests = {question.key for question in await self._question_file.list_questions()}
        place = keys.index(gap.key) if gap.key in keys else 0
        return render_gap(
            _describe(gap, may_read=may_read),
            begin_page(place, len(keys), PAGE),
            turn.phrases,
            may_read=may_read,
            may_change=await self._may(turn, Part.PINS),
            is_test=not tests.isdisjoint(gap.keys),
        )

    async def _may(self, turn: Turn, part: Part) -> bool:
        return turn.asker is not None and await self._permissions.may(turn.asker.id, part)

    async def _ask_for_passage(self, turn: PressTurn, gap: Gap) -> _Shown:
        """Ask for words of the passage that answers a gap, in the place of the gap."""
        purpose = Purpose.PIN if turn.value.startswith("answer") else Purpose.TEST
        return render_prompt(_describe(gap, may_read=True), purpose, turn.phrases)

    async def _pin(self, turn: PressTurn, gap: Gap, reference: str) -> _Shown:
        passage = await asyncio.to_thread(self._find_passage, reference)
        if passage is None:
            return _say(turn, "gaps.passage-gone", f"gaps:open:{gap.key}")
        wordings = choose_wordings(gap, _PINNED_WORDINGS)
        try:
            key = await self._pins.add(wordings, passage, actor_of(turn))
        except PinnedAlreadyError:
            return _say(turn, "gaps.pinned-already", "pins:list:0")
        if key is None:
            return _say(turn, "gaps.gone", "gaps:list:0")
        await self._upkeep.refresh()
        return render_done(turn.say("gaps.pinned"), passage.text, turn.phrases, undo=f"pins:back:{key}")

    async def _hide(self, turn: PressTurn, gap: Gap) -> _Shown:
        await self._gaps.hide(gap, turn.presser.id)
        record_act(turn, self._audit, Act.HID_GAP)
        return render_done(turn.say("gaps.hidden"), None, turn.phrases, undo=f"gaps:unhide:{gap.key}")

    async def _show_again(self, turn: PressTurn, gap: Gap) -> _Shown:
        await self._gaps.show_again(gap)
        record_act(turn, self._audit, Act.SHOWED_GAP)
        return await self._lay_out_gap(turn, gap)

    async def _ask_what_answers(self, turn: PressTurn, gap: Gap) -> _Shown:
        pinned = await self._find_pinned(gap)
        return render_test_choice(
            _describe(gap, may_read=True), is_pinned=pinned is not None, phrases=turn.phrases
        )

    async def _make_test(self, turn: PressTurn, gap: Gap, reference: str) -> _Shown:
        passage = await asyncio.to_thread(self._find_passage, reference)
        if passage is None:
            return _say(turn, "gaps.passage-gone", f"gaps:open:{gap.key}")
        return await self._add_test(turn, gap, passage)

    async def _make_test_of_pin(self, turn: PressTurn, gap: Gap) -> _Shown:
        pinned = await self._find_pinned(gap)
        if pinned is None:
            return _say(turn, "pins.gone", f"gaps:open:{gap.key}")
        return await self._add_test(turn, gap, pinned)

    async def _make_test_of_nothing(self, turn: PressTurn, gap: Gap) -> _Shown:
        return await self._add_test(turn, gap, None)

    async def _add_test(self, turn: PressTurn, gap: Gap, passage: Passage | None) -> _Shown:
        wordings = choose_wordings(gap, _TEST_WORDINGS)
        try:
            added = await self._question_file.add(wordings, passage, actor_of(turn))
        except QuestionFileError:
            return _say(turn, "gaps.file-failed", f"gaps:open:{gap.key}")
        said = turn.say("gaps.test-made", count=added)
        return render_done(
            said,
            passage.text if passage else None,
            turn.phrases,
            undo=f"gaps:untest:{gap.key}",
            back=f"gaps:open:{gap.key}",
        )

    async def _take_out_test(self, turn: PressTurn, gap: Gap) -> _Shown:
        try:
            await self._question_file.take_out(gap.keys, actor_of(turn))
        except QuestionFileError:
            return _say(turn, "gaps.file-failed", f"gaps:open:{gap.key}")
        return await self._lay_out_gap(turn, gap)

    async def _find_pinned(self, gap: Gap) -> Passage | None:
        """Return the passage that is pinned for a gap and is in the articles."""
        key = await self._pins.find_key(gap.keys)
        passages = self._desk.corpus.passages
        pins = (each.pin for each in await self._pins.list_pins() if each.pin.key == key)
        numbers = (find_pinned_passage(pin, passages) for pin in pins)
        return next((passages[number] for number in numbers if number is not None), None)

    def _find_passage(self, reference: str) -> Passage | None:
        """Return the passage that a button means, in a worker thread."""
        return next(
            (passage for passage in self._desk.corpus.passages if identify_passage(passage) == reference),
            None,
        )


async def _answer(turn: PressTurn, lay_out: Callable[[], Awaitable[_Shown | None]]) -> None:
    """Show what a press leads to in the message of the button; None: the group is no longer there."""
    try:
        shown = await lay_out()
    except DatabaseUnavailableError:
        await turn.acknowledge("personal.unavailable")
        return
    if shown is None:
        await turn.acknowledge("gaps.gone")
        return
    await turn.acknowledge()
    await turn.show(*shown)


def _describe(gap: Gap, *, may_read: bool) -> GapLine:
    return GapLine(
        key=gap.key,
        times=len(gap.questions),
        languages=gap.languages,
        asked_at=gap.latest.asked_at,
        wording=gap.latest.question.text if may_read else None,
    )


def _say(turn: PressTurn, key: str, back: str) -> _Shown:
    return render_done(turn.say(key), None, turn.phrases, back=back)


def _lay_out_pins(kept: Sequence[KeptPin], place: int, turn: Turn) -> _Shown:
    before = begin_page(place, len(kept), PAGE)
    lines = [
        PinLine(
            key=each.pin.key,
            passage=each.pin.text,
            article=each.pin.article,
            questions=len(each.pin.questions),
            wording=each.pin.questions[0].text,
            is_aside=each.is_aside,
        )
        for each in kept[before : before + PAGE]
    ]
    return render_pins(lines, before, len(kept), turn.phrases)
