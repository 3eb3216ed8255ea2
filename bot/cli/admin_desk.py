"""The admins' desk in the shell: statistics, export, roles, pins and the trail of acts.

They come from the same functions as in the chat.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from bot.cli.printing import write_json
from bot.cli.shell_database import use_database
from bot.journal.audit import SHELL, Act, Audit, Entries, Entry
from bot.journal.database import Database
from bot.journal.export import Form, export_exchanges, load_key
from bot.journal.pins import KeptPin, Pins
from bot.journal.private_files import open_for_its_owner
from bot.journal.roles import Member, Roles
from bot.journal.statistics import Period, Statistics, read_statistics
from bot.model import Role

_T = TypeVar("_T")


class DeskError(Exception):
    """It was not done; the message says why."""


def find_statistics(path: Path, period: Period) -> Statistics:
    """Return the figures of a period that ends now.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no database.
        NewerSchemaError: a newer version of the bot wrote it.
        StatisticsError: the database cannot be read.
    """
    _use(path, _do_nothing)
    return read_statistics(path, period, datetime.now(UTC))


def export(path: Path, period: Period, form: Form, *, with_ids: bool) -> Iterator[str]:
    """Record the export, and return its lines.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no database.
        ExportError: the database or the key of the pseudonyms cannot be read.
        NewerSchemaError: a newer version of the bot wrote the database.
    """
    # Before the key, which is made at its first use.
    _require(path)
    key = None if with_ids else load_key(path.parent)
    detail = f"{period} {form} {'ids' if with_ids else 'pseudonyms'}"

    async def record(database: Database) -> None:
        Audit(database).record(SHELL, Act.EXPORTED, detail)
        await database.flush()

    _use(path, record)
    return export_exchanges(path, period, form, datetime.now(UTC), key=key)


def write_new_file(path: Path, lines: Iterable[str]) -> None:
    """Write lines into a file that does not exist yet and that only its owner may read.

    Raises:
        DeskError: it exists already, or cannot be written.
    """
    try:
        with open(path, "x", encoding="utf-8", newline="", opener=open_for_its_owner) as file:
            try:
                file.writelines(lines)
            except BaseException:
                path.unlink()
                raise
    except FileExistsError:
        message = f"{path}: already exists and is not overwritten; choose another name"
        raise DeskError(message) from None
    except OSError as error:
        message = f"{path}: cannot be written: {error.strerror or error}"
        raise DeskError(message) from error


def list_members(path: Path) -> list[Member]:
    """Return everybody with a role.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no database.
        NewerSchemaError: a newer version of the bot wrote it.
    """
    return _use(path, lambda database: Roles(database).list_members())


def change_role(path: Path, user_id: int, name: str, role: Role | None) -> None:
    """Give somebody a role, or take theirs back.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no database, or nothing to take back.
        NewerSchemaError: a newer version of the bot wrote it.
    """

    async def change(database: Database) -> None:
        roles = Roles(database)
        if role is not None:
            await roles.grant(user_id, name, role, SHELL)
        elif await roles.take_back(user_id, SHELL) is None:
            message = f"{user_id} has no role; python -m bot allow lists those who have one"
            raise DeskError(message)

    _use(path, change)


def list_acts(path: Path, limit: int) -> Entries:
    """Return the latest acts.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no database.
        NewerSchemaError: a newer version of the bot wrote it.
    """
    return _use(path, lambda database: Audit(database).list_entries(0, limit))


def list_pins(path: Path, take_back: str | None) -> tuple[KeptPin, ...]:
    """Return the pins, after taking one back if its key is given.

    Raises:
        DatabaseUnavailableError: the database cannot be used now.
        DeskError: there is no pin with that key.
        NewerSchemaError: a newer version of the bot wrote the database.
    """

    async def list_them(database: Database) -> tuple[KeptPin, ...]:
        pins = Pins(database)
        if take_back is not None and not await pins.take_back(take_back, SHELL):
            message = f"there is no pin with the key {take_back}; python -m bot pins --json lists them"
            raise DeskError(message)
        return await pins.list_pins()

    return use_database(path, list_them)


def describe_statistics_as_json(statistics: Statistics) -> str:
    """Return the figures as one JSON object."""
    return write_json(
        {
            "period": statistics.period.value,
            "first_day": statistics.first_day.isoformat(),
            "last_day": statistics.last_day.isoformat(),
            "questions": statistics.questions,
            "people": statistics.people,
            "answered": statistics.answered,
            "refused": statistics.refused,
            "votes": {"up": statistics.votes_up, "down": statistics.votes_down},
            "elapsed_ms": {"median": statistics.median_ms, "p95": statistics.p95_ms},
            "languages": dict(statistics.languages),
            "busiest_hours": statistics.busiest_hours,
            "days": [
                {"day": day.isoformat(), "answered": tally.answered, "refused": tally.refused}
                for day, tally in statistics.days.items()
            ],
            "corpus": statistics.corpus_version,
        }
    )


def describe_member(member: Member) -> str:
    """Return a person with a role as one line of JSON."""
    return write_json(
        {
            "user_id": member.user_id,
            "name": member.name,
            "role": member.role.value,
            "granted_at": member.granted_at.isoformat(),
        }
    )


def describe_act(entry: Entry) -> str:
    """Return an act as one line of JSON."""
    return write_json(
        {
            "at": entry.acted_at.isoformat(),
            "origin": entry.actor.origin.value,
            "user_id": entry.actor.user_id,
            "name": entry.actor.name,
            "act": entry.act.value,
            "subject_id": entry.subject_id,
            "subject_name": entry.subject_name,
            "detail": entry.detail,
        }
    )


def _use(path: Path, work: Callable[[Database], Awaitable[_T]]) -> _T:
    """Work with the database, if there is one."""
    _require(path)
    return use_database(path, work)


def _require(path: Path) -> None:
    if not path.is_file():
        message = f"{path}: there is no database yet; ask a question first"
        raise DeskError(message)


async def _do_nothing(_database: Database) -> None:
    """Opening the database was all."""
