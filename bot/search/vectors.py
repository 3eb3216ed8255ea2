"""Vectors kept on disk, so that a text is embedded once.

One file an encoder, a numpy archive (``.npz``) of three arrays: the encoder's name, the keys (16 bytes
each, a hash of the text and of how it is embedded), and the vectors. The archive holds a CRC-32 of
each; a file that is damaged, cut short or of another encoder is passed over with a warning, and
made anew. A file is replaced as a whole or not at all, and keeps only what the last build used.
"""

import hashlib
import logging
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from bot.search.encoder import Encoder, Vectors

_KEY_BYTES = 16
_BATCH = 32
_UNSAFE = re.compile(r"[^\w.-]+")
# What zipfile and numpy raise about a file that is not as they expect; OSError apart.
_DAMAGED = (ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile)
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Is called with the number of texts that are embedded, and of all that have to be."""


class VectorCache:
    """The vectors of one folder. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Keep the vectors in a folder, which is made when there are any."""
        self._folder = folder

    def load(self, encoder: Encoder) -> dict[bytes, Vectors]:
        """Return the vectors of an encoder by key; none where there is no sound file."""
        path = self._path(encoder)
        try:
            return _read(path, encoder)
        except FileNotFoundError:
            return {}
        except OSError as error:
            _log.warning("%s: cannot be read (%s); the vectors are made anew", path, error)
        except _DAMAGED as error:
            _log.warning("%s: is damaged or something else (%s); the vectors are made anew", path, error)
        return {}

    def save(self, encoder: Encoder, vectors: dict[bytes, Vectors]) -> None:
        """Replace the file of an encoder. A disk that cannot be written costs time, not answers."""
        path = self._path(encoder)
        keys = np.frombuffer(b"".join(vectors), np.uint8).reshape(-1, _KEY_BYTES)
        rows = np.stack([*vectors.values()]) if vectors else np.zeros((0, encoder.dimension), np.float32)
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                np.savez(file, encoder=np.array(encoder.name), keys=keys, vectors=rows)
            unfinished.replace(path)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); the vectors will be made anew", path, error)

    def _path(self, encoder: Encoder) -> Path:
        return self._folder / f"{_UNSAFE.sub('-', encoder.name)}.npz"


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
    keys = [_key(kind, text) for kind, text in wanted]
    known = cache.load(encoder) if cache else {}
    new = {key: item for key, item in zip(keys, wanted, strict=True) if key not in known}
    vectors = {key: known[key] for key in keys if key in known}
    for batch in _make_batches(new):
        texts = [text for _, (_, text) in batch]
        is_question = batch[0][1][0] == "question"
        rows = encoder.embed_questions(texts) if is_question else encoder.embed_passages(texts)
        vectors.update((key, row) for (key, _), row in zip(batch, rows, strict=True))
        if progress:
            progress(len(vectors) - (len(set(keys)) - len(new)), len(new))
    if cache and (new or len(vectors) != len(known)):
        cache.save(encoder, vectors)
    found = np.stack([vectors[key] for key in keys]) if keys else np.zeros((0, encoder.dimension), np.float32)
    return found[: len(passages)], found[len(passages) :]


def _make_batches(new: dict[bytes, tuple[str, str]]) -> Iterator[list[tuple[bytes, tuple[str, str]]]]:
    """Group texts of one kind and of similar length: in a batch each may take as long as the longest."""
    ordered = sorted(new.items(), key=lambda item: (item[1][0], len(item[1][1])))
    for _, same in groupby(ordered, key=lambda item: item[1][0]):
        items = list(same)
        for start in range(0, len(items), _BATCH):
            yield items[start : start + _BATCH]


def _key(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:_KEY_BYTES]


def _read(path: Path, encoder: Encoder) -> dict[bytes, Vectors]:
    """Read a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is sound, but does not hold this encoder's vectors; or another of ``_DAMAGED``.
    """
    with zipfile.ZipFile(path) as archive:
        # Before numpy makes room for what a damaged length says.
        if (damaged := archive.testzip()) is not None:
            message = f"{damaged} differs from its CRC-32"
            raise ValueError(message)
    with np.load(path, allow_pickle=False) as file:
        name, keys, rows = file["encoder"], file["keys"], file["vectors"]
    has_keys = keys.dtype == np.uint8 and keys.shape == (len(rows), _KEY_BYTES)
    has_rows = rows.dtype == np.float32 and rows.shape == (len(keys), encoder.dimension)
    if name.tolist() != encoder.name or not has_keys or not has_rows:
        message = f"it does not hold the vectors of {encoder.name}"
        raise ValueError(message)
    return dict(zip(map(bytes, keys), rows, strict=True))
