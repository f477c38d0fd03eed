"""The score ∂ log p/∂θ."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from reparam.verification.comparing import Context, NotApplicable, Tally, unit_grid
from reparam.verification.numerics import derivative_in, unit_rule
from reparam.verification.results import Comparison
from reparam.verification.witnesses import of_vectors

__all__ = ["score"]


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    target, formulas = context.target, context.target.formulas
    if target.length:
        yield from of_vectors.score(context)
        return
    if not {"score", "log_prob"} <= set(formulas):
        raise NotApplicable("it has no score, or no log_prob")
    slopes = {name: Tally(f"∂ log p/∂{name}") for name in target.parameters}
    means = {name: Tally(f"E[∂ log p/∂{name}]", "absolute") for name in target.parameters}
    for theta in context.sets():
        y = target.values(theta, context.level.points, context.seed)
        if "icdf" in formulas:
            y = np.append(
                y, formulas["icdf"](unit_grid(context.level.points, context.seed), **theta)
            )
        low, high = target.law(theta, context.seed).support
        if not target.obstacle:
            y = y[(y > low) & (y < high)]
        claimed = formulas["score"](y, **theta)
        for name, tally in slopes.items():
            slope, error = derivative_in(
                name,
                partial(formulas["log_prob"], y),
                theta,
                target.parameters,
                shape=y.shape,
            )
            # relative to the scores there are: near a zero no difference has the digits
            slack = 1e-9 * np.median(np.abs(claimed[name]))
            tally.add(theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, y=y)
        if "icdf" in formulas:
            _expect_zero(context, theta, means)
        elif target.obstacle:
            _sum_to_zero(context, theta, means)
    for tally in (*slopes.values(), *means.values()):
        yield from tally.result()


def _expect_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Integrate the score over the quantiles."""
    formulas, rule = context.target.formulas, unit_rule()
    y = formulas["icdf"](rule.u, **theta)
    with np.errstate(all="ignore"):
        claimed = formulas["score"](y, **theta)
    resolved = np.isfinite(y) & (np.diff(y, append=np.inf) > 0.0)
    for name, tally in means.items():
        terms = rule.weight * claimed[name]
        inside = resolved & np.isfinite(terms)
        size = float(np.sum(np.abs(terms[inside])))
        # quantiles that round to each other, or to an end of the support, are lost
        lost = float(np.sum(rule.weight[~inside])) * np.max(np.abs(claimed[name][inside]))
        tally.add(theta, np.sum(terms[inside]), 0.0, atol=1e-8 * size, uncertainty=min(lost, 1e300))


def _sum_to_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Sum the score over the values of a discrete distribution, out to where nothing is left."""
    formulas = context.target.formulas
    low, high = map(float, context.target.law(theta, context.seed).support)
    last = low + 64.0
    while last < high and formulas["sf"](last, **theta) > 1e-18:
        last = low + 2.0 * (last - low)
    y = np.arange(low, min(last, high) + 1.0)
    mass, claimed = np.exp(formulas["log_prob"](y, **theta)), formulas["score"](y, **theta)
    for name, tally in means.items():
        terms = mass * claimed[name]
        tally.add(theta, np.sum(terms), 0.0, atol=1e-10 * float(np.sum(np.abs(terms))))
