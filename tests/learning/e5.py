"""What every stage of the training takes of the bot's own code for the encoder."""

from bot.e5.learned import TRUNK_LAYERS
from bot.e5.tensors import Tensors
from bot.e5.tokens import Tokenizer
from bot.e5.weights import BLOCK, Floats, Matrix, Sizes, Weights, find_weights

__all__ = [
    "BLOCK",
    "TRUNK_LAYERS",
    "Floats",
    "Matrix",
    "Sizes",
    "Tensors",
    "Tokenizer",
    "Weights",
    "find_weights",
]

QUESTION = "query: "
PASSAGE = "passage: "
