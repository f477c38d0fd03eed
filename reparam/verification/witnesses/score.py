"""The score ∂ log p/∂θ, and ∂ log p/∂y."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np

from reparam._typing import Array
from reparam.regions import Region, Simplex
from reparam.verification.evidence.comparing import Tallies, Tally, sizes_of
from reparam.verification.evidence.context import Case, Context
from reparam.verification.evidence.integers import every
from reparam.verification.evidence.splitting import between, inner_edges, integrated, resolved
from reparam.verification.laws.law import Formula
from reparam.verification.numerics.calculus import (
    differentiate,
    forced,
    integral,
    spans,
    unit_rule,
)
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.witnesses._integrals import can_integrate, integrals, tolerance
from reparam.verification.witnesses._vectors import (
    ROUNDED,
    all_counts,
    has_digits,
    row_of,
    target_of,
)

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
#: The largest steps along a tangent, as shares of the largest entries of draws.
_STEP = 0.01
#: What sums over all vectors of counts may be off by, relative to their terms.
_SUMMED = 1e-11
#: Why an expectation may be uncertain.
_DOUBT = "too much of it is where values round to each other, or too many values are possible"


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0.

    So is ∂ log p/∂y: of numbers integrated, and along a tangent of the region at each vector.
    """
    target = context.target
    if target.is_numerical and target.length:
        raise NotApplicable("it has no formula: the score is log p differentiated numerically")
    if not {"score", "log_prob"} <= set(target.formulas):
        raise NotApplicable("it has no score, or no log_prob")
    if not target.parameters:
        raise NotApplicable(NO_PARAMETERS)
    yield from _of_vectors(context) if target.length else _of_numbers(context)
    if target.length and target.obstacle:
        yield from _of_counts(context)


def _of_numbers(context: Context) -> Iterator[Comparison]:
    target, formulas = context.target, set(context.target.formulas)
    found = Tallies(doubt="differences of log p have too few digits")
    stein = found.of("∂ log p/∂y, integrated, against log p", doubt="it can't be integrated")
    means, inner = {}, {}
    for name in target.parameters:
        what = f"E[∂ log p/∂{name}]"
        if name not in target.moving:
            means[name] = found.of(what, "absolute", doubt=_DOUBT)
            continue
        note = f"{name} moves an end of the support, so that {what} is not 0"
        what += f" between quartiles, + ∂F/∂{name} beyond"
        inner[name] = found.of(what, "absolute", note=note, doubt=_DOUBT)
    for case in context.cases():
        y = case.values(context.level.points)
        if not target.obstacle:
            y = np.append(y, case.points[0])
            low, high = case.law.support
            y = y[(y > low) & (y < high)]
        if "stein_score" in formulas:
            _integrate_in_value(case, stein)
        scores = partial(_rows, target.formulas["score"], list(target.parameters), y)
        rows = scores(**case.theta)
        claimed = dict(zip(target.parameters, rows, strict=True))
        rounded = forced(scores, case.theta, target.parameters, rows)
        sizes = sizes_of(claimed)
        for (name, stated), lost in zip(claimed.items(), rounded, strict=True):
            slope, error = case.slope(name, "log_prob", y)
            # relative to the scores there are: near a zero no difference has the digits
            slack = 1e-9 * sizes.get(name, 0.0) + _LOST * lost
            found[f"∂ log p/∂{name}"].add(
                case.theta, stated, slope, rtol=1e-7, atol=slack, uncertainty=error, y=y
            )
        if target.obstacle:
            _sum_to_zero(case, means)
        elif {"icdf", "cdf", "sf"} <= formulas:
            u = unit_rule().u
            for tallies, some in (means, u), (inner, u[(u > _INNER[0]) & (u < _INNER[1])]):
                if tallies:
                    _expect_zero(case, some, tallies)
    yield from found.result()


