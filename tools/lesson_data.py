"""Make the series of the interactive lesson with this library: gamma and beta draws.

Quantiles are series of Chebyshev polynomials in ln α, ln β and z, the normal quantile of u: of ln y
for gamma with rate 1, and of ln(y/(1 − y)) for beta, which are smooth. Their derivatives are the
series' own. ``python tools/lesson_page.py`` puts them into the page.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import ndtr

import reparam as rp

#: Shapes that the series hold for: somewhat more than the sliders' 0.5 to 6.
SHAPES = (0.45, 6.6)
#: Beyond ±6, an event of probability 1e-9, the page uses the end.
Z = 6.0
#: How many polynomials, in each shape and in z.
SIZES = (20, 48)
#: Coefficients are whole numbers of this unit in the page, and none is kept below ten of it.
UNIT = 1e-10


def tables() -> dict[str, Any]:
    """Return the series, as JSON values."""
    of_shape, of_z = (np.cos(np.pi * (np.arange(size) + 0.5) / size) for size in SIZES)
    low, high = np.log(SHAPES)
    shapes = np.exp(low + 0.5 * (high - low) * (of_shape + 1.0))
    z = Z * of_z
    first = coefficients(gamma(shapes[:, np.newaxis], z))
    second = coefficients(beta(shapes[:, np.newaxis, np.newaxis], shapes[:, np.newaxis], z))
    return {
        "shapes": SHAPES,
        "z": Z,
        "unit": UNIT,
        "gamma": [whole(row) for row in first],
        # y(α, β) at z is 1 − y(β, α) at −z: the page mirrors what lies below the diagonal
        "beta": [[whole(row) for row in rows[k:]] for k, rows in enumerate(second)],
    }


def gamma(alpha: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ln y, with rate 1."""
    d = rp.Gamma(alpha=alpha)
    return np.where(z < 0.0, d.transform(ndtr(z)).log_value, np.log(d.isf(ndtr(-z))))


def beta(alpha: np.ndarray, other: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Return ln(y/(1 − y))."""
    below = rp.Beta(alpha=alpha, beta=other).transform(ndtr(-np.abs(z)))
    above = rp.Beta(alpha=other, beta=alpha).transform(ndtr(-np.abs(z)))
    logits = [draw.log_value - draw.log_complement for draw in (below, above)]
    return np.where(z < 0.0, logits[0], -logits[1])


def coefficients(values: np.ndarray) -> np.ndarray:
    """Return the series of a function from its values at the polynomials' nodes."""
    for axis, size in enumerate(values.shape):
        nodes = np.cos(np.pi * (np.arange(size) + 0.5) / size)
        weights = chebyshev.chebvander(nodes, size - 1) * (2.0 / size)
        weights[:, 0] /= 2.0
        values = np.moveaxis(np.tensordot(weights, values, axes=(0, axis)), 0, axis)
    return values


def whole(row: np.ndarray) -> list[int]:
    """Return a row as the page holds it: small ones are 0, and left out at the end."""
    kept = [round(float(entry) / UNIT) if abs(entry) > 10.0 * UNIT else 0 for entry in row]
    while kept and not kept[-1]:
        kept.pop()
    return kept


def agree(some: Any, others: Any) -> bool:
    """Return whether two pages' series are the same, up to rounding."""
    if isinstance(others, dict):
        return some.keys() == others.keys() and all(agree(some[key], others[key]) for key in others)
    if isinstance(others, list | tuple):
        if all(isinstance(entry, int) for entry in (*some, *others)):  # 0s at the end left out
            size = max(len(some), len(others))
            pairs = zip(padded(some, size), padded(others, size), strict=True)
            return all(abs(one - other) < 15 for one, other in pairs)
        return len(some) == len(others) and all(map(agree, some, others))
    return bool(some == others)


def padded(row: list[int], size: int) -> list[int]:
    """Return a row with 0s at its end."""
    return [*row, *[0] * (size - len(row))]
