"""Quantiles from cumulative functions, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.numerical import roots

__all__ = ["cdf_of_quantile", "quantile"]

Formula = Callable[..., Any]

#: The logits between which cumulative functions are found: below 1e-304, and 1 − u next to none.
_LOGITS = -700.0, 36.0


def quantile(
    u: Array, v: Array, cdf: Formula, sf: Formula, ends: tuple[Any, Any], theta: Sequence[Any]
) -> Array:
    """Return the y with P(Y ≤ y) = u and P(Y > y) = v, of which the smaller is matched.

    It is a root of the tail's logarithm less that of the probability, which is smooth far out, too.
    Each element is found by itself, so that none depends on its neighbours.

    Parameters
    ----------
    u, v
        Probabilities in [0, 1] that sum to 1.
    cdf, sf
        P(Y ≤ y) and P(Y > y), of y and θ.
    ends
        The endpoints of the support: numbers, or one per probability.
    theta
        The parameters: numbers, or one per probability.
    """
    shape, u, v = np.shape(u), np.ravel(u), np.ravel(v)
    low, high = (np.broadcast_to(np.asarray(end, np.float64), shape).ravel() for end in ends)
    rows = np.flatnonzero((u > 0.0) & (v > 0.0))
    leaves = [np.broadcast_to(leaf, u.shape) if np.ndim(leaf) == 0 else leaf for leaf in theta]
    p, is_upper = np.minimum(u, v)[rows], (u > v)[rows]

    def excess(y: Array, row: NDArray[np.intp]) -> Array:
        result, upper = np.empty(y.shape), is_upper[row]
        for side, tail, sign in ((~upper, cdf, 1.0), (upper, sf, -1.0)):
            if np.any(side):
                few = rows[row[side]]
                some = np.maximum(tail(y[side], *(leaf[few] for leaf in leaves)), 0.0)
                result[side] = sign * np.log(some / p[row[side]])
        return result

    y = np.select([u == 0.0, v == 0.0], [low, high], np.nan)
    y[rows] = roots.within(excess, low[rows], high[rows])
    return y.reshape(shape)


def cdf_of_quantile(y: Array, icdf: Formula, theta: Sequence[Array]) -> Array:
    """Return P(Y ≤ y), by Chandrupatla's method in logit u.

    Parameters
    ----------
    y
        Values: rows.
    icdf
        The quantile, of u and the parameters.
    theta
        The parameters, one per row.
    """

    def excess(logit: Array, row: NDArray[np.intp]) -> Array:
        u = 1.0 / (1.0 + np.exp(-logit))
        return np.asarray(icdf(u, *(leaf[row] for leaf in theta)) - y[row])

    rows = np.arange(y.size)
    ends = [np.full(y.shape, logit) for logit in _LOGITS]
    values = [excess(end, rows) for end in ends]
    result = np.where(np.isnan(y), np.nan, np.where(values[1] < 0.0, 1.0, 0.0))
    inside = np.flatnonzero((values[0] <= 0.0) & (values[1] >= 0.0))
    logit = roots.between(
        lambda logit, row: excess(logit, inside[row]),
        *(each[inside] for each in (*ends, *values)),
    )
    result[inside] = 1.0 / (1.0 + np.exp(-logit))
    return result