def _rows(score: Formula, names: Sequence[str], y: Array, /, **theta: Any) -> Array:
    """Return the scores, one row for each parameter."""
    claimed = score(y, **theta)
    return np.stack([np.asarray(claimed[name]) for name in names])


def _integrate_in_value(case: Case, tally: Tally) -> None:
    """Compare integrals of the Stein score between quantiles with differences of log p."""
    y, _ = case.points
    start, end = map(np.concatenate, zip(*spans(y), strict=True))
    for jump, _ in case.target.jumps(case.theta):
        smooth = (np.minimum(start, end) > jump) | (np.maximum(start, end) < jump)
        start, end = start[smooth], end[smooth]
    total, error = integral(case.formulas.stein_score, start, end)
    logs = [np.asarray(case.formulas.log_prob(at)) for at in (start, end)]
    # the terms of log p, such as multiples of ln y, may cancel
    size = 1.0 + sum(np.abs(log) for log in logs) + np.abs(np.log(np.abs(start)))
    lost = _UNITS * np.spacing(size) + case.target.rounding
    tally.add(case.theta, total, logs[1] - logs[0], rtol=1e-9, atol=lost, uncertainty=error, y=end)


def _expect_zero(case: Case, u: Array, means: dict[str, Tally]) -> None:
    """Integrate the score over quantiles from the first to the last of `u` where numbers go on.

    Of the values up to a the scores' integral is ∂F(a)/∂θ, of those from b on ∂(1 − F(b))/∂θ:
    in a parameter that moves an end, with what the moving end adds to it.
    """
    target, theta, f, names = case.target, case.theta, case.formulas, list(means)
    places = np.asarray(f.icdf(u))
    places = places[resolved(places, *case.law.support)]
    if not places.size:
        for tally in means.values():
            tally.add(theta, 0.0, np.nan)
        return
    ends = {"cdf": places[:1], "sf": places[-1:]}
    first, last = float(f.cdf(ends["cdf"])[0]), 1.0 - float(f.sf(ends["sf"])[0])
    edges = inner_edges(case)[0]
    (mean, size, unsure), (coarse, *_) = (
        integrated(partial(_rows, f.score, names), np.asarray(f.icdf(u)), weight)
        for u, weight in (between(first, last, edges, nodes) for nodes in _NODES)
    )
    for end, through in target.jumps(theta):
        if places[0] < end < places[-1]:
            mean = mean + np.array([through.get(name, 0.0) for name in names])
    unsure = unsure + np.abs(mean - coarse)
    slack = _ROUNDED * float(np.max(size))
    for at, (name, tally) in enumerate(means.items()):
        tails = [case.slope(name, tail, end) for tail, end in ends.items()]
        tally.add(
            theta,
            mean[at] + sum(float(slope[0]) for slope, _ in tails),
            0.0,
            rtol=1e-8,
            atol=slack,
            size=size[at] + sum(abs(float(slope[0])) for slope, _ in tails),
            uncertainty=min(unsure[at] + sum(float(error[0]) for _, error in tails), 1e300),
        )


def _sum_to_zero(case: Case, means: dict[str, Tally]) -> None:
    """Sum the score over the values of a discrete distribution that are not too improbable.

    Where these are too many, over some of them: from a to b the sum is −∂F(a − 1)/∂θ − ∂(1 −
    F(b))/∂θ.
    """
    y, are_all = every(case)
    if not y.size:
        return
    mass, claimed = np.exp(case.formulas.log_prob(y)), case.formulas.score(y)
    ends = {} if are_all else {"cdf": y[:1] - 1.0, "sf": y[-1:]}
    for name, tally in means.items():
        terms = mass * claimed[name]
        total, size, error = float(np.sum(terms)), float(np.sum(np.abs(terms))), 0.0
        for tail, end in ends.items():
            slope, unsure = case.slope(name, tail, end)
            total, size = total + float(slope[0]), size + abs(float(slope[0]))
            error += float(unsure[0])
        tally.add(case.theta, total, 0.0, rtol=1e-10, size=size, uncertainty=error)


