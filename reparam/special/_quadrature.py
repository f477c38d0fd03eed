"""Integrals over a half line of a positive, eventually decaying weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reparam._typing import Array

__all__ = ["cutoff", "nodes"]

_PANELS, _ORDER = 4, 24


def nodes() -> Iterator[tuple[float, float]]:
    """Yield nodes and weights on [0, 1]: Gauss-Legendre of order 24 on each of 4 panels."""
    points, weights = np.polynomial.legendre.leggauss(_ORDER)
    for panel in range(_PANELS):
        for point, weight in zip(points, weights, strict=True):
            yield (panel + 0.5 + 0.5 * float(point)) / _PANELS, 0.5 * float(weight) / _PANELS


def cutoff(exponent: Callable[[Array], tuple[Array, Array]], start: Array) -> Array:
    """Return s where a convex, increasing exponent reaches 40: the weight e^−40 is nothing.

    Parameters
    ----------
    exponent
        Returns the exponent and its derivative at s.
    start
        An upper bound of s.
    """
    s = start
    for _ in range(12):
        value, slope = exponent(s)
        s = np.maximum(s - (value - 40.0) / slope, 0.05 * s)
    return s
