"""Vectors kept on disk, so that a text is embedded once.

One file an encoder: a line of JSON that says what it is, then the keys (16 bytes each, a hash of
the text and of how it is embedded), then the vectors as float32. The line holds a SHA-256 of the
rest; a file that is damaged, cut short or of another encoder is set aside with a warning, and
made anew. A file is replaced as a whole or not at all, and keeps only what the last build used.
"""

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from bot.search.encoder import Encoder, Vectors

_FORMAT = "telegram-qa-bot vectors 2"
_KEY_BYTES = 16
_BATCH = 32
_UNSAFE = re.compile(r"[^\w.-]+")
_log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
"""Is told how many of how many texts are embedded."""


class VectorCache:
    """The vectors of one folder. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        """Keep the folder; it is made when something is kept."""
        self._folder = folder

    def load(self, encoder: Encoder) -> dict[bytes, Vectors]:
        """Return the vectors of an encoder by key; none where there is no sound file."""
        path = self._path(encoder)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            _log.warning("%s: cannot be read (%s); the vectors are made anew", path, error)
            return {}
        try:
            return _parse(content, encoder)
        except ValueError as error:
            _log.warning("%s: %s; the vectors are made anew", path, error)
            return {}

    def save(self, encoder: Encoder, vectors: dict[bytes, Vectors]) -> None:
        """Replace the file of an encoder. A disk that cannot be written costs time, not answers."""
        path = self._path(encoder)
        keys = b"".join(vectors)
        rows = (
            np.concatenate([row[None] for row in vectors.values()])
            if vectors
            else np.zeros((0, 0), np.float32)
        )
        body = keys + np.ascontiguousarray(rows, dtype="<f4").tobytes()
        header = {
            "format": _FORMAT,
            "encoder": encoder.name,
            "dimension": encoder.dimension,
            "count": len(vectors),
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(json.dumps(header).encode() + b"\n" + body)
            unfinished.replace(path)
        except OSError as error:
            _log.warning("%s: cannot be written (%s); the vectors will be made anew", path, error)

    def _path(self, encoder: Encoder) -> Path:
        return self._folder / f"{_UNSAFE.sub('-', encoder.name)}.vectors"


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


def _parse(content: bytes, encoder: Encoder) -> dict[bytes, Vectors]:
    """Read a file.

    Raises:
        ValueError: it is not a sound file of this encoder.
    """
    line, _, body = content.partition(b"\n")
    header = json.loads(line)
    expected = {"format": _FORMAT, "encoder": encoder.name, "dimension": encoder.dimension}
    if not isinstance(header, dict) or any(header.get(name) != value for name, value in expected.items()):
        message = "holds something else than this encoder's vectors"
        raise ValueError(message)
    count = header.get("count")
    length = (_KEY_BYTES + 4 * encoder.dimension) * count if isinstance(count, int) else -1
    if len(body) != length or hashlib.sha256(body).hexdigest() != header.get("sha256"):
        message = "is damaged"
        raise ValueError(message)
    split = _KEY_BYTES * (length // (_KEY_BYTES + 4 * encoder.dimension))
    rows = np.frombuffer(body, dtype="<f4", offset=split).reshape(-1, encoder.dimension).astype(np.float32)
    return {body[at * _KEY_BYTES : (at + 1) * _KEY_BYTES]: row for at, row in enumerate(rows)}
