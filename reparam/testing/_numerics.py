"""Numerical differentiation and integration: what formulas are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.distribution import Reparameterized

__all__ = ["derivative_in", "differentiate", "expectation"]


def differentiate(f: Callable[[Array], Array], x: Array, step: Array) -> tuple[Array, Array]:
    """Return df/dx by Richardson extrapolation of central differences, and its error.

    Of all extrapolations, the one that agrees best with its neighbours is returned, so that a
    kink inside a large step, or the rounding errors of a small one, are passed by.
    """
    steps = step * 2.0 ** -np.arange(16.0).reshape((-1,) + (1,) * np.ndim(step))
    table = np.stack([(f(x + h) - f(x - h)) / (2.0 * h) for h in steps])
    ulp = np.spacing(np.abs(f(x)))
    rounding = np.stack([ulp / h for h in steps])
    best, error = table[-1], np.full_like(table[-1], np.inf)
    for order in range(1, 6):
        table = table[1:] + (table[1:] - table[:-1]) / (4.0**order - 1.0)
        change = np.abs(table[2:] - table[1:-1]) + np.abs(table[1:-1] - table[:-2])
        for row, gap in zip(table[1:-1], change + rounding[order + 1 : -1], strict=True):
            best = np.where(gap < error, row, best)
            error = np.minimum(gap, error)
    return best, error


def derivative_in(
    d: Reparameterized, name: str, f: Callable[[Reparameterized], Array]
) -> tuple[Array, Array]:
    """Return the derivative of a function of the distribution in one parameter, and its error."""
    values: dict[str, ArrayLike] = {other: getattr(d, other) for other in d.parameters}
    theta = np.broadcast_to(getattr(d, name), d.batch_shape)
    low, high = d.parameters[name].domain.ends({})
    room = np.minimum(theta - low, high - theta)
    step = np.minimum(0.25 * room, 0.1 * (1.0 + np.abs(theta)))
    return differentiate(lambda moved: f(type(d)(**{**values, name: moved})), theta, step)


def expectation(d: Reparameterized, f: Callable[[Array], Array]) -> float:
    """Return E[f(y)] for a distribution with scalar parameters."""
    low, high = map(float, d.support)
    if np.isfinite(high):
        return _over_quantile(d, f)
    if np.isfinite(low):
        return _over_distance(d, f, low, 1.0)
    median = float(d.icdf(0.5))
    return _over_distance(d, f, median, 1.0) + _over_distance(d, f, median, -1.0)


def _over_quantile(d: Reparameterized, f: Callable[[Array], Array]) -> float:
    """Return ∫ f(F⁻¹(u)) du by Gauss-Legendre pieces, in u = e^t towards both ends."""
    node, weight = np.polynomial.legendre.leggauss(30)
    edges = np.linspace(math.log(0.5), -36.0, 61)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    t = edges[:-1, np.newaxis] + half * (1.0 + node)
    both = f(d.icdf(np.exp(t))) + f(d.icdf(-np.expm1(t)))
    return float(np.sum(-half * weight * np.exp(t) * both))


def _over_distance(
    d: Reparameterized, f: Callable[[Array], Array], start: float, sign: float
) -> float:
    """Return ∫ f p dy on one side of a point, by the trapezoidal rule in s, y = start ± e^s."""
    s = np.linspace(-740.0, 700.0, 200_001)
    y = start + sign * np.exp(s)
    with np.errstate(all="ignore"):
        terms = np.exp(s + d.log_prob(y)) * f(y)
    return float(np.sum(terms[np.isfinite(terms)])) * float(s[1] - s[0])
