"""Parameters as they ship: matrices rounded, in blocks of 32 weights that share a scale; and back again."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from tests.learning.e5 import BLOCK, Floats, Tensors
from tests.learning.layers import Parameters

_SCALES = "_scales"


def quantise(values: Floats, bits: int) -> tuple[NDArray[np.uint8], Floats]:
    """Round a matrix in blocks of 32; numbers (rows, blocks, bytes of a block), scales flat."""
    blocks = values.reshape(len(values), -1, BLOCK)
    half = 1 << (bits - 1)
    # The largest number of a block, with its sign, gets the end of the range that reaches further.
    widest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[:, :, None], axis=2)
    scales = (widest / -half).astype(np.float32)
    rounded = np.round(np.divide(blocks, scales, out=np.zeros_like(blocks), where=scales != 0))
    numbers = np.clip(rounded + half, 0, 2 * half - 1).astype(np.uint8)
    if bits == 4:
        numbers = np.asarray(numbers[:, :, 0::2] | numbers[:, :, 1::2] << 4, np.uint8)
    return numbers, scales.ravel()


def pack_parameters(parameters: Mapping[str, torch.Tensor], bits: int) -> dict[str, NDArray[np.generic]]:
    """Pack a network's parameters as its graph wants them."""
    found: dict[str, NDArray[np.generic]] = {}
    for name, tensor in parameters.items():
        values = tensor.detach().cpu().numpy().astype(np.float32)
        if name == "segments":
            found["segment_question"], found["segment_passage"] = values.copy()
        elif name == "heads":
            found[name] = np.ascontiguousarray(values.T)
        elif values.ndim > 1:
            found[name], found[f"{name}{_SCALES}"] = quantise(values, bits)
        else:
            found[name] = values
    return found


def unpack_parameters(tensors: Tensors) -> Parameters:
    """Return the parameters that were packed in eight bits, as they are after rounding."""
    found: dict[str, NDArray[np.generic]] = {}
    for name, values in tensors.items():
        if f"{name}{_SCALES}" in tensors:
            scales = tensors[f"{name}{_SCALES}"].astype(np.float32).reshape(*values.shape[:2], 1)
            found[name] = ((values.astype(np.float32) - 128) * scales).reshape(len(values), -1)
        elif name == "heads":
            found[name] = np.ascontiguousarray(values.T)
        elif not name.endswith(_SCALES) and not name.startswith("segment_"):
            found[name] = values.copy()
    if "segment_question" in tensors:
        found["segments"] = np.stack([tensors["segment_question"], tensors["segment_passage"]])
    return {name: torch.from_numpy(values) for name, values in found.items()}
