"""Scores of vectors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.regions import Simplex
from reparam.verification.comparing import Tally
from reparam.verification.context import Context
from reparam.verification.numerics import derivative_in
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses.of_vectors._integrals import can_integrate, integrals, tolerance
from reparam.verification.witnesses.of_vectors._shared import has_digits, row_of, target_of

__all__ = ["score"]


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    target, formulas = target_of(context), context.target.formulas
    if target.is_numerical:
        raise NotApplicable("it has no formula: the score is log p differentiated numerically")
    if not target.parameters:
        raise NotApplicable(NO_PARAMETERS)
    slopes = {name: Tally(f"∂ log p/∂{name}") for name in target.parameters}
    means = {name: Tally(f"E[∂ log p/∂{name}]", "absolute") for name in target.parameters}
    for theta in context.sets():
        y = target.values(theta, 4 * context.level.points, context.seed)
        y = y[has_digits(target, y)]
        claimed = formulas["score"](y, **theta)
        # of all parameters: where log p stays the same in one, rounding makes of differences as
        # much as in the others
        sizes = [np.median(np.abs(claimed[name])) for name in slopes if y.size]
        slack = 1e-9 * max(sizes, default=0.0)
        for name, tally in slopes.items():
            slope, error = derivative_in(
                name, partial(formulas["log_prob"], y), theta, target.parameters, shape=(1,)
            )
            tally.add(
                theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, **row_of(y)
            )
        if can_integrate(target):
            _expect_zero(context, theta, means)
    for tally in (*slopes.values(), *means.values()):
        yield from tally.result()


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
