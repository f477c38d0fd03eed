"""Parameters of some of the rows that a formula works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.base.distribution import Distribution
from reparam.base.tree import flat

__all__ = ["some_leaves", "some_rows"]


def some_rows(
    distribution: Distribution,
    theta: tuple[Any, ...],
    rows: NDArray[Any],
    count: int,
    repeated: int = 1,
) -> tuple[Any, ...]:
    """Return the parameters of some of so many rows, each repeated, nested as they were.

    Parameters
    ----------
    distribution
        Whose parameters they are.
    theta
        The parameters, nested as formulas take them: each one for all rows, or one per row.
    rows, count
        Which rows, and how many there are.
    repeated
        How often each row is repeated.
    """
    return distribution._nested(some_leaves(distribution, flat(theta), rows, count, repeated))


def some_leaves(
    distribution: Distribution, leaves: Any, rows: NDArray[Any], count: int, repeated: int = 1
) -> list[Any]:
    """Return the same of parameters in one row, in one row."""

    def chosen(leaf: Any, vector: bool) -> Any:
        if np.ndim(leaf) == vector or len(leaf) != count:
            return leaf
        return np.repeat(leaf[rows], repeated, axis=0) if repeated > 1 else leaf[rows]

    declared = distribution.parameters.values()
    return [chosen(leaf, bool(p.vector)) for p, leaf in zip(declared, leaves, strict=True)]
