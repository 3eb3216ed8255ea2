"""What both trainings share: the weights as they are learned, their running average, checkpoints."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from tests.learning.layers import Parameters

WARM_UP = 0.06
LEAST_RATE = 0.05
"""As a part of the rate: it falls in a line to this."""
CLIPPING = 1.0
WEIGHT_DECAY = 0.01
NEW_SCALE = 5.0
"""What begins at random is learned so many times as fast."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how fast; ``average_decay`` is how much of the running average each step keeps."""

    steps: int
    rate: float
    average_decay: float


class Training:
    """AdamW with a rate that rises, then falls; goes on from the checkpoint if there is one."""

    def __init__(self, path: Path, start: Parameters, plan: Plan, fresh: Iterable[str] = ()) -> None:
        """Begin with ``start``, which is learned in place; ``fresh`` names what begins at random."""
        self.original = {name: values.clone() for name, values in start.items()}
        self.average = {name: values.clone() for name, values in start.items()}
        self.parameters = {name: values.requires_grad_() for name, values in start.items()}
        names = frozenset(fresh)
        groups = [
            {
                "params": [values for name, values in self.parameters.items() if name not in names],
                "scale": 1.0,
            }
        ]
        if names:
            groups.append({"params": [self.parameters[name] for name in sorted(names)], "scale": NEW_SCALE})
        self._optimizer = torch.optim.AdamW(groups, plan.rate, weight_decay=WEIGHT_DECAY, fused=True)
        self.step = 0
        self.plan = plan
        self._path = path
        if path.exists():
            self._load()

    def _load(self) -> None:
        kept = torch.load(self._path)
        for name, values in self.parameters.items():
            values.data.copy_(kept["parameters"][name])
        self.average = kept["average"]
        self._optimizer.load_state_dict(kept["optimizer"])
        self.step = kept["step"]

    def save(self) -> None:
        """Write a checkpoint, whole or not at all."""
        fresh = self._path.with_suffix(".new")
        torch.save(
            {
                "parameters": {name: values.detach() for name, values in self.parameters.items()},
                "average": self.average,
                "optimizer": self._optimizer.state_dict(),
                "step": self.step,
            },
            fresh,
        )
        fresh.replace(self._path)

    def advance(self, loss: torch.Tensor) -> None:
        """Take a step down, and move the average."""
        done = self.step / self.plan.steps
        warmth = min(1.0, (done + 1 / self.plan.steps) / WARM_UP)
        rate = self.plan.rate * warmth * max(LEAST_RATE, 1 - done)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * group.get("scale", 1.0)
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), CLIPPING)
        self._optimizer.step()
        self.step += 1
        decay = min(self.plan.average_decay, (1 + self.step) / (10 + self.step))
        for name, values in self.parameters.items():
            self.average[name].lerp_(values.detach(), 1 - decay)
