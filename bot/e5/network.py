"""The network of the model: a BERT encoder, as a graph that onnxruntime runs.

Devlin et al. 2019, "BERT", with the mean of all tokens' vectors at the end. The products take the
weights as they are, in four bits, and what goes in is rounded to eight bits in blocks of 32
(``accuracy_level``); everything else is float32.
"""

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import helper, parser

from bot.e5.weights import BLOCK, Matrix, Sizes, Weights

_BITS = 4
_EIGHT_BIT_PRODUCTS = 4
_ERRORS_ONLY = 3

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

_GRAPH = """
<ir_version: 10, opset_import: ["": 23, "com.microsoft": 1]>
e5 (float[1, tokens, {width}] embedded) => (float[1, {width}] mean) <int64[1] axes = {{1}}> {{
    start = {normalise}(embedded, ln_weight, ln_bias)
    {layers}
    mean = ReduceMean <keepdims = 0> ({last}, axes)
}}
"""


def load_network(weights: Weights) -> onnxruntime.InferenceSession:
    """Make the network: token vectors of one text in, ``(1, tokens, width)``; their mean out, ``(1, width)``.

    A run takes one thread, and runs may go on side by side.

    Raises:
        RuntimeError: onnxruntime does not take the graph.
    """
    tensors = _name_tensors(weights)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    # They keep the memory of the largest text there was, and save no time here.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.add_external_initializers(
        list(tensors), [onnxruntime.OrtValue.ortvalue_from_numpy(values) for values in tensors.values()]
    )
    try:
        model = parser.parse_model(_write_graph(weights.sizes))
        model.graph.initializer.extend(_declare(name, values) for name, values in tensors.items())
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # what the two libraries raise has no other ancestor in common
        message = f"onnxruntime {onnxruntime.__version__} does not take the network: {error}"
        raise RuntimeError(message) from error


def _declare(name: str, values: NDArray[np.generic]) -> onnx.TensorProto:
    """Say of what kind a tensor is that is handed over beside the graph."""
    return onnx.TensorProto(
        name=name,
        data_type=helper.np_dtype_to_tensor_dtype(values.dtype),
        dims=values.shape,
        data_location=onnx.TensorProto.EXTERNAL,
        external_data=[onnx.StringStringEntryProto(key="location", value="memory")],
    )


def _write_graph(sizes: Sizes) -> str:
    width, inner = sizes.width, sizes.inner
    normalise = f"LayerNormalization <epsilon = {sizes.epsilon:e}>"
    layers = [
        _LAYER.format(
            n=number,
            before=f"l{number - 1}" if number else "start",
            heads=sizes.heads,
            project=_write_product(width, 3 * width),
            mix=_write_product(width, width),
            widen=_write_product(width, inner),
            narrow=_write_product(inner, width),
            normalise=normalise,
        )
        for number in range(sizes.layers)
    ]
    last = f"l{sizes.layers - 1}"
    return _GRAPH.format(width=width, normalise=normalise, layers="".join(layers), last=last)


def _write_product(taken: int, given: int) -> str:
    return (
        f"com.microsoft.MatMulNBits <K = {taken}, N = {given}, bits = {_BITS}, block_size = {BLOCK}, "
        f"accuracy_level = {_EIGHT_BIT_PRODUCTS}>"
    )


def _name_tensors(weights: Weights) -> dict[str, NDArray[np.generic]]:
    """Name and repack what the graph is to multiply by and to add."""
    sizes = weights.sizes
    found = _name_normalisation(weights, "ln", "emb.ln")
    for number in range(sizes.layers):
        layer = f"l{number}"
        found |= _name_product(weights, f"{layer}_qkv", [f"{layer}.{part}" for part in "qkv"], sizes.width)
        found |= _name_product(weights, f"{layer}_ao", [f"{layer}.ao"], sizes.width)
        found |= _name_product(weights, f"{layer}_fi", [f"{layer}.fi"], sizes.width)
        found |= _name_product(weights, f"{layer}_fo", [f"{layer}.fo"], sizes.inner)
        for part in ("aln", "oln"):
            found |= _name_normalisation(weights, f"{layer}_{part}", f"{layer}.{part}")
    return found


def _name_normalisation(weights: Weights, name: str, source: str) -> dict[str, NDArray[np.generic]]:
    return {
        f"{name}_weight": weights.read_floats(f"{source}.w"),
        f"{name}_bias": weights.read_floats(f"{source}.b"),
    }


def _name_product(
    weights: Weights, name: str, sources: list[str], width: int
) -> dict[str, NDArray[np.generic]]:
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
    return np.asarray(numbers[:, :, 0::2] | numbers[:, :, 1::2] << _BITS)
