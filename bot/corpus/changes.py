"""Changes of the corpus folder: what they are, how they are written down, and why one cannot be made."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path


class StoreError(Exception):
    """A change that cannot be made; the message says why. The folder is as before, unless it is pending."""


class PendingError(StoreError):
    """A change that was begun, and can be neither finished nor put back now; the message names its note."""


class ReadOnlyError(StoreError):
    """The corpus folder cannot be written."""


class ChangedSinceError(StoreError):
    """What a change would replace is no longer as it was."""


class GoneError(StoreError):
    """What a change is about is not there."""


class ChangeKind(StrEnum):
    """The kinds of change."""

    ADD = "add"
    TAKE_OUT = "take_out"
    UNDO = "undo"
    ROLL_BACK = "roll_back"
    TAKE_BACK = "take_back"


@dataclass(frozen=True, slots=True)
class Step:
    """The content of one file, below the corpus folder, before and after; None: it is not there."""

    path: str
    before: str | None
    after: str | None

    @property
    def reverse(self) -> "Step":
        """The step back."""
        return Step(self.path, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the folder: ``key`` names it, ``by`` is a user id or "shell", ``made_at`` is in UTC."""

    key: str
    kind: ChangeKind
    by: str
    made_at: datetime
    steps: tuple[Step, ...]


def write_change(change: Change) -> bytes:
    """Return a change as JSON."""
    return json.dumps(asdict(change) | {"made_at": change.made_at.isoformat()}, ensure_ascii=False).encode()


def read_change(path: Path) -> Change:
    """Read a change that was written down.

    Raises:
        FileNotFoundError: there is none.
        StoreError: the file is damaged.
    """
    content = path.read_bytes()
    try:
        record = json.loads(content)
        return Change(
            key=record["key"],
            kind=ChangeKind(record["kind"]),
            by=record["by"],
            made_at=datetime.fromisoformat(record["made_at"]),
            steps=tuple(Step(**step) for step in record["steps"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path}: is damaged ({error}); remove it to leave the articles as they are now"
        raise StoreError(message) from None
