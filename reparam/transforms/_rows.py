"""Parameters of some of the rows that a formula works on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.tree import flat

__all__ = ["as_rows", "batch_of", "by_number", "by_parameter", "some_rows"]


def some_rows(
    distribution: Distribution,
    theta: tuple[Any, ...],
    rows: NDArray[Any],
    count: int,
    repeated: int = 1,
) -> tuple[Any, ...]:
    """Return the parameters of some of the rows, each repeated, nested as they were.

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

    def chosen(leaf: Any, rank: int) -> Any:
        if np.ndim(leaf) == rank or len(leaf) != count:
            return leaf
        return np.repeat(leaf[rows], repeated, axis=0) if repeated > 1 else leaf[rows]

    leaves = zip(distribution.parameters.values(), flat(theta), strict=True)
    return distribution._nested([chosen(leaf, p.rank) for p, leaf in leaves])


def as_rows(
    distribution: Distribution, theta: tuple[Any, ...]
) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """Return parameters with one row for each element of a batch, and the batch's shape."""
    leaves = [*zip(distribution.parameters.values(), map(np.asarray, flat(theta)), strict=True)]
    batch = batch_of(distribution, theta)
    rows = [
        np.broadcast_to(value, batch + event).reshape(-1, *event)
        for value, event in ((value, parameter.event(value)) for parameter, value in leaves)
    ]
    return distribution._nested(rows), batch


def batch_of(distribution: Distribution, theta: tuple[Any, ...]) -> tuple[int, ...]:
    """Return the shape that parameters broadcast to."""
    leaves = zip(distribution.parameters.values(), map(np.asarray, flat(theta)), strict=True)
    return np.broadcast_shapes(*(parameter.batch(value) for parameter, value in leaves))


def by_number(
    distribution: Distribution, theta: tuple[Any, ...], entries: tuple[Any, ...]
) -> list[Any]:
    """Return derivatives, nested as formulas return them, one per number: entries of vectors."""
    found: list[Any] = []
    for length, entry in zip(_lengths(distribution, theta), flat(entries), strict=True):
        found += [np.asarray(entry)[..., k] for k in range(length)] if length else [entry]
    return found


def by_parameter(
    distribution: Distribution, theta: tuple[Any, ...], numbers: list[Array]
) -> list[Array]:
    """Return derivatives per number as one array per parameter."""
    rest = iter(numbers)
    return [
        np.stack(np.broadcast_arrays(*(next(rest) for _ in range(length))), axis=-1)
        if length
        else next(rest)
        for length in _lengths(distribution, theta)
    ]


def _lengths(distribution: Distribution, theta: tuple[Any, ...]) -> list[int]:
    """Return how many entries each differentiable parameter has: 0 if it is a number."""
    leaves = zip(distribution.parameters.values(), flat(theta), strict=True)
    return [np.shape(leaf)[-1] if p.dims else 0 for p, leaf in leaves if p.differentiable]