def _of_vectors(context: Context) -> Iterator[Comparison]:
    target, found = target_of(context), Tallies()
    for case in context.cases():
        y = case.values(4 * context.level.points)
        y = y[has_digits(target, y)]
        claimed = case.formulas.score(y)
        # of all parameters: where log p stays the same in one, rounding makes of differences as
        # much as in the others
        sizes = [np.median(np.abs(claimed[name])) for name in target.parameters if y.size]
        slack, where = 1e-9 * max(sizes, default=0.0), row_of(y)
        for name in target.parameters:
            slope, error = case.slope(name, "log_prob", y, (1,))
            found[f"∂ log p/∂{name}"].add(
                case.theta, claimed[name], slope, rtol=1e-7, atol=slack, uncertainty=error, **where
            )
        if "stein_score" in target.formulas:
            _along_tangents(case, y, found["∂ log p/∂y, along tangents"])
        if can_integrate(target) and not target.is_of_matrices:  # of which integrals take long
            _integrate_to_zero(case, found)
    yield from found.result()


def _along_tangents(case: Case, y: Array, tally: Tally) -> None:
    """Compare ∂ log p/∂y with differences of log p along a tangent at each y, at random."""
    target = target_of(case.context)
    region = cast(Region, target.region)
    arrays = y.reshape(-1, *target.event)
    tangents = np.random.default_rng([case.context.seed, 5]).normal(size=arrays.shape)
    if isinstance(region, Simplex):  # of logarithms, so that no share falls below 0
        tangents = arrays * region.in_numbers(tangents, arrays)
    else:
        sizes = np.max(np.abs(y), axis=0).reshape(target.event)
        tangents = region.projected(tangents * sizes, arrays)
    axes = (1,) * len(target.event)

    def along(t: Array) -> Array:
        moved = region.retracted(arrays + t.reshape(t.shape + axes) * tangents)
        return np.asarray(case.formulas.log_prob(moved.reshape(t.shape + y.shape[1:])))

    slope, error = differentiate(along, np.zeros(len(y)), np.full(len(y), _STEP))
    parts = case.formulas.stein_score(y) * tangents.reshape(y.shape)
    claimed, size = np.sum(parts, axis=-1), np.sum(np.abs(parts), axis=-1)
    # t has no unit: where the density is level, rounding leaves as much of slopes of its terms
    slack, where = np.maximum(1e-9 * np.median(np.abs(claimed)), ROUNDED), row_of(y)
    tally.add(
        case.theta, claimed, slope, rtol=1e-7, atol=slack, size=size, uncertainty=error, **where
    )


def _integrate_to_zero(case: Case, found: Tallies) -> None:
    """Integrate the score over the support."""
    target = target_of(case.context)
    atol, on_simplex = tolerance(target), isinstance(target.region, Simplex)
    names = list(target.parameters)

    def functions(log_y: Array, p: Array) -> Array:
        scores = case.formulas.score(np.exp(log_y) if on_simplex else log_y)
        return np.stack([p * each for name in names for each in (scores[name], abs(scores[name]))])

    if (integrated := integrals(case, functions)) is not None:
        values, errors = (each.reshape(-1, 2) for each in integrated)
        for name, (mean, size), (error, _) in zip(names, values, errors, strict=True):
            tally = found.of(f"E[∂ log p/∂{name}]", "absolute")
            tally.add(case.theta, mean, 0.0, atol=atol * size, uncertainty=error)


def _of_counts(context: Context) -> Iterator[Comparison]:
    """Sum the score over all vectors of counts."""
    found = Tallies("absolute")
    for case in context.cases():
        y, p = all_counts(case)
        claimed = case.formulas.score(y)
        for name in context.target.parameters:
            size = p @ np.abs(claimed[name])
            tally = found[f"E[∂ log p/∂{name}]"]
            tally.add(case.theta, p @ claimed[name], 0.0, rtol=_SUMMED, size=size)
    yield from found.result()
