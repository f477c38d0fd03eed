"""The score ∂ log p/∂θ."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, Tally, results, sizes_of
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.integers import every
from reparam.verification.evidence.splitting import between, inner_edges, integrated, resolved
from reparam.verification.laws.law import Formula
from reparam.verification.numerics.calculus import (
    derivative_in,
    forced,
    integral,
    spans,
    unit_rule,
)
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.registered import Masses

__all__ = ["score"]

#: Nodes in each half of an integral, and of one that estimates the error.
_NODES = 300, 200
#: Of parameters that move an end, the quantiles that the integral is between.
_INNER = 0.25, 0.75
#: Units in the last place that a log density may be off, relative to its terms.
_UNITS = 16.0
#: What scores may be off by, in units of what rounding each parameter by a unit makes of them.
_LOST = 4.0
#: What rounding leaves of an expectation's terms, relative to those of all parameters.
_ROUNDED = 1e-14
#: Why an expectation may be uncertain.
_DOUBT = "too much of it is where values round to each other, or too many values are possible"


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    target, formulas = context.target, context.target.formulas
    if not {"score", "log_prob"} <= set(formulas):
        raise NotApplicable("it has no score, or no log_prob")
    if not target.parameters:
        raise NotApplicable(NO_PARAMETERS)
    slopes = Tallies(doubt="differences of log p have too few digits")
    means = {
        name: Tally(f"E[∂ log p/∂{name}]", "absolute", doubt=_DOUBT)
        for name in target.parameters
        if name not in target.moving
    }
    inner = {
        name: Tally(
            f"E[∂ log p/∂{name}] between quartiles, + ∂F/∂{name} beyond",
            "absolute",
            f"{name} moves an end of the support, so that E[∂ log p/∂{name}] is not 0",
            _DOUBT,
        )
        for name in target.moving
    }
    stein = Tally("∂ log p/∂y, integrated, against log p", doubt="it can't be integrated")
    for theta in context.sets():
        y = target.values(theta, context.level.points, context.seed)
        if not target.obstacle:
            y = np.append(y, context.points(theta)[0])
            low, high = target.law(theta, context.seed).support
            y = y[(y > low) & (y < high)]
        if "stein_score" in formulas:
            _integrate_in_value(context, theta, stein)
        scores = partial(_scores, formulas["score"], list(target.parameters), y)
        rows = scores(**theta)
        claimed = dict(zip(target.parameters, rows, strict=True))
        rounded = forced(scores, theta, target.parameters, rows)
        sizes = sizes_of({name: claimed[name] for name in target.parameters})
        for name, lost in zip(target.parameters, rounded, strict=True):
            log_prob = partial(formulas["log_prob"], y)
            slope, error = derivative_in(name, log_prob, theta, target.parameters, shape=y.shape)
            # relative to the scores there are: near a zero no difference has the digits
            slack = 1e-9 * sizes.get(name, 0.0) + _LOST * lost
            slopes[f"∂ log p/∂{name}"].add(
                theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, y=y
            )
        if target.obstacle:
            _sum_to_zero(context, theta, means)
        elif {"icdf", "cdf", "sf"} <= set(formulas):
            u = unit_rule().u
            if means:
                _expect_zero(context, theta, u, means)
            if inner:
                _expect_zero(context, theta, u[(u > _INNER[0]) & (u < _INNER[1])], inner)
    yield from results(slopes, stein, means, inner)


def _scores(score: Formula, names: list[str], y: Array, /, **theta: Any) -> Array:
    """Return the scores, one row for each parameter."""
    claimed = score(y, **theta)
    return np.stack([np.asarray(claimed[name]) for name in names])


def _integrate_in_value(context: Context, theta: dict[str, float], tally: Tally) -> None:
    """Compare integrals of the Stein score between quantiles with differences of log p."""
    formulas = context.target.formulas
    log_prob = partial(formulas["log_prob"], **theta)
    y, _ = context.points(theta)
    start, end = map(np.concatenate, zip(*spans(y), strict=True))
    for jump, _ in context.target.jumps(theta):
        smooth = (np.minimum(start, end) > jump) | (np.maximum(start, end) < jump)
        start, end = start[smooth], end[smooth]
    total, error = integral(partial(formulas["stein_score"], **theta), start, end)
    logs = [np.asarray(log_prob(at)) for at in (start, end)]
    # the terms of log p, such as multiples of ln y, may cancel
    size = 1.0 + sum(np.abs(log) for log in logs) + np.abs(np.log(np.abs(start)))
    lost = _UNITS * np.spacing(size) + context.target.rounding
    tally.add(theta, total, logs[1] - logs[0], rtol=1e-9, atol=lost, uncertainty=error, y=end)


def _expect_zero(
    context: Context, theta: dict[str, float], u: Array, means: dict[str, Tally]
) -> None:
    """Integrate the score over quantiles from the first to the last of `u` where numbers go on.

    Of the values up to a the scores' integral is ∂F(a)/∂θ, of those from b on ∂(1 − F(b))/∂θ:
    in a parameter that moves an end, with what the moving end adds to it.
    """
    target, formulas, names = context.target, context.target.formulas, list(means)

    scores = partial(_scores, formulas["score"], names, **theta)
    places = np.asarray(formulas["icdf"](u, **theta))
    places = places[resolved(places, *target.law(theta, context.seed).support)]
    if not places.size:
        for tally in means.values():
            tally.add(theta, 0.0, np.nan)
        return
    cdf, sf = (partial(formulas[f], end) for f, end in (("cdf", places[:1]), ("sf", places[-1:])))
    first, last = float(cdf(**theta)[0]), 1.0 - float(sf(**theta)[0])
    edges = inner_edges(target, theta)[0]
    (mean, size, unsure), (coarse, *_) = (
        integrated(scores, np.asarray(formulas["icdf"](u, **theta)), weight)
        for u, weight in (between(first, last, edges, nodes) for nodes in _NODES)
    )
    for end, through in target.jumps(theta):
        if places[0] < end < places[-1]:
            mean = mean + np.array([through.get(name, 0.0) for name in names])
    unsure = unsure + np.abs(mean - coarse)
    slack = _ROUNDED * float(np.max(size))
    for at, (name, tally) in enumerate(means.items()):
        tails = [
            derivative_in(name, tail, theta, target.parameters, shape=(1,)) for tail in (cdf, sf)
        ]
        tally.add(
            theta,
            mean[at] + sum(float(slope[0]) for slope, _ in tails),
            0.0,
            rtol=1e-8,
            atol=slack,
            size=size[at] + sum(abs(float(slope[0])) for slope, _ in tails),
            uncertainty=min(unsure[at] + sum(float(error[0]) for _, error in tails), 1e300),
        )


def _sum_to_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Sum the score over the values of a discrete distribution that are not too improbable.

    Where these are too many, over some of them: from a to b the sum is −∂F(a − 1)/∂θ − ∂(1 −
    F(b))/∂θ.
    """
    target, formulas = cast(Masses, context.target), context.target.formulas
    y, are_all = every(target, theta, context.seed)
    if not y.size:
        return
    mass, claimed = np.exp(formulas["log_prob"](y, **theta)), formulas["score"](y, **theta)
    tails = [] if are_all else [("cdf", y[:1] - 1.0), ("sf", y[-1:])]
    for name, tally in means.items():
        terms = mass * claimed[name]
        total, size, error = float(np.sum(terms)), float(np.sum(np.abs(terms))), 0.0
        for tail, at in tails:
            slope, unsure = derivative_in(
                name, partial(formulas[tail], at), theta, target.parameters, shape=(1,)
            )
            total, size = total + float(slope[0]), size + abs(float(slope[0]))
            error += float(unsure[0])
        tally.add(theta, total, 0.0, rtol=1e-10, size=size, uncertainty=error)
