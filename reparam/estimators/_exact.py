"""The gradient itself, where deterministic sums give it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Integers
from reparam.engine.noise import BLOCK
from reparam.estimators._line import Line
from reparam.estimators._moments import by_moments
from reparam.estimators._problem import Problem
from reparam.estimators._vectors import by_cubature

__all__ = ["MOST_VALUES", "Exact", "exact", "integrals"]

#: How far the two routes may be apart, and what a panel's error may be, of the integral of |·|.
_AGREEMENT, _TOLERANCE = 1e-9, 1e-14

#: What the errors that stay may be, of the same; and up to where they come from rounding.
_LEFT, _ROUNDING = 1e-10, 1e-4

#: How large what is integrated may be where floating point ends, of the same: zeros that two
#: infinities of equal size seem to make are no derivatives.
_OPEN = 1e-3

#: How far integrals go, in a coordinate in which tails fall double-exponentially.
_REACH = 6.0

#: Halvings of a panel, and panels at a time at most.
_HALVINGS, _PANELS = 60, 4096

#: How many values of a discrete distribution are summed over at most.
MOST_VALUES = 2**24

#: Points of a panel, less one: half of them make a rule to compare with.
_POINTS = 32

_DIVERGENT = (
    "the integrals for it don't converge (heavy tails, a pole of the objective or its slope, or"
    " values that floating point rounds too much), and standard errors may not hold"
)
_OPEN_ENDED = (
    "with it, probability goes through an endpoint of the support, which the score doesn't see"
)
_CUT = "the integrals for it end too early, where values round to an endpoint of the support"
_ENDLESS = "the sum for it doesn't converge, and standard errors may not hold"
_COARSE = (
    "in floating point its quartiles coincide, with each other or with an endpoint of the support"
)
_ATOMS = "ends of the support have probabilities, which no integral over a density has in it"
_NO_FORMULA = "it is neither a sum nor an integral that is known here"
_LONG = f"the sum over its values has more than {MOST_VALUES:,} terms"


@dataclass(frozen=True)
class Exact:
    """What is known of a derivative without estimating it.

    Attributes
    ----------
    value
        It, NaN if it is not known.
    missed
        Whether the path leads to something else, ∫ J′ ∂y/∂θ p dy.
    unknown
        Why it is not known, if so.
    """

    value: float
    missed: bool = False
    unknown: str = ""


def exact(problem: Problem) -> dict[str, Exact]:
    """Return ∂E[J(y)]/∂θ by parameter, as far as it is known.

    For a continuous distribution there are two routes, ∫ J′ ∂y/∂θ p dy and ∫ J ∂ log p/∂θ p dy, and
    both integrals must converge. Where they differ J jumps, or J′ is not its slope, and the second
    is right, provided that ∫ ∂ log p/∂θ p dy = 0: no probability goes through an endpoint of the
    support. In a parameter that moves an endpoint, what goes through it is added: p g J with its
    speed g. If J has no slope there is the second alone. For integers it is the sum over the
    support. Of vectors it is known if moments or cubature give it.

    Parameters
    ----------
    problem
        What is estimated.
    """
    distribution = problem.distribution
    with np.errstate(all="ignore"):
        if problem.of_vectors:
            values, why = by_moments(problem)
            if why:
                values, other = by_cubature(problem)
                why = other and f"{why}, and {other}"
            found = [Exact(value, unknown=why) for value in values]
        elif isinstance(distribution._support, Integers):
            found = _summed(problem, distribution)
        elif distribution._has_atoms:
            found = [Exact(math.nan, unknown=_ATOMS)] * len(problem.names)
        elif isinstance(distribution, Reparameterized):
            found = _integrated(problem, distribution)
        else:
            found = [Exact(math.nan, unknown=_NO_FORMULA)] * len(problem.names)
    return dict(zip(problem.names, found, strict=True))


def _integrated(problem: Problem, distribution: Reparameterized) -> list[Exact]:
    """Return the gradient by parameter from both routes."""
    line, count = Line(distribution), len(problem.names)
    if not line.usable:
        return [Exact(math.nan, unknown=_COARSE)] * count
    sloped = problem.objective.derivative is not None

    def integrand(t: Array) -> Array:
        # x = π/2 sinh t makes all tails fall double-exponentially (Takahasi & Mori 1974)
        y, log_slope = line(0.5 * math.pi * np.sinh(t))
        weight = np.exp(distribution.log_prob(y) + log_slope) * (0.5 * math.pi * np.cosh(t))
        low, high = distribution.support
        weight = np.where((y > low) & (y < high) & np.isfinite(weight), weight, 0.0)
        scores = problem.score(y)
        rows = [problem.objective.value(y) * score for score in scores]
        if sloped:
            slope = problem.objective.slope(y)
            rows += [  # far out 0 · ∞: the slope underflows and ∂y/∂θ overflows
                np.where(slope == 0.0, 0.0, slope * entry)
                for entry in problem.by_number(distribution.pathwise(y).values())
            ]
        else:
            rows += rows
        return np.where(weight > 0.0, np.array(rows + scores) * weight, 0.0)

    values, sizes, errors = integrals(integrand, np.linspace(-_REACH, _REACH, 25))
    through = _through_ends(problem, distribution, sloped)
    found = (values + through, sizes + np.abs(through), errors, _at_the_ends(integrand))
    columns = (array.reshape(3, count).T for array in found)
    return [_judged(*routes, sloped=sloped) for routes in zip(*columns, strict=True)]


def _through_ends(problem: Problem, distribution: Reparameterized, sloped: bool) -> Array:
    """Return p g J and p g at ends, and jumps, that move with speeds g: as integrals' rows."""
    count = len(problem.names)
    flow, carried = np.zeros(count), np.zeros(count)
    for each in distribution._flows():
        loss, through = problem.objective.value(each.end), each.through
        for place, name in enumerate(problem.names):
            if (gone := through.get(name, 0.0)) != 0.0:
                flow[place] += gone
                carried[place] += gone * loss
    return np.concatenate([carried, np.zeros(count) if sloped else carried, flow])


