"""The gradient of E[J(y)] of vectors by sums over all values, or by cubature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.errors import ReparamError
from reparam.estimators._cubature import (
    AGREED,
    REACH,
    STEPS,
    NoRuleError,
    all_values,
    combined,
    made,
    mapped,
    numbers,
    rule,
    split,
)
from reparam.estimators._problem import Problem
from reparam.regions import CountVector

__all__ = ["by_cubature"]

#: How many numbers the draws on a grid may have.
_SIZE = 2**19

#: Derivatives below it, in units of the largest, are rounding errors of 0.
_NOTHING = 1e-13


def by_cubature(problem: Problem) -> tuple[list[float], str]:
    """Return ∂E[J(y)]/∂θ for each of the problem's names, or NaN and why it is not known.

    It is ∫ J ∂ log p/∂θ p dy, if two rules agree on it. If the route along the path comes to the
    same, that one is taken; where it doesn't, J jumps.
    """
    law: Any = problem.distribution
    try:
        if isinstance(law._support, CountVector):
            y = all_values("y", law, 1.0).reshape(-1, *law.event_shape)
            return _by_score(problem, y, np.exp(law.log_prob(y))).tolist(), ""
        return _integrated(problem, mapped(law)).tolist(), ""
    except (NoRuleError, ReparamError) as error:
        return [math.nan] * len(problem.names), str(error)


def _integrated(problem: Problem, law: Any) -> Array:
    """Return the gradient by the first rule that is small enough."""
    kinds = [kind for kind, event in numbers(law) for _ in range(math.prod(event))]
    counts = [math.prod(len(rule(kind, step, 1.0)[0]) for kind in kinds) for step, _ in STEPS]
    small = [count * math.prod(law.event_shape) <= _SIZE for count in counts]
    if not any(small):
        raise NoRuleError(f"a grid of the noise has {counts[-1]:,} points, which are too many")
    step, longer = STEPS[small.index(True)]
    score, path = _routes(problem, law, step, 1.0)
    other, _ = _routes(problem, law, longer, REACH)
    size = np.max(np.abs(score), initial=0.0)
    if not np.max(np.abs(score - other), initial=0.0) <= AGREED * size < math.inf:
        raise NoRuleError("quadrature does not converge: J is not smooth enough for the points")
    if law.moving:
        raise NoRuleError(f"{', '.join(law.moving)} moves an endpoint of the support")
    agree = np.max(np.abs(score - path), initial=0.0) <= AGREED * size
    found = path if agree else score
    return np.where(np.abs(found) <= _NOTHING * size, 0.0, found)


def _routes(problem: Problem, law: Any, every: int, reach: float) -> tuple[Array, Array]:
    """Return the gradient by the score and along the path: NaN if there is no J′."""
    kinds = numbers(law)
    rules = [rule(kind, every, reach) for kind, event in kinds for _ in range(math.prod(event))]
    weights = combined([weights for _, weights in rules]).prod(axis=1)
    draw = made(law, *split(kinds, combined([points for points, _ in rules])))
    score = _by_score(problem, draw.value, weights)
    if problem.objective.derivative is None:
        return score, np.full_like(score, np.nan)
    slope = problem.objective.slope(draw.value) * weights.reshape(-1, *(1,) * len(law.event_shape))
    pulled = problem.by_number(draw._pulled_back(slope))
    return score, np.array([np.sum(entry) for entry in pulled])


def _by_score(problem: Problem, y: Array, weights: Array) -> Array:
    weighted = np.where(weights == 0.0, 0.0, weights * problem.objective.value(y))
    return np.array([np.sum(weighted * score) for score in problem.score(y)])
