"""What determines a fit besides the model and the seed, and the steps of Adam."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array
from reparam.arguments import draw_count
from reparam.errors import FitError, did_you_mean

__all__ = ["SCHEDULES", "Adam", "Settings"]

#: How the rate depends on the step.
SCHEDULES = ("cosine", "constant")

#: The share that Adam's mean of gradients keeps in each step, and that of their squares, and what
#: is added to the root of the latter. Kingma & Ba (2015) keep 0.999 of the squares. Keeping less
#: forgets the large gradients of the first steps, which make later steps short, sooner; it biases
#: the result by a share of the gradients' skewness, which means over many draws hardly have.
_KEPT, _KEPT_SQUARES, _EPSILON = 0.9, 0.99, 1e-8

#: The share of the rate that a cosine ends at. It isn't 0: steps that become shorter and shorter
#: depend on each other more and more, and the means of batches would underestimate errors.
_LEFT = 0.25


@dataclass(frozen=True)
class Settings:
    """How many draws and steps there are, and how long steps are.

    Attributes
    ----------
    draws
        The draws of each step.
    steps
        The number of steps; with a constant rate the most steps.
    rate
        About how far an input moves in a step: Adam's α at the first step.
    schedule
        ``"cosine"``, where the rate falls to a quarter over the first half of the steps, along half
        a wave, and stays there; or ``"constant"``.
    tolerance
        The standard error of the loss's change at which a fit at a constant rate may stop.
    """

    draws: int = 100
    steps: int = 2000
    rate: float = 0.05
    schedule: str = "cosine"
    tolerance: float = math.inf

    def __post_init__(self) -> None:
        draw_count(self.draws, least=2)
        if not (type(self.steps) is int and self.steps > 0):
            raise FitError(
                f"steps={self.steps!r} is not a positive integer; pass one, such as 2000"
            )
        for name, value in (("rate", self.rate), ("tolerance", self.tolerance)):
            if not value > 0.0 or (name == "rate" and math.isinf(value)):
                raise FitError(f"{name}={value!r} is not a positive number; pass one, such as 0.05")
        if self.schedule not in SCHEDULES:
            raise FitError(
                f"schedule {self.schedule!r} is unknown{did_you_mean(self.schedule, SCHEDULES)};"
                f" pass {' or '.join(SCHEDULES)}"
            )

    def rate_at(self, step: int) -> float:
        """Return the rate of a step; the first one's number is 0."""
        if self.schedule == "constant":
            return self.rate
        share = min(2.0 * step / self.steps, 1.0)
        return self.rate * (_LEFT + (1.0 - _LEFT) * 0.5 * (1.0 + math.cos(math.pi * share)))

    def numbers(self, step: int) -> range:
        """Return the numbers of a step's draws."""
        return range(step * self.draws, (step + 1) * self.draws)


class Adam:
    """Where Adam is: the inputs, and its means of gradients and their squares.

    Parameters
    ----------
    inputs
        Where it starts.
    """

    def __init__(self, inputs: Array) -> None:
        self.inputs = inputs
        self._mean, self._squares = np.zeros_like(inputs), np.zeros_like(inputs)
        self._steps = 0

    def move(self, gradient: Array, rate: float) -> None:
        """Take a step."""
        self._steps += 1
        with np.errstate(all="ignore"):
            self._mean = _KEPT * self._mean + (1.0 - _KEPT) * gradient
            self._squares = _KEPT_SQUARES * self._squares + (1.0 - _KEPT_SQUARES) * gradient**2
            mean = self._mean / (1.0 - _KEPT**self._steps)  # both begin at 0, which biases them
            squares = self._squares / (1.0 - _KEPT_SQUARES**self._steps)
            self.inputs = self.inputs - rate * mean / (np.sqrt(squares) + _EPSILON)
