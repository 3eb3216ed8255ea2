"""The learned parameters: read from ``parameters.json``, which says how they were learned."""

import json
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from bot.search.signals import SIGNALS

PARAMETERS_FILE = "parameters.json"


@dataclass(frozen=True, slots=True)
class FigureCue:
    """Tells by a question's vector whether it asks for a figure: logistic, over float32 (dimension,).

    It holds for the vectors of the ``encoder`` that it was learned with, and no others.
    """

    encoder: str
    weights: NDArray[np.float32]
    bias: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regression over named features; at ``threshold`` and above a question is answered."""

    features: tuple[str, ...]
    weights: NDArray[np.float64]
    bias: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Parameters:
    """Weights of the signals in the question's own language and in others, shape (signals,)."""

    own_weights: NDArray[np.float32]
    other_weights: NDArray[np.float32]
    own_bias: float
    figure_cue: FigureCue
    calibration: Calibration
    lexical_calibration: Calibration


def load_parameters() -> Parameters:
    """Read the parameters that come with the package."""
    return parse_parameters(files(__package__).joinpath(PARAMETERS_FILE).read_text("utf-8"))


def parse_parameters(text: str) -> Parameters:
    """Read parameters from JSON."""
    data = json.loads(text)
    weights = data["signals"]
    return Parameters(
        own_weights=np.array([weights[name]["own"] for name in SIGNALS], np.float32),
        other_weights=np.array([weights[name]["other"] for name in SIGNALS], np.float32),
        own_bias=data["own_bias"],
        figure_cue=FigureCue(
            encoder=data["learned"]["encoder"],
            weights=np.array(data["figure_cue"]["weights"], np.float32),
            bias=data["figure_cue"]["bias"],
        ),
        calibration=_parse_calibration(data["confidence"]),
        lexical_calibration=_parse_calibration(data["confidence_without_encoder"]),
    )


def _parse_calibration(data: dict[str, dict[str, float] | float]) -> Calibration:
    weights = data["weights"]
    bias, threshold = data["bias"], data["threshold"]
    if not isinstance(weights, dict) or isinstance(bias, dict) or isinstance(threshold, dict):
        message = f"{PARAMETERS_FILE}: a confidence has weights by name, a bias and a threshold"
        raise TypeError(message)
    return Calibration(tuple(weights), np.array(list(weights.values())), bias, threshold)