def _at_the_ends(integrand: Callable[[Array], Array]) -> Array:
    """Return |rows| as far out on both sides as floating point goes."""
    rows = np.abs(integrand(np.linspace(-_REACH, _REACH, 2001)))
    scores = rows[2 * len(rows) // 3 :]
    there = np.flatnonzero(np.any(scores > 0.0, axis=0))
    ends: Array = rows[:, there[[0, -1]]].max(axis=1)
    return ends


def _judged(values: Array, sizes: Array, errors: Array, ends: Array, *, sloped: bool) -> Exact:
    """Return what is known from the routes by score and by path, and the integral of the score.

    Parameters
    ----------
    values, sizes, errors
        The three integrals, those of |·|, and their errors.
    ends
        How large what is integrated is where floating point ends.
    sloped
        Whether there is a route by path: otherwise that by score stands for it.
    """
    by_score, by_path, flow = values
    if not np.all(errors <= _LEFT * sizes):
        rounded = np.all(errors <= _ROUNDING * sizes) and np.any(ends > _AGREEMENT * sizes)
        return Exact(math.nan, unknown=_CUT if rounded else _DIVERGENT)
    if np.any(ends > _OPEN * sizes):
        return Exact(math.nan, unknown=_DIVERGENT)
    agree = abs(by_path - by_score) <= _AGREEMENT * sizes[:2].max()
    if agree and sloped:
        return Exact(_clean(by_path, sizes[1]))
    if np.any(ends > _AGREEMENT * sizes):
        return Exact(math.nan, unknown=_CUT)
    if abs(flow) <= _AGREEMENT * sizes[2]:
        return Exact(_clean(by_score, sizes[0]), missed=not agree)
    return Exact(math.nan, unknown=_OPEN_ENDED)


def _clean(value: float, size: float) -> float:
    """Return a value, 0 if it is no more than the rounding errors of what cancels in it."""
    return 0.0 if abs(value) <= _TOLERANCE * size else float(value)


def integrals(f: Callable[[Array], Array], edges: Array) -> tuple[Array, Array, Array]:
    """Return the integrals of f's rows, those of their absolute values, and the errors that stay.

    By Clenshaw-Curtis rules of two orders on panels, halved until these agree. The rules have the
    endpoints of a panel among their points, so that no jump inside is missed. Errors are
    differences on panels that can't be halved any more.

    Parameters
    ----------
    f
        Rows of values from an array of points, one dimension more.
    edges
        The endpoints of the first panels.
    """
    left, right = edges[:-1], edges[1:]
    nodes = np.cos(np.pi * np.arange(_POINTS + 1) / _POINTS)
    weights, fewer = _weights(_POINTS), _weights(_POINTS // 2)
    total: Any = 0.0
    sizes: Any = 0.0
    tolerance: Any = None
    for left_over in range(_HALVINGS, 0, -1):
        half = 0.5 * (right - left)
        middle = left + half
        values = f((middle[:, np.newaxis] + half[:, np.newaxis] * nodes).ravel())
        values = values.reshape(len(values), half.size, nodes.size)
        fine = half * (values * weights).sum(axis=2)
        size = half * (np.abs(values) * weights).sum(axis=2)
        coarse = half * (values[:, :, ::2] * fewer).sum(axis=2)
        if tolerance is None:
            tolerance = _TOLERANCE * size.sum(axis=1, keepdims=True)
        good = np.abs(fine - coarse) <= tolerance
        done = np.all(good, axis=0)
        if left_over == 1 or np.all(done) or 2 * np.count_nonzero(~done) > _PANELS:
            break
        total, sizes = total + fine[:, done].sum(axis=1), sizes + size[:, done].sum(axis=1)
        left, middle, right = left[~done], middle[~done], right[~done]
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    errors = np.where(good, 0.0, np.abs(fine - coarse)).sum(axis=1)
    return total + fine.sum(axis=1), sizes + size.sum(axis=1), errors


def _weights(n: int) -> Array:
    """Return the weights of the Clenshaw-Curtis rule with n + 1 points, n even."""
    k, j = np.arange(n + 1), np.arange(1, n // 2 + 1)
    factors = np.where(j == n // 2, 1.0, 2.0) / (4.0 * j * j - 1.0)
    sums = (factors * np.cos(2.0 * np.pi / n * np.outer(k, j))).sum(axis=1)
    weights: Array = np.where((k == 0) | (k == n), 1.0, 2.0) / n * (1.0 - sums)
    return weights


def _summed(problem: Problem, distribution: Distribution) -> list[Exact]:
    """Return the gradient by parameter as a sum over the support, if it comes to an end."""
    total, sizes = np.zeros(len(problem.names)), np.zeros(len(problem.names))
    for y in _values(distribution):
        mass, values = np.exp(distribution.log_prob(y)), problem.objective.value(y)
        gradient, sums = problem.score_sums(y, np.where(mass > 0.0, values * mass, 0.0))
        if not np.all(np.isfinite(sums)):
            return [Exact(math.nan, unknown=_ENDLESS)] * len(total)
        total, before, sizes = total + gradient, sizes, sizes + sums
        over = y[-1] > distribution.mean and np.all(sums <= 1e-17 * before)
        if y[-1] == distribution.support[1] or over:
            return [Exact(_clean(*pair)) for pair in zip(total, sizes, strict=True)]
    return [Exact(math.nan, unknown=_LONG)] * len(total)


def _values(distribution: Distribution) -> Iterator[Array]:
    """Yield the integers that have the mass, and then those above, more and more."""
    low, high = (float(end) for end in distribution.support)
    reach = 40.0 * math.sqrt(float(distribution.variance)) + 100.0
    start = max(low, float(distribution.mean) // 1.0 - reach // 1.0)
    stop = math.ceil(float(distribution.mean) + reach)
    end = start + MOST_VALUES
    if min(stop, high + 1.0) > end:
        return  # there is no sense in beginning
    while start < min(stop, end, high + 1.0):
        for first in np.arange(start, min(stop, end, high + 1.0), BLOCK):
            yield np.arange(first, min(first + BLOCK, stop, end, high + 1.0))
        start, stop = float(stop), 2 * stop
