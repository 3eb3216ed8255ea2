"""From weights as they are learned to the blocks of small numbers that ship, and back."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from bot.e5.learned import find_bits
from bot.e5.tensors import Tensors
from tests.learning.e5 import BLOCK, Floats
from tests.learning.layers import Parameters


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
            found[name], found[f"{name}_scales"] = quantise(values, bits)
        else:
            found[name] = values
    return found


def restore_parameters(tensors: Tensors) -> Parameters:
    """Undo ``pack_parameters``, up to the rounding."""
    bits = find_bits(tensors)
    found: Parameters = {}
    for name, values in tensors.items():
        if name.startswith("segment_") or name.endswith("_scales"):
            continue
        if name == "heads":
            restored = values.T
        elif f"{name}_scales" in tensors:
            restored = _multiply_out(values, tensors[f"{name}_scales"], bits)
        else:
            restored = values
        found[name] = torch.from_numpy(np.array(restored, np.float32))
    if "segment_question" in tensors:
        segments = np.stack([tensors["segment_question"], tensors["segment_passage"]])
        found["segments"] = torch.from_numpy(segments.astype(np.float32))
    return found


def _multiply_out(packed: NDArray[np.generic], scales: NDArray[np.generic], bits: int) -> Floats:
    numbers = np.asarray(packed, np.uint8)
    if bits == 4:
        numbers = np.stack([numbers & 15, numbers >> 4], axis=-1).reshape(*numbers.shape[:2], BLOCK)
    centred = numbers.astype(np.float32) - (1 << (bits - 1))
    scaled = centred * np.asarray(scales, np.float32).reshape(*numbers.shape[:2], 1)
    return scaled.reshape(len(numbers), -1)
