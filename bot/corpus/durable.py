"""Files that survive a power cut: a file is there as a whole or not at all, and stays once it is there."""

import os
from pathlib import Path


def write_durably(path: Path, content: bytes) -> None:
    """Write a file beside its place, hidden, and put it there in one step; folders are made.

    Raises:
        OSError: it cannot be written; the place is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    move_durably(unfinished, path)


def move_durably(path: Path, target: Path) -> None:
    """Move a file within one file system, in one step.

    Raises:
        OSError: it cannot be moved.
    """
    path.replace(target)
    _sync_folder(target.parent)


def remove_durably(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        OSError: it cannot be removed.
    """
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # folders cannot be opened there
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
