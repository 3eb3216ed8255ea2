"""Contents of files, each kept once under its SHA-256."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from bot.corpus.changes import StoreError
from bot.corpus.durable import write_durably


class Contents:
    """A folder of contents. Whoever changes it from several processes has to lock it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes) -> str:
        """Keep a content, and return its name.

        Raises:
            OSError: it cannot be written.
        """
        digest = name_content(content)
        path = self._place(digest)
        if not path.exists():
            write_durably(path, content)
        return digest

    def read(self, digest: str) -> bytes:
        """Return a content that was kept.

        Raises:
            StoreError: it is not there, or it is damaged; the message names its file.
        """
        path = self._place(digest)
        try:
            content = path.read_bytes()
        except OSError as error:
            message = f"{path}: cannot be read: {error.strerror or error}"
            raise StoreError(message) from None
        if name_content(content) != digest:
            message = f"{path}: is damaged"
            raise StoreError(message)
        return content

    def measure(self, digest: str) -> int:
        """Return the bytes of a content; 0 where it is not kept."""
        try:
            return self._place(digest).stat().st_size
        except FileNotFoundError:
            return 0

    def keep_only(self, wanted: Collection[str | None]) -> None:
        """Remove all contents but some.

        Raises:
            OSError: a file cannot be removed.
        """
        for path in self._folder.glob("*/*"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)

    def _place(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def name_content(content: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
