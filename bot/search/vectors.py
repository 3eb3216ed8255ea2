"""Vectors kept on disk, so that what a model makes of a text is computed once.

One file a model, a numpy archive (``.npz``) of four arrays: the model's name, the keys (16 bytes
each, a hash of the text and of how it is taken), how many vectors each text has, and the vectors. The
archive holds a CRC-32 of each; a file that is damaged, cut short or of another model is passed over
with a warning, and made anew. A file is replaced as a whole or not at all, and keeps only what the
last build used.
"""

import contextlib
import hashlib
import logging
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.search.encoder import Encoder, Vectors

_KEY_BYTES = 16
_BATCH = 32
_UNSAFE = re.compile(r"[^\w.-]+")
# What zipfile and numpy raise about a file that is not as they expect; OSError apart.
_DAMAGED = (ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile)
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Is called with the number of texts that are embedded, and of all that have to be."""

Rows = NDArray[np.floating]
"""The vectors of one text, shape (vectors, width)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is kept in a file: the name of the model, the width and the type of its vectors."""

    model: str
    width: int
    dtype: type[np.floating] = np.float32


class VectorCache:
    """The vectors of one folder. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Keep the vectors in a folder, which is made when there are any."""
        self._folder = folder

    def load(self, kind: Kind) -> dict[bytes, Rows]:
        """Return the vectors of a kind by key; none where there is no sound file."""
        path = self._path(kind)
        try:
            return _read(path, kind)
        except FileNotFoundError:
            return {}
        except OSError as error:
            _log.warning("%s: cannot be read (%s); the vectors are made anew", path, error)
        except _DAMAGED as error:
            _log.warning("%s: is damaged or something else (%s); the vectors are made anew", path, error)
        return {}

    def save(self, kind: Kind, vectors: Mapping[bytes, Rows]) -> None:
        """Replace the file of a kind. A disk that cannot be written costs time, not answers."""
        path = self._path(kind)
        keys = np.frombuffer(b"".join(vectors), np.uint8).reshape(-1, _KEY_BYTES)
        lengths = np.array([len(rows) for rows in vectors.values()], np.int64)
        rows = np.concatenate([np.zeros((0, kind.width), kind.dtype), *vectors.values()])
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, model=np.array(kind.model), keys=keys, lengths=lengths, vectors=rows)
            unfinished.replace(path)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); the vectors will be made anew", path, error)
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _path(self, kind: Kind) -> Path:
        return self._folder / f"{_UNSAFE.sub('-', kind.model)}.npz"


def embed_texts(
    encoder: Encoder,
    *,
    passages: Sequence[str],
    questions: Sequence[str],
    cache: VectorCache | None,
    progress: Progress | None,
) -> tuple[Vectors, Vectors]:
    """Embed texts as passages and as questions, in their order; only what the cache does not know."""
    wanted = [("passage", text) for text in passages] + [("question", text) for text in questions]
    keys = [make_key(kind, text) for kind, text in wanted]
    kept = Kind(encoder.name, encoder.dimension)
    known = cache.load(kept) if cache else {}
    new = {key: item for key, item in zip(keys, wanted, strict=True) if key not in known}
    vectors = {key: known[key] for key in keys if key in known}
    for batch in _make_batches(new):
        texts = [text for _, (_, text) in batch]
        is_question = batch[0][1][0] == "question"
        rows = encoder.embed_questions(texts) if is_question else encoder.embed_passages(texts)
        vectors.update((key, row[None]) for (key, _), row in zip(batch, rows, strict=True))
        if progress:
            progress(len(vectors) - (len(set(keys)) - len(new)), len(new))
    if cache and (new or len(vectors) != len(known)):
        cache.save(kept, vectors)
    found = np.concatenate([np.zeros((0, kept.width), np.float32), *(vectors[key] for key in keys)])
    return found[: len(passages)], found[len(passages) :]


def _make_batches(new: dict[bytes, tuple[str, str]]) -> Iterator[list[tuple[bytes, tuple[str, str]]]]:
    """Group texts of one kind and of similar length: in a batch each may take as long as the longest."""
    ordered = sorted(new.items(), key=lambda item: (item[1][0], len(item[1][1])))
    for _, same in groupby(ordered, key=lambda item: item[1][0]):
        items = list(same)
        for start in range(0, len(items), _BATCH):
            yield items[start : start + _BATCH]


def make_key(kind: str, text: str) -> bytes:
    """Return the key of a text that is taken as something."""
    return hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:_KEY_BYTES]


def _read(path: Path, kind: Kind) -> dict[bytes, Rows]:
    """Read a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is sound, but does not hold vectors of this kind; or another of ``_DAMAGED``.
    """
    with zipfile.ZipFile(path) as archive:
        # Before numpy makes room for what a damaged length says.
        if (damaged := archive.testzip()) is not None:
            message = f"{damaged} differs from its CRC-32"
            raise ValueError(message)
    with np.load(path, allow_pickle=False) as file:
        model, keys, lengths, rows = file["model"], file["keys"], file["lengths"], file["vectors"]
    has_keys = (
        keys.dtype == np.uint8 and lengths.dtype == np.int64 and keys.shape == (len(lengths), _KEY_BYTES)
    )
    has_rows = rows.dtype == kind.dtype and rows.shape == (lengths.sum(), kind.width)
    if model.tolist() != kind.model or not has_keys or not has_rows:
        message = f"it does not hold the vectors of {kind.model}"
        raise ValueError(message)
    each = np.split(rows, np.cumsum(lengths)[:-1]) if len(lengths) else []
    return dict(zip(map(bytes, keys), each, strict=True))
