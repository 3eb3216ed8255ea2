"""Gaps and pins as the shell shows them: for people, and as JSON for programs."""

from collections.abc import Sequence

from rich.console import Console

from bot.cli.printing import print_plain, write_json
from bot.journal.gaps import Gap
from bot.journal.pins import KeptPin

_LIST_WORDINGS = 3


def describe_gaps(gaps: Sequence[Gap]) -> str:
    """Return the gaps as one JSON object a line."""
    return "".join(f"{_describe_gap(gap)}\n" for gap in gaps)


def describe_pins(pins: Sequence[KeptPin]) -> str:
    """Return the pins as one JSON object a line."""
    return "".join(f"{_describe_pin(kept)}\n" for kept in pins)


def print_gaps(console: Console, gaps: Sequence[Gap]) -> None:
    """Print the gaps, each with its latest wordings."""
    if not gaps:
        print_plain(console, "Nothing is missing: no question was refused or voted down.")
    for number, gap in enumerate(gaps, 1):
        languages = ", ".join(gap.languages)
        day = gap.latest.asked_at.date()
        print_plain(
            console,
            f"{number}. asked {len(gap.questions)} times, in {languages}, last on {day}",
            style="bold",
        )
        for wording in _list_wordings(gap)[:_LIST_WORDINGS]:
            print_plain(console, f"   {wording}")


def print_pins(console: Console, pins: Sequence[KeptPin]) -> None:
    """Print the pins, each with its questions."""
    if not pins:
        print_plain(console, "No passage is pinned.")
    for number, kept in enumerate(pins, 1):
        print_plain(console, f"{number}. {kept.pin.text}", style="bold")
        aside = ", not in use: the passage is no longer in the articles" if kept.is_aside else ""
        print_plain(console, f"   {kept.pin.article}, pinned on {kept.pinned_at.date()}{aside}")
        for question in kept.pin.questions:
            print_plain(console, f"   {question.text}")


def _list_wordings(gap: Gap) -> list[str]:
    return list(dict.fromkeys(question.question.text for question in gap.questions))


def _describe_gap(gap: Gap) -> str:
    return write_json(
        {
            "key": gap.key,
            "times": len(gap.questions),
            "languages": list(gap.languages),
            "last": gap.latest.asked_at.isoformat(),
            "latest": gap.latest.question.text,
            "wordings": _list_wordings(gap),
        }
    )


def _describe_pin(kept: KeptPin) -> str:
    return write_json(
        {
            "key": kept.pin.key,
            "article": kept.pin.article,
            "text": kept.pin.text,
            "pinned_at": kept.pinned_at.isoformat(),
            "in_use": not kept.is_aside,
            "questions": [
                {"language": question.language, "question": question.text} for question in kept.pin.questions
            ],
        }
    )
