"""Files that only their owner may read, because they tell what people asked."""

import os
from pathlib import Path

FOR_ITS_OWNER = 0o600
"""The mode of such a file."""


def open_for_its_owner(path: str, flags: int) -> int:
    """Open a file for the ``opener`` of ``open``: one that is made has its mode from the beginning."""
    return os.open(path, flags, FOR_ITS_OWNER)


def put_new(unfinished: Path, target: Path) -> None:
    """Give a file that is written its name, in one step, unless another file has taken it meanwhile.

    The unfinished name may stay as a second one of the same file, and is the caller's to remove.

    Raises:
        FileExistsError: the name is taken.
        OSError: the file cannot be named so.
    """
    try:
        target.hardlink_to(unfinished)
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links.
        if os.path.lexists(target):
            raise FileExistsError from None
        unfinished.rename(target)
