"""What a fit found, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reparam._typing import Array
from reparam.fitting._trace import Trace
from reparam.graphs import Expectation, Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Change", "Fit", "average", "change", "window"]

#: The numbers of batches whose means are compared for the standard error of an average: many
#: measure the scatter well, few see drifts and long waves.
_BATCHES = (2, 4, 8, 16, 32)

#: A loss that fell by no more than this many standard errors is taken for one that doesn't fall.
_SIGNIFICANT = 2.0

#: What rounding makes of losses, of the largest in the trace: near a minimum of 0 nothing else is
#: left of some.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Change:
    """How much the loss fell from the first half of the window to its second half.

    Attributes
    ----------
    steps
        The steps of the window.
    fall
        The difference of the mean losses.
    standard_error
        Of the difference, with what rounding adds.
    """

    steps: int
    fall: float
    standard_error: float

    @property
    def has_settled(self) -> bool:
        """Whether the fall is at most two standard errors."""
        return self.fall <= _SIGNIFICANT * self.standard_error


@dataclass(frozen=True, eq=False)
class Fit:
    """The inputs that a fit found: made by :func:`reparam.fit`.

    Attributes
    ----------
    model
        The graph at the inputs that were found, and at the fixed ones.
    inputs
        The fitted inputs by name: means over the window, which is the last half of the steps.
    standard_error
        Of the means, by name: the largest of those by the means of 2, 4, 8, 16 and 32 batches of
        successive steps and, for up to 50 inputs, of that by the curvature of the loss; NaN if the
        window has fewer than 32 steps.
    expectation
        E[J] and its gradient at these inputs, from as many further draws as the window had.
    change
        How much the loss fell within the window.
    trace
        All steps.
    """

    model: Model
    inputs: Mapping[str, Array]
    standard_error: Mapping[str, Array]
    expectation: Expectation
    change: Change
    trace: Trace

    @property
    def loss(self) -> float:
        """E[J] at the inputs."""
        return float(self.expectation.value)

    @property
    def converged(self) -> bool:
        """Whether the loss fell by at most two standard errors within the window."""
        return self.change.has_settled

    @property
    def notes(self) -> tuple[str, ...]:
        """What the numbers don't show, one sentence each."""
        change = self.change
        still = (
            f"the loss still fell by {change.fall:.2g} ± {change.standard_error:.2g} within the"
            f" last {change.steps} steps, so that the means lag behind: take more steps"
        )
        return (*(() if self.converged else (still,)), *self.expectation.notes)

    def plot(self) -> Figure:
        """Return a matplotlib figure of the loss by step.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        """
        from reparam.fitting._picture import picture
        from reparam.plots._matplotlib import draw

        return draw(picture(self.trace))

    def __repr__(self) -> str:
        found = ", ".join(
            f"{name}={float(value):.6g} ± {float(self.standard_error[name]):.2g}"
            if value.ndim == 0
            else f"{name} of shape {value.shape}"
            for name, value in self.inputs.items()
        )
        return f"Fit({len(self.trace)} steps: {found}; loss={self.loss:.6g})"


def window(steps: int) -> slice:
    """Return which steps are the last half of this many."""
    return slice(steps // 2, steps)


def change(trace_loss: Array, errors: Array) -> Change:
    """Return how much the loss fell within the window."""
    at = window(len(trace_loss))
    losses, errors = trace_loss[at], errors[at]
    middle = len(losses) // 2
    if not middle:
        return Change(len(losses), math.nan, math.nan)
    parts = [slice(0, middle), slice(middle, len(losses))]
    first, second = (float(losses[part].mean()) for part in parts)
    spread = math.hypot(
        *(float(np.sqrt(np.square(errors[part]).sum()) / len(errors[part])) for part in parts)
    )
    rounding = _ROUNDING * float(np.max(np.abs(trace_loss)))
    return Change(len(losses), first - second, math.hypot(spread, rounding))


def average(iterates: Array) -> tuple[Array, Array]:
    """Return the mean of the iterates in the window, and its standard error."""
    values = iterates[window(len(iterates))]
    errors = []
    for count in _BATCHES:
        size = len(values) // count
        if not size:
            return values.mean(axis=0), np.full(values.shape[1:], np.nan)
        batches = values[len(values) - count * size :].reshape(count, size, *values.shape[1:])
        errors.append(batches.mean(axis=1).std(axis=0, ddof=1) / math.sqrt(count))
    return values.mean(axis=0), np.max(errors, axis=0)
