"""Quantiles from cumulative functions, and the other way round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reparam._typing import Array

__all__ = ["cdf_of_quantile", "halfway", "halved", "quantile"]

Formula = Callable[..., Any]

#: The numbers of float64 in order: as many halvings find one of them.
_HALVINGS = 64


def quantile(
    u: Array, v: Array, cdf: Formula, sf: Formula, ends: tuple[Any, Any], theta: Sequence[Any]
) -> Array:
    """Return the y with P(Y ≤ y) = u and P(Y > y) = v, of which the smaller is matched.

    By Chandrupatla's method; where it has no bracket, such as between an end of the support and
    the number next to it, by halving the floating-point numbers. Each element is found by itself,
    so that none depends on its neighbours.

    Parameters
    ----------
    u, v
        Probabilities in [0, 1] that sum to 1.
    cdf, sf
        P(Y ≤ y) and P(Y > y), of y and θ.
    ends
        The ends of the support: numbers, or one per probability.
    theta
        The parameters: numbers, or one per probability.
    """
    from scipy.optimize import elementwise

    shape, u, v = np.shape(u), np.ravel(u), np.ravel(v)
    low, high = (np.broadcast_to(np.asarray(end, np.float64), shape).ravel() for end in ends)
    theta = [np.broadcast_to(leaf, u.shape) if np.ndim(leaf) == 0 else leaf for leaf in theta]
    inside = (u > 0.0) & (v > 0.0)
    p, above = np.where(inside, np.minimum(u, v), 0.5), u > v

    def excess(y: Array, row: Array) -> Array:
        at = row.astype(np.intp)
        few, result = [leaf[at] for leaf in theta], np.empty(y.shape)
        upper = above[at]
        for side, tail, sign in ((~upper, cdf, 1.0), (upper, sf, -1.0)):
            if np.any(side):
                some = tail(y[side], *(leaf[side] for leaf in few))
                result[side] = sign * (some - p[at][side])
        return result

    row = np.arange(u.size, dtype=np.float64)
    left, right = _start(low, high)
    bracket = elementwise.bracket_root(excess, left, right, xmin=low, xmax=high, args=(row,))
    found = elementwise.find_root(excess, bracket.bracket, args=(row,))
    y = np.asarray(found.x)
    lost = inside & ~(bracket.success & found.success)
    if np.any(lost):
        y[lost] = halved(excess, low[lost], high[lost], row[lost])
    y = np.select([u == 0.0, v == 0.0, np.isnan(u)], [low, high, np.nan], y)
    return np.asarray(y.reshape(shape))


def _start(low: Array, high: Array) -> tuple[Array, Array]:
    """Return two points inside an interval."""
    below, above = np.isfinite(low), np.isfinite(high)
    size = np.maximum(1.0, 1e-3 * np.maximum(np.abs(low), np.abs(high)))
    width = np.where(below & above, 0.25 * (high - low), np.where(below | above, size, 1.0))
    left = np.where(below, low + width, np.where(above, high - 2.0 * width, -1.0))
    return left, left + width


def halved(excess: Formula, low: Array, high: Array, row: Array) -> Array:
    """Return where a function that grows changes its sign, to a unit in the last place."""
    left, right = _numbered(low), _numbered(high)
    for _ in range(_HALVINGS):
        middle = _mean_of(left, right)
        grows = excess(_number(middle), row) < 0.0
        left, right = np.where(grows, middle, left), np.where(grows, right, middle)
    return np.where(np.isnan(excess(_number(right), row)), np.nan, _number(right))


def halfway(low: Array, high: Array) -> Array:
    """Return the number that has as many floating-point numbers between it and either end."""
    return _number(_mean_of(_numbered(low), _numbered(high)))


def _mean_of(left: Any, right: Any) -> Any:
    """Return the mean of two integers, rounded down, without overflow."""
    return (left & right) + ((left ^ right) >> 1)


def _numbered(y: Array) -> Any:
    """Return the places of numbers in the order of all floating-point numbers."""
    bits = np.ascontiguousarray(y, np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _number(place: Any) -> Array:
    """Return the floating-point numbers of those places."""
    bits = np.where(place < 0, np.int64(-(2**63)) - place, place)
    return np.ascontiguousarray(bits, np.int64).view(np.float64)


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
    from scipy.optimize import elementwise

    def excess(logit: Array, row: Array) -> Array:
        at = row.astype(np.intp)
        u = 1.0 / (1.0 + np.exp(-logit))
        return np.asarray(icdf(u, *(leaf[at] for leaf in theta)) - y[at])

    row = np.arange(y.size, dtype=np.float64)
    ends = np.full(y.shape, -700.0), np.full(y.shape, 36.0)
    found = elementwise.find_root(excess, ends, args=(row,))
    beyond = np.where(excess(ends[1], row) < 0.0, 1.0, 0.0)
    result = np.where(found.success, 1.0 / (1.0 + np.exp(-found.x)), beyond)
    return np.asarray(np.where(np.isnan(y), np.nan, result))
