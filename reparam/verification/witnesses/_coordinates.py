"""Matrices as vectors of their free real numbers, over which their density is integrated."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.regions import CorrelationCholesky, PositiveDefinite, RealMatrix
from reparam.verification.targets.vectors import Vectors

__all__ = ["Coordinates", "coordinates"]


class Coordinates(NamedTuple):
    """Real numbers t that are free, instead of the entries of y."""

    #: Rows t of rows y.
    of: Callable[[Array], Array]
    #: Rows y of rows t, and the logarithms of abs(det ∂y/∂t) in the entries of y that are free.
    back: Callable[[Array], tuple[Array, Array]]


def coordinates(target: Vectors) -> Coordinates | None:
    """Return those of matrices with few free entries, or None."""
    if isinstance(target.region, RealMatrix) and target.length <= 4:
        return Coordinates(lambda y: y, lambda t: (t, np.zeros(len(t))))
    if type(target.region) is PositiveDefinite and target.event == (2, 2):
        return Coordinates(_of_positive_definite, _positive_definite)
    if isinstance(target.region, CorrelationCholesky) and target.event == (3, 3):
        return Coordinates(_of_correlation_factor, _correlation_factor)
    return None


def _of_positive_definite(y: Array) -> Array:
    """Return (ln a, b, ln c) of y = L Lᵀ with L = [[a, 0], [b, c]]."""
    a = np.sqrt(y[:, 0])
    b = y[:, 1] / a
    c = np.sqrt((y[:, 3] - b * b).clip(1e-16 * y[:, 3]))
    return np.stack([np.log(a), b, np.log(c)], axis=1)


def _positive_definite(t: Array) -> tuple[Array, Array]:
    # dy_11 dy_21 dy_22 = 2a · a · 2c da db dc, and da dc = a c d ln a d ln c
    log_a, b, log_c = t.T
    a, c = np.exp(log_a), np.exp(log_c)
    y = np.stack([a * a, a * b, a * b, b * b + c * c], axis=1)
    return y, 2.0 * np.log(2.0) + 3.0 * log_a + 2.0 * log_c


def _of_correlation_factor(y: Array) -> Array:
    """Return artanh of the partial correlations."""
    first, second, third = y[:, 3], y[:, 6], y[:, 7]
    return np.arctanh(np.stack([first, second, third / np.hypot(third, y[:, 8])], axis=1))


def _correlation_factor(t: Array) -> tuple[Array, Array]:
    (p, q, r), (x, y, z) = np.tanh(t.T), 1.0 / np.cosh(t.T)
    zero, one = np.zeros_like(p), np.ones_like(p)
    rows = [one, zero, zero, p, x, zero, q, y * r, y * z]
    return np.stack(rows, axis=1), np.log(x) * 2.0 + np.log(y) * 3.0 + np.log(z) * 2.0
