"""The states of texts after the lower layers, computed once and kept on disk.

The lower layers are never trained, so a text's states never change; they are computed by the
network that ships, so that the upper layers learn on what they will be given. Half precision.
Texts are added as they are needed; after an interruption what was written is used again.
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.e5.reading import Kept, keep_sentence
from bot.e5.tensors import FOLDER, name_tensors, open_graph
from tests.learning.e5 import PASSAGE, TRUNK_LAYERS, Tokenizer, Weights, find_weights
from tests.learning.material import Text

Halves = NDArray[np.float16]

_LONGEST = 128
_KEY_BYTES = 16


class States:
    """Texts in, states out: float16, shape (tokens, width)."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Open the folder's file, or begin one."""
        weights = Weights(find_weights())
        self.width = weights.sizes.width
        self._begin, self._end = weights.vocabulary.begin, weights.vocabulary.end
        self.tokenizer = Tokenizer(weights.vocabulary)
        self._token_vectors = weights.find_matrix("emb.word", self.width)
        positions = weights.read_floats("emb.pos").reshape(-1, self.width)
        self._positions = positions + weights.read_floats("emb.type")[: self.width]
        self._trunk = open_graph(FOLDER / "trunk.onnx", name_tensors(weights, range(TRUNK_LAYERS)))
        # One thread's work is done by whoever asks.
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"states-{TRUNK_LAYERS}.f16"
        self._index_path = folder / f"states-{TRUNK_LAYERS}.index"
        self._places: dict[bytes, tuple[int, int]] = {}
        self._rows: NDArray[np.float16] | None = None
        self._kept: dict[tuple[str, str], Kept] = {}
        self._count = 0
        self._fresh: dict[bytes, Halves] = {}
        self._open()

    def _open(self) -> None:
        if not self._index_path.exists():
            return
        entries = np.frombuffer(
            self._index_path.read_bytes()[: self._index_path.stat().st_size // 24 * 24], "S1"
        )
        table = entries.reshape(-1, 24)
        at = 0
        have = self._path.stat().st_size // (2 * self.width)
        for entry in table:
            raw = entry.tobytes().ljust(24, b"\0")
            length = int.from_bytes(raw[_KEY_BYTES:], "little")
            if at + length > have:
                break
            self._places[raw[:_KEY_BYTES]] = (at, length)
            at += length
        self._count = at
        # What an interruption left behind the last whole entry goes.
        with self._path.open("r+b") as file:
            file.truncate(at * 2 * self.width)
        with self._index_path.open("r+b") as file:
            file.truncate(24 * len(self._places))
        if at:
            self._rows = np.memmap(self._path, np.float16, "r", shape=(at, self.width))

    def find(self, texts: Sequence[str]) -> list[Halves]:
        """Return the states of texts, prefix included; of a long one those of its beginning."""
        keys = [hashlib.sha256(text.encode()).digest()[:_KEY_BYTES] for text in texts]
        new = {
            key: text
            for key, text in zip(keys, texts, strict=True)
            if key not in self._places and key not in self._fresh
        }
        if new:
            run = self._pool.map if self._pool else map
            computed = dict(zip(new, run(self._compute, new.values()), strict=True))
            self._fresh.update(computed)
            self._append(computed)
        return [self._read(key) for key in keys]

    def find_kept(self, text: Text) -> Kept:
        """Return which rows of a text's states are read: the first, and those of its sentence."""
        key = (text.context, text.sentence)
        if key not in self._kept:
            whole = PASSAGE + text.context
            pieces = self.tokenizer.locate(whole)
            self._kept[key] = keep_sentence(pieces, whole, len(whole) - len(text.sentence))
        return self._kept[key]

    def _read(self, key: bytes) -> Halves:
        if key in self._fresh:
            return self._fresh[key]
        assert self._rows is not None
        start, length = self._places[key]
        return self._rows[start : start + length]

    def _append(self, computed: dict[bytes, Halves]) -> None:
        with self._path.open("ab") as file:
            file.write(b"".join(states.tobytes() for states in computed.values()))
        with self._index_path.open("ab") as file:
            file.write(
                b"".join(
                    key + len(states).to_bytes(24 - _KEY_BYTES, "little") for key, states in computed.items()
                )
            )

    def _compute(self, text: str) -> Halves:
        tokens = [self._begin, *self.tokenizer.tokenize(text)[: _LONGEST - 2], self._end]
        embedded = self._token_vectors.read_weights(tokens) + self._positions[: len(tokens)]
        (states,) = self._trunk.run(None, {"embedded": embedded[None]})
        return np.asarray(states[0].astype(np.float16))
