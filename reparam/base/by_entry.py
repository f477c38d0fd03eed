"""Derivatives of all entries of draws of vectors, by one call of a formula for many draws."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array

__all__ = ["arguments", "repeated", "size"]

# Of distributions, whose class is above this module: one is any here.


def arguments(distribution: Any, y: Array, *rest: Array) -> list[Array]:
    """Return arguments of a formula like ``_pull``, with a row for each entry of each draw.

    There the upstream derivative is 1 in that entry, and 0 in all others.

    Parameters
    ----------
    distribution
        Of the draws.
    y, *rest
        What the formula takes for a block of draws, after the upstream derivative.
    """
    event = distribution.event_shape
    shapes = [event, *distribution._extra_events(), *distribution._theta_events()]
    count = math.prod(event)
    units = np.tile(np.eye(count), (len(y), 1)).reshape(-1, *event)
    again = zip((y, *rest), shapes, strict=True)
    return [units, *(repeated(array, count, shape) for array, shape in again)]


def repeated(array: Array, count: int, event: tuple[int, ...]) -> Array:
    """Return each row that many times; a value that all rows share stays as it is."""
    return np.repeat(array, count, axis=0) if np.ndim(array) > len(event) else array


def size(distribution: Any) -> int:
    """Return how many numbers :func:`arguments`, or what a formula makes of them, have per draw."""
    event: tuple[int, ...] = distribution.event_shape
    return math.prod(event) * max(map(math.prod, (event, *distribution._formula_events())))
