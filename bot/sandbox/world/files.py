"""Files: kept with their bytes under the ids that Telegram would give out."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.sandbox.limits.refusals import Json


@dataclass(frozen=True)
class File:
    """One file."""

    file_id: str
    file_unique_id: str
    path: str
    name: str
    mime_type: str
    content: bytes

    def ids(self) -> Json:
        """Return the fields that every kind of file has in a message."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.file_unique_id,
            "file_size": len(self.content),
        }


class Files:
    """All files, by file_id and by path."""

    def __init__(self) -> None:
        """Begin with none."""
        self._by_id: dict[str, File] = {}
        self._by_path: dict[str, File] = {}

    def keep(self, folder: str, name: str, content: bytes, mime_type: str) -> File:
        """Store a file; the same content has the same unique id, but every copy its own file_id."""
        number = len(self._by_id)
        unique = hashlib.sha256(content).hexdigest()[:16]
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        path = f"{folder}/file_{number}.{suffix}"
        file = File(f"BQACAgIAAxkBAAI{number:07}{unique}", f"AgAD{unique}", path, name, mime_type, content)
        self._by_id[file.file_id] = self._by_path[path] = file
        return file

    def by_id(self, file_id: str) -> File | None:
        """Return a file by its file_id."""
        return self._by_id.get(file_id)

    def by_path(self, path: str) -> File | None:
        """Return a file by the path getFile gave."""
        return self._by_path.get(path)
