"""Files that only their owner may read, because they tell what people asked."""

import os

FOR_ITS_OWNER = 0o600
"""The mode of such a file."""


def open_for_its_owner(path: str, flags: int) -> int:
    """Open a file for the ``opener`` of ``open``: one that is made has its mode from the beginning."""
    return os.open(path, flags, FOR_ITS_OWNER)
