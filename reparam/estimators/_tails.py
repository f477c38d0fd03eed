"""Where the variance of an estimator, or the expectation itself, is infinite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Integers
from reparam.estimators._line import Line
from reparam.estimators._problem import Problem

__all__ = ["grows", "infinite_moments", "tail_points"]

#: Tails are looked at where log p(y) dy is in this range, and in the outer part of the tail:
#: beyond it doubles underflow.
_FAR, _NEAR, _OUTER = -600.0, -8.0, 0.8

#: Up to where a t that is 0 in the rest of the tail may just be so; farther out it underflows.
_AWAY = -60.0

#: The logarithm of the smallest distance from an endpoint: that of normal floats.
_SMALLEST = -708.0

#: How much log(|t|ᵏ p dy) must fall for each unit that log(p dy) falls.
_FALL = 1e-6


def infinite_moments(problem: Problem, kind: str) -> dict[str, tuple[bool, bool]]:
    """Return for each parameter whether E|t| and E[t²] are infinite, t being an estimator's terms.

    They are if |t|ᵏ p dy, with dy a constant part of a doubling of y, or of a halving of the
    distance to a finite endpoint, doesn't fall along a tail: which is looked at as far out as
    doubles go. A pole of the objective inside the support stays undetected.

    Parameters
    ----------
    problem
        What is estimated.
    kind
        What the terms are: of the "path", a "pair" of them, the "score", or the "value" J.
    """
    distribution = problem.distribution
    with np.errstate(all="ignore"):
        sides = tail_points(distribution)
        if kind == "pair":  # of noise from one tail with noise from the other
            sides = sides[-1:]
        found = dict.fromkeys(problem.names, (False, False))
        for y, log_mass in (side for side in sides if side[0].size):
            for name, size in _sizes(problem, kind, y).items():
                first, second = (
                    before or grows(np.log(size), power, log_mass)
                    for before, power in zip(found[name], (1.0, 2.0), strict=True)
                )
                found[name] = first, second
    return found


def tail_points(distribution: Distribution) -> list[tuple[Array, Array]]:
    """Return points along each tail, outwards, and log(p dy) there."""
    steps = np.geomspace(0.05, 1400.0, 8000)
    low, high = (float(end) for end in distribution.support)
    if isinstance(distribution._support, Integers):
        if np.isfinite(high):
            return []
        spread = np.sqrt(distribution.variance)
        y = np.unique(np.floor(distribution.mean + spread * steps))
        return [_far(y, distribution.log_prob(y))]
    assert isinstance(distribution, Reparameterized)
    line = Line(distribution)
    if not line.usable:
        return []
    sides = []
    for end, start, sign in zip((low, high), distribution.icdf([0.25, 0.75]), (-1, 1), strict=True):
        if np.isfinite(end):
            # where the mass is in a narrow part, its tail ends far from the end
            y = end + (start - end) * np.exp(-steps * min(line.width, 1.0))
            log_slope = np.log(np.abs(y - end))  # of y as it is rounded
        else:
            y, log_slope = line(sign * steps)
        inside = (y > low) & (y < high) & (log_slope > _SMALLEST)
        y, log_slope = y[inside], log_slope[inside]
        sides.append(_far(y, distribution.log_prob(y) + log_slope))
    return sides


def _far(y: Array, log_mass: Array) -> tuple[Array, Array]:
    """Return the points in tails."""
    there = (log_mass > _FAR) & (log_mass < _NEAR)
    return y[there], log_mass[there]


def _sizes(problem: Problem, kind: str, y: Array) -> dict[str, Array]:
    """Return |t| by parameter."""
    loss, distribution = problem.objective, problem.distribution
    match kind:
        case "value":
            return dict.fromkeys(problem.names, np.abs(loss.value(y)))
        case "score":
            terms = (loss.value(y) * score for score in problem.score(y))
            return dict(zip(problem.names, map(np.abs, terms), strict=True))
    assert isinstance(distribution, Reparameterized)
    path = _path(problem, distribution)
    if kind == "path":
        return {name: np.abs(term) for name, term in path(y).items()}
    mirrored = np.asarray(distribution.icdf(distribution.sf(y)))
    low, high = distribution.support
    mirrored = np.where((mirrored > low) & (mirrored < high), mirrored, np.nan)
    here, there = path(y), path(mirrored)
    sums = {name: np.abs(term + there[name]) for name, term in here.items()}
    return {
        name: np.where(total < 1e-9 * np.abs(here[name]), 0.0, total)
        for name, total in sums.items()
    }


def _path(problem: Problem, distribution: Reparameterized) -> Callable[[Array], dict[str, Array]]:
    def path(y: Array) -> dict[str, Array]:
        slope = problem.objective.slope(y)
        entries = problem.by_number(distribution.pathwise(y).values())
        return {name: slope * entry for name, entry in zip(problem.names, entries, strict=True)}

    return path


def grows(log_size: Array, power: float, log_mass: Array) -> bool:
    """Whether |t|ᵏ p dy doesn't fall along a tail, as far out as t doesn't overflow."""
    known = ~np.isnan(log_size)
    log_size, log_mass = log_size[known], log_mass[known]
    finite = np.isfinite(log_size)
    if not np.any(finite):
        return bool(np.any(log_size == np.inf))  # it overflows all along
    size, mass = log_size[finite], log_mass[finite]
    if log_size[-1] == -np.inf and mass.min() > _AWAY:
        return False  # t is 0 out there
    outer = mass < _OUTER * mass.min()
    total, mass = power * size[outer] + mass[outer], mass[outer]
    return mass.size > 1 and bool(total[0] - total[-1] < _FALL * (mass[0] - mass[-1]))
