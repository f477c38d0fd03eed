"""Scores of vectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.regions import Region, Simplex
from reparam.verification.evidence.comparing import Tallies, Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.numerics.calculus import derivative_in, differentiate
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses.of_vectors._integrals import can_integrate, integrals, tolerance
from reparam.verification.witnesses.of_vectors._shared import ROUNDED, has_digits, row_of, target_of

__all__ = ["score"]

#: The largest steps along a tangent, as shares of the largest entries of draws.
_STEP = 0.01


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0.

    So is ∂ log p/∂y, along a tangent of the region at each y.
    """
    target, formulas = target_of(context), context.target.formulas
    if target.is_numerical:
        raise NotApplicable("it has no formula: the score is log p differentiated numerically")
    if not target.parameters:
        raise NotApplicable(NO_PARAMETERS)
    slopes = Tallies()
    means = {name: Tally(f"E[∂ log p/∂{name}]", "absolute") for name in target.parameters}
    stein = Tally("∂ log p/∂y, along tangents")
    for theta in context.sets():
        y = target.values(theta, 4 * context.level.points, context.seed)
        y = y[has_digits(target, y)]
        claimed = formulas["score"](y, **theta)
        # of all parameters: where log p stays the same in one, rounding makes of differences as
        # much as in the others
        sizes = [np.median(np.abs(claimed[name])) for name in target.parameters if y.size]
        slack = 1e-9 * max(sizes, default=0.0)
        for name in target.parameters:
            slope, error = derivative_in(
                name, partial(formulas["log_prob"], y), theta, target.parameters, shape=(1,)
            )
            slopes[f"∂ log p/∂{name}"].add(
                theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, **row_of(y)
            )
        if "stein_score" in formulas:
            _along_tangents(context, theta, y, stein)
        if can_integrate(target) and not target.is_of_matrices:  # of which integrals take long
            _expect_zero(context, theta, means)
    yield from results(slopes, stein, means)


def _along_tangents(context: Context, theta: dict[str, float], y: Array, tally: Tally) -> None:
    """Compare ∂ log p/∂y with differences of log p along a tangent at each y, at random."""
    target = target_of(context)
    region, log_prob = cast(Region, target.region), target.formulas["log_prob"]
    arrays = y.reshape(-1, *target.event)
    tangents = np.random.default_rng([context.seed, 5]).normal(size=arrays.shape)
    if isinstance(region, Simplex):  # of logarithms, so that no share falls below 0
        tangents = arrays * region.in_numbers(tangents, arrays)
    else:
        sizes = np.max(np.abs(y), axis=0).reshape(target.event)
        tangents = region.projected(tangents * sizes, arrays)
    axes = (1,) * len(target.event)

    def along(t: Array) -> Array:
        moved = region.retracted(arrays + t.reshape(t.shape + axes) * tangents)
        return np.asarray(log_prob(moved.reshape(t.shape + y.shape[1:]), **theta))

    slope, error = differentiate(along, np.zeros(len(y)), np.full(len(y), _STEP))
    parts = target.formulas["stein_score"](y, **theta) * tangents.reshape(y.shape)
    claimed, size = np.sum(parts, axis=-1), np.sum(np.abs(parts), axis=-1)
    # t has no unit: where the density is level, rounding leaves as much of slopes of its terms
    slack = np.maximum(1e-9 * np.median(np.abs(claimed)), ROUNDED)
    tally.add(
        theta, claimed, slope, rtol=1e-7, atol=slack, size=size, uncertainty=error, **row_of(y)
    )


def _expect_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Integrate the score over the support."""
    formula = context.target.formulas["score"]
    target = target_of(context)
    atol, on_simplex = tolerance(target), isinstance(target.region, Simplex)

    def functions(log_y: Array, p: Array) -> Array:
        scores = formula(np.exp(log_y) if on_simplex else log_y, **theta)
        return np.stack([p * each for name in means for each in (scores[name], abs(scores[name]))])

    found = integrals(context, theta, functions)
    if found is not None:
        values, errors = (each.reshape(-1, 2) for each in found)
        for tally, (mean, size), (error, _) in zip(means.values(), values, errors, strict=True):
            tally.add(theta, mean, 0.0, atol=atol * size, uncertainty=error)
