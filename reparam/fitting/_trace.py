"""The trace of a fit: where each step was, and what was found there."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import FitError

__all__ = ["Trace"]


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """The steps of a fit. They determine how it goes on: a trace is a checkpoint, too.

    Attributes
    ----------
    loss
        The mean of J over the draws of each step.
    standard_error
        Its standard error.
    inputs
        The fitted inputs by name, before each step: arrays of shape steps + the input's shape.
    gradient
        The mean of ∂J/∂input over the draws of each step, in the same form.
    """

    loss: Array
    standard_error: Array
    inputs: Mapping[str, Array]
    gradient: Mapping[str, Array]

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        return f"Trace({len(self)} steps in {', '.join(self.inputs)})"

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """The trace as columns: a vector ``w`` has the columns ``w[0]``, ``w[1]``, …."""
        found: dict[str, NDArray[Any]] = {
            "step": np.arange(len(self)),
            "loss": self.loss,
            "standard_error": self.standard_error,
        }
        for prefix, group in (("", self.inputs), ("dJ_d", self.gradient)):
            for name, values in group.items():
                flat = values.reshape(len(self), math.prod(values.shape[1:]))
                for label, column in zip(_labels(name, values.shape[1:]), flat.T, strict=True):
                    if prefix + label in found:
                        raise FitError(
                            f"the trace has a column {prefix + label!r} that is not the input"
                            f" {name}; give the input another name"
                        )
                    found[prefix + label] = np.ascontiguousarray(column)
        return found

    @classmethod
    def read(cls, shapes: Mapping[str, tuple[int, ...]], column: Callable[[str], Array]) -> Trace:
        """Return the trace that columns hold.

        Parameters
        ----------
        shapes
            The shape of each fitted input.
        column
            Returns the column of a name.
        """
        groups = [
            {
                name: np.stack([column(prefix + label) for label in _labels(name, shape)], axis=-1)
                for name, shape in shapes.items()
            }
            for prefix in ("", "dJ_d")
        ]
        inputs, gradient = (
            {name: values.reshape(len(values), *shapes[name]) for name, values in group.items()}
            for group in groups
        )
        return cls(column("loss"), column("standard_error"), inputs, gradient)


def _labels(name: str, shape: tuple[int, ...]) -> Iterator[str]:
    """Yield a name for each element of an array."""
    for index in product(*map(range, shape)):
        yield name + "".join(f"[{k}]" for k in index)
