"""The gradient itself, where deterministic sums give it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from reparam._typing import Array
from reparam.distribution import Distribution, Reparameterized
from reparam.estimators._line import Line
from reparam.estimators._problem import Problem
from reparam.noise import BLOCK
from reparam.parameters import Integers

__all__ = ["exact", "integrals"]

#: How far the two routes may be apart, and what a panel's error may be, of the integral of |·|.
_AGREEMENT, _TOLERANCE = 1e-9, 1e-14

#: Halvings of a panel, and panels at a time at most.
_HALVINGS, _PANELS = 60, 4096

#: How many values of a discrete distribution are summed over at most.
_MOST = 2**22

#: Points of a panel, less one: half of them make a rule to compare with.
_POINTS = 32


def exact(problem: Problem) -> dict[str, float]:
    """Return ∂E[φ(y)]/∂θ by parameter, NaN where it is not known.

    For a continuous distribution by two routes, ∫ φ′ ∂y/∂θ p dy and ∫ φ ∂ log p/∂θ p dy, which must
    agree; by the second alone if φ has no slope. For integers it is the sum over the support.

    Parameters
    ----------
    problem
        What is estimated.
    """
    distribution = problem.distribution
    unknown = dict.fromkeys(problem.names, math.nan)
    with np.errstate(all="ignore"):
        if isinstance(distribution._support, Integers):
            found = _summed(problem, distribution)
        elif isinstance(distribution, Reparameterized):
            found = _integrated(problem, distribution)
        else:
            found = None
    return unknown if found is None else dict(zip(problem.names, found, strict=True))


def _integrated(problem: Problem, distribution: Reparameterized) -> list[float] | None:
    """Return the gradient by parameter from both routes, if they agree."""
    line = Line(distribution)
    if not line.usable:
        return None
    sloped = problem.objective.derivative is not None

    def integrand(t: Array) -> Array:
        # x = π/2 sinh t makes all tails fall double-exponentially (Takahasi & Mori 1974)
        y, log_slope = line(0.5 * math.pi * np.sinh(t))
        weight = np.exp(distribution.log_prob(y) + log_slope) * (0.5 * math.pi * np.cosh(t))
        low, high = distribution.support
        weight = np.where((y > low) & (y < high) & np.isfinite(weight), weight, 0.0)
        rows = [problem.objective.value(y) * score for score in problem.score(y)]
        if sloped:
            slope = problem.objective.slope(y)
            rows += [slope * entry for entry in distribution.pathwise(y).values()]
        return np.where(weight > 0.0, np.array(rows) * weight, 0.0)

    found = integrals(integrand, np.linspace(-6.0, 6.0, 25))
    if found is None:
        return None
    values, sizes = found
    count = len(problem.names)
    if not sloped:
        return [_clean(*pair) for pair in zip(values, sizes, strict=True)]
    return [
        _clean(by_path, size)
        if abs(by_path - by_score) <= _AGREEMENT * max(size, other)
        else math.nan
        for by_score, other, by_path, size in zip(
            values[:count], sizes[:count], values[count:], sizes[count:], strict=True
        )
    ]


def _clean(value: float, size: float) -> float:
    """Return a value, 0 if it is no more than the rounding errors of what cancels in it."""
    return 0.0 if abs(value) <= _TOLERANCE * size else float(value)


def integrals(f: Callable[[Array], Array], edges: Array) -> tuple[Array, Array] | None:
    """Return the integrals of f's rows and of their absolute values, or None.

    By Clenshaw-Curtis rules of two orders on panels, halved until these agree. The rules have the
    ends of a panel among their points, so that no jump inside goes unseen.

    Parameters
    ----------
    f
        Rows of values from an array of points, one dimension more.
    edges
        The ends of the first panels.
    """
    left, right = edges[:-1], edges[1:]
    nodes = np.cos(np.pi * np.arange(_POINTS + 1) / _POINTS)
    weights, fewer = _weights(_POINTS), _weights(_POINTS // 2)
    total: Array | None = None
    for _ in range(_HALVINGS):
        half = 0.5 * (right - left)
        middle = left + half
        values = f((middle[:, np.newaxis] + half[:, np.newaxis] * nodes).ravel())
        values = values.reshape(len(values), half.size, nodes.size)
        fine = half * (values * weights).sum(axis=2)
        size = half * (np.abs(values) * weights).sum(axis=2)
        coarse = half * (values[:, :, ::2] * fewer).sum(axis=2)
        if total is None:
            total, sizes = np.zeros(len(fine)), np.zeros(len(fine))
            allowed = _TOLERANCE * size.sum(axis=1, keepdims=True)
        good = np.all(np.abs(fine - coarse) <= allowed, axis=0)
        total, sizes = total + fine[:, good].sum(axis=1), sizes + size[:, good].sum(axis=1)
        if np.all(good):
            return total, sizes
        left, middle, right = left[~good], middle[~good], right[~good]
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
        if left.size > _PANELS:
            return None
    return None


def _weights(n: int) -> Array:
    """Return the weights of the Clenshaw-Curtis rule with n + 1 points, n even."""
    k, j = np.arange(n + 1), np.arange(1, n // 2 + 1)
    factors = np.where(j == n // 2, 1.0, 2.0) / (4.0 * j * j - 1.0)
    sums = (factors * np.cos(2.0 * np.pi / n * np.outer(k, j))).sum(axis=1)
    weights: Array = np.where((k == 0) | (k == n), 1.0, 2.0) / n * (1.0 - sums)
    return weights


def _summed(problem: Problem, distribution: Distribution) -> list[float] | None:
    """Return the gradient by parameter as a sum over the support, if it comes to an end."""
    total, sizes = np.zeros(len(problem.names)), np.zeros(len(problem.names))
    for y in _values(distribution):
        weight = problem.objective.value(y) * np.exp(distribution.log_prob(y))
        rows = np.array([weight * score for score in problem.score(y)])
        rows[:, distribution.log_prob(y) == -np.inf] = 0.0
        sums = np.abs(rows).sum(axis=1)
        total, before, sizes = total + rows.sum(axis=1), sizes, sizes + sums
        if y[-1] == distribution.support[1] or np.all(sums <= 1e-17 * before):
            return [_clean(*pair) for pair in zip(total, sizes, strict=True)]
    return None


def _values(distribution: Distribution) -> Iterator[Array]:
    """Yield the integers that have the mass, and then those above, more and more."""
    low, high = (float(end) for end in distribution.support)
    reach = 40.0 * math.sqrt(float(distribution.variance)) + 100.0
    start = max(low, float(distribution.mean) // 1.0 - reach // 1.0)
    stop = math.ceil(float(distribution.mean) + reach)
    end = start + _MOST
    while start < min(stop, end, high + 1.0):
        for first in np.arange(start, min(stop, end, high + 1.0), BLOCK):
            yield np.arange(first, min(first + BLOCK, stop, end, high + 1.0))
        start, stop = float(stop), 2 * stop
