"""The mean resultant length A(κ) = I₁(κ)/I₀(κ) of the von Mises distribution, and ln I₀.

Both come from midpoint sums over the circle, whose error with n points on half of it is
I₂ₙ(κ)/I₀(κ) (Trefethen & Weideman 2014, section 2), or for large κ from Hankel's expansions (DLMF
10.40.1). All terms are positive, also those of 1 − A, which tends to 1/(2κ).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.special._elementwise import column, elementwise, integrate, select, weighted

__all__ = ["log_mean_exp", "mean_deficit"]

#: From here on the expansions are summed.
_LARGE = 25.0
_POINTS = 30
#: 1 − cos t = 2 sin²(t/2) at the midpoints.
_VERSINE = 2.0 * np.sin(0.5 * math.pi * (np.arange(_POINTS) + 0.5) / _POINTS) ** 2
_EVEN = np.full(_POINTS, 1.0 / _POINTS)


def _expansion(order: int, terms: int) -> list[float]:
    """Return the coefficients of κ^−k in √(2πκ) e^−κ I_order(κ)."""
    found = [1.0]
    for k in range(1, terms):
        found.append(-found[-1] * (4 * order * order - (2 * k - 1) ** 2) / (8 * k))
    return found


_OF_ZERO = _expansion(0, 26)
#: Of I₀ − I₁: the leading terms cancel, and all others are positive.
_OF_DIFFERENCE = [a - b for a, b in zip(_OF_ZERO, _expansion(1, 26), strict=True)][1:]


def _series(coefficients: list[float], inverse: Array) -> Array:
    total: Any = np.full_like(inverse, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total *= inverse
        total += coefficient
    return np.asarray(total)


def _sums(kappa: Array) -> tuple[Array, Array]:
    """Return the mean of e^(κ (cos t − 1)), and 1 − A as the mean of 1 − cos t so weighted."""

    def integrals(term: Array, kappa: Array) -> tuple[Array, ...]:
        np.multiply(column(-_VERSINE), kappa, out=term)
        np.exp(term, out=term)
        return weighted(term, _EVEN), weighted(term, _EVEN * _VERSINE)

    mean, versine = integrate(integrals, _POINTS, 1, kappa)
    return mean, versine / mean


def _expanded(kappa: Array) -> tuple[Array, Array]:
    inverse = 1.0 / kappa
    # √(2πκ) from two roots, as κ may be next to the largest number
    size = math.sqrt(2.0 * math.pi) * np.sqrt(kappa)
    zero = _series(_OF_ZERO, inverse)
    return zero / size, inverse * (_series(_OF_DIFFERENCE, inverse) / zero)


def _both(kappa: Array) -> tuple[Array, Array]:
    found: tuple[Array, Array] = select(
        (kappa >= _LARGE).astype(np.int8), (_sums, _expanded), kappa, outputs=2
    )
    return found


@elementwise()
def mean_deficit(kappa: Array) -> Array:
    """Return 1 − A(κ), the circular variance: to full relative accuracy for large κ, too."""
    return _both(kappa)[1]


@elementwise()
def log_mean_exp(kappa: Array) -> Array:
    """Return ln(e^−κ I₀(κ)), the logarithm of the mean of e^(κ (cos t − 1))."""
    return np.log(_both(kappa)[0])
