"""Changes of the corpus folder, each of them one step: after a crash the folder is as before or as after.

Every content is first kept under its SHA-256. Then a note says what is about to change; from then on
the change will be carried out, by this process or, after a crash, by ``recover`` of the next one. The
note becomes the record of the change, from which it can be undone. A change that fails on its way is put
back, and its note removed; if that fails too, the change is pending: the next one, or the next start,
finishes it. A file that somebody changed by hand meanwhile is left alone. Articles that are taken out go
to a hidden folder, which is not read.
"""

import contextlib
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from bot.corpus.changes import (
    Change,
    ChangedSinceError,
    ChangeKind,
    GoneError,
    PendingError,
    ReadOnlyError,
    Step,
    StoreError,
    read_change,
    write_change,
)
from bot.corpus.contents import Contents, name_content
from bot.corpus.durable import move_durably, remove_durably, write_durably

if sys.platform != "win32":
    import fcntl

_LOG = logging.getLogger(__name__)
ADDED = "added"
"""The folder below the corpus folder in which added articles are put."""

TRASH = ".trash"
"""The hidden folder below the corpus folder to which articles are moved that are taken out."""

_SUFFIX = ".md"
_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_RECORDS = 200


class ArticleStore:
    """The corpus folder, as something that is changed; safe to use from several threads and processes."""

    def __init__(self, folder: Path, state: Path) -> None:
        """Change ``folder``; contents, notes and records are kept in ``state``."""
        self.folder = folder
        self.contents = Contents(state / "objects")
        self._state = state
        self._changes = state / "changes"
        self._note = state / "note.json"
        self._within = threading.RLock()
        self._depth = 0

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other thread and process from changing the folder within.

        Raises:
            ReadOnlyError: the state folder cannot be written.
        """
        with self._within, contextlib.ExitStack() as stack:
            if self._depth == 0:
                try:
                    self._state.mkdir(parents=True, exist_ok=True)
                    file = stack.enter_context((self._state / "lock").open("wb"))
                except OSError as error:
                    message = f"{self._state}: cannot be written: {error.strerror or error}"
                    raise ReadOnlyError(message) from None
                if sys.platform != "win32":
                    fcntl.flock(file, fcntl.LOCK_EX)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def check_writable(self) -> None:
        """Find out whether articles can be added, and leave nothing behind.

        Raises:
            ReadOnlyError: they cannot; the message names the folder.
        """
        added = self.folder / ADDED
        folder = added if os.path.lexists(added) else self.folder
        try:
            with tempfile.TemporaryFile(dir=folder, prefix="."):
                pass
            self._state.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._state):
                pass
        except OSError as error:
            message = f"{error.filename or folder}: cannot be written: {error.strerror or error}"
            raise ReadOnlyError(message) from None

    def recover(self) -> Change | None:
        """Finish the change that is pending, or in the midst of which a process ended, if there is one.

        Raises:
            PendingError: it cannot be finished now.
            ReadOnlyError: the state folder cannot be written.
        """
        if not self._note.exists():
            return None
        with self.locked():
            try:
                change = read_change(self._note)
            except FileNotFoundError:  # another process was quicker
                return None
            try:
                self._finish(change)
            except OSError as error:
                raise self._explain_pending(self._explain(error)) from None
            except StoreError as error:
                message = (
                    f"{self._note}: holds a change that cannot be finished: {error}; put that file back,"
                    " or remove the note to leave the articles as they are now"
                )
                raise PendingError(message) from None
        return change

    def find_change(self, key: str) -> Change | None:
        """Return the change with a key, if it was made."""
        if not _KEY.fullmatch(key):
            return None
        try:
            return read_change(self._changes / f"{key}.json")
        except FileNotFoundError:
            return None

    def list_changes(self) -> list[Change]:
        """Return the recorded changes, the newest first."""
        changes = [read_change(path) for path in self._changes.glob("[!.]*.json")]
        return sorted(changes, key=lambda change: change.made_at, reverse=True)

    def add(self, name: str, content: bytes, *, by: str, key: str) -> Change:
        """Add an article file, under the name or one like it; again with the same key it changes nothing.

        Raises:
            PendingError: this change, or an earlier one, was begun and cannot be finished now.
            ReadOnlyError: the folder cannot be written.
        """
        with self.locked():
            self.recover()
            made = self.find_change(key)
            if made is not None:
                return made
            path = self._free_path(name)
            return self.make(ChangeKind.ADD, {path: content}, by=by, key=key)

    def take_out(self, article_id: str, digest: str, *, by: str, key: str) -> Change:
        """Move an article to the trash, if its content still has the digest.

        Again with the same key it changes nothing.

        Raises:
            GoneError: there is no such file.
            ChangedSinceError: its content is another one.
            PendingError: this change, or an earlier one, was begun and cannot be finished now.
            ReadOnlyError: the folder cannot be written.
        """
        path = f"{article_id}{_SUFFIX}"
        with self.locked():
            self.recover()
            made = self.find_change(key)
            if made is not None:
                return made
            content = self.read_file(path)
            if content is None:
                raise GoneError(path)
            if name_content(content) != digest:
                raise ChangedSinceError(path)
            trashed = f"{TRASH}/{article_id}.{digest[:8]}{_SUFFIX}"
            return self.make(ChangeKind.TAKE_OUT, {path: None, trashed: content}, by=by, key=key)

    def undo(self, key: str, *, by: str) -> Change:
        """Make a change undone; a second time it does nothing.

        Raises:
            GoneError: there is no such change, or it is too old.
            ChangedSinceError: a file of it has been changed since.
            PendingError: this change, or an earlier one, was begun and cannot be finished now.
            ReadOnlyError: the folder cannot be written.
        """
        undone = _name_undone(key)
        with self.locked():
            self.recover()
            made = self.find_change(undone)
            if made is not None:
                return made
            change = self.find_change(key)
            if change is None:
                raise GoneError(key)
            return self.make(ChangeKind.UNDO, self._read_before(change), by=by, key=undone)

    def take_back(self, change: Change, *, by: str) -> None:
        """Make a change undone as if it had never been made: its key may be used again.

        Raises:
            ChangedSinceError: a file of it has been changed since.
            PendingError: the change will be taken back, but cannot be now; or an earlier change is pending.
            ReadOnlyError: the folder cannot be written, and the change stays.
        """
        with self.locked():
            self.recover()
            self.make(ChangeKind.TAKE_BACK, self._read_before(change), by=by, key=change.key)

    def make(self, kind: ChangeKind, contents: Mapping[str, bytes | None], *, by: str, key: str) -> Change:
        """Give files new contents, or none, in one step.

        Raises:
            StoreError: a path leads out of the folder, or a content cannot be read; the folder is as before.
            PendingError: this change, or an earlier one, was begun and cannot be finished now.
            ReadOnlyError: the folder cannot be written; it is as before.
        """
        with self.locked():
            self.recover()
            steps = []
            try:
                for path, content in sorted(contents.items()):
                    before = self.read_file(path)
                    steps.append(
                        Step(
                            path,
                            before=None if before is None else self.contents.keep(before),
                            after=None if content is None else self.contents.keep(content),
                        )
                    )
                self._check_folders(steps)
            except OSError as error:
                raise self._explain(error) from None
            change = Change(key, kind, by, datetime.now(UTC), tuple(steps))
            try:
                write_durably(self._note, write_change(change))
                self._finish(change)
            except (OSError, StoreError) as error:
                failure = self._explain(error) if isinstance(error, OSError) else error
                # The articles may not load with what is taken back, so that is not put into place again.
                if kind is not ChangeKind.TAKE_BACK:
                    self._put_back(change)
                if self._note.exists():
                    raise self._explain_pending(failure) from None
                raise failure from None
        return change

    def read_file(self, path: str) -> bytes | None:
        """Return the content of a file below the corpus folder, or None where there is none.

        Raises:
            StoreError: the path leads out of the folder, or the file cannot be read.
        """
        target = self._locate(path)
        try:
            return target.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            message = f"{target}: cannot be read: {error.strerror or error}"
            raise StoreError(message) from None

    def drop_oldest(self, wanted: Iterable[str]) -> None:
        """Remove the records beyond the newest ones, and each content that neither they nor ``wanted`` name.

        Raises:
            OSError: a file cannot be removed.
        """
        with self.locked():
            changes = self.list_changes()
            for change in changes[_RECORDS:]:
                remove_durably(self._changes / f"{change.key}.json")
            steps = [step for change in changes[:_RECORDS] for step in change.steps]
            if self._note.exists():
                steps += read_change(self._note).steps
            needed = {*wanted, *(digest for step in steps for digest in (step.before, step.after))}
            self.contents.keep_only(needed)

    def _finish(self, change: Change) -> None:
        """Carry out a change whose note is written, or what is left of it.

        Raises:
            OSError: a file cannot be written; the note stays.
            StoreError: a file cannot be read; the note stays.
        """
        for step in change.steps:
            self._take(step)
        self._changes.mkdir(parents=True, exist_ok=True)
        record = self._changes / f"{change.key}.json"
        # It is about an earlier change with this key.
        remove_durably(self._changes / f"{_name_undone(change.key)}.json")
        if change.kind is ChangeKind.TAKE_BACK:
            remove_durably(record)
        try:
            if change.kind is ChangeKind.TAKE_BACK:
                remove_durably(self._note)
            else:
                move_durably(self._note, record)
        except OSError:
            # Once the note has left its place the change is made. If a power cut brings it back there, the
            # change is finished anew, to the same end.
            if self._note.exists():
                raise

    def _put_back(self, change: Change) -> None:
        """Take the steps of a change back and remove its note; where that fails, the note stays.

        A process that ends meanwhile leaves the note, too, and the next one carries the change out.
        """
        try:
            for step in change.steps:
                self._take(step.reverse)
            remove_durably(self._note)
        except (OSError, StoreError) as error:
            _LOG.warning("%s: cannot be put back: %s", self._note, error)

    def _explain(self, error: OSError) -> ReadOnlyError:
        # Writing to an open file does not say which.
        return ReadOnlyError(f"{error.filename or self.folder}: cannot be written: {error.strerror or error}")

    def _explain_pending(self, error: StoreError) -> PendingError:
        return PendingError(f"{error}; the change is pending, and is finished once it can be: {self._note}")

    def _take(self, step: Step) -> None:
        """Give a file its content after a step, unless somebody else changed it.

        Raises:
            OSError: it cannot be written.
            StoreError: it cannot be read, or its content after the step cannot.
        """
        target = self._locate(step.path)
        content = self.read_file(step.path)
        now = None if content is None else name_content(content)
        if now == step.after:
            return
        if now != step.before:
            _LOG.warning("%s: was changed by hand meanwhile and stays as it is", target)
            return
        if step.after is None:
            remove_durably(target)
        else:
            write_durably(target, self.contents.read(step.after))

    def _check_folders(self, steps: Iterable[Step]) -> None:
        """Make the folders of new files, and find out whether each can be written.

        Raises:
            OSError: a folder cannot be written.
        """
        for folder in {self._locate(step.path).parent for step in steps}:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder, prefix="."):
                pass

    def _free_path(self, name: str) -> str:
        number = 1
        while True:
            path = f"{ADDED}/{name}{f'-{number}' if number > 1 else ''}{_SUFFIX}"
            if not os.path.lexists(self._locate(path)):
                return path
            number += 1

    def _locate(self, path: str) -> Path:
        """Return where a file is.

        Raises:
            StoreError: that is not within the folder.
        """
        target = self.folder / path
        is_odd = PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts
        if is_odd or not target.parent.resolve().is_relative_to(self.folder.resolve()):
            message = f"{path}: leads out of {self.folder}"
            raise StoreError(message)
        return target

    def _read_before(self, change: Change) -> dict[str, bytes | None]:
        """Return the contents of the files of a change as they were before it.

        Raises:
            ChangedSinceError: a file of it has been changed since.
            StoreError: a content cannot be read.
        """
        for step in change.steps:
            content = self.read_file(step.path)
            if (name_content(content) if content is not None else None) != step.after:
                raise ChangedSinceError(step.path)
        return {step.path: self._read_object(step.before) for step in change.steps}

    def _read_object(self, digest: str | None) -> bytes | None:
        return None if digest is None else self.contents.read(digest)


def _name_undone(key: str) -> str:
    """Return the key of the change that makes the one with a key undone."""
    return f"{key}-undone"
