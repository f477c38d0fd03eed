"""The score ∂ log p/∂θ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification.comparing import Context, NotApplicable, Tally, unit_grid
from reparam.verification.numerics import derivative_in, moved, unit_rule
from reparam.verification.results import Comparison
from reparam.verification.witnesses import of_vectors

__all__ = ["score"]

#: The most terms of a sum over a discrete distribution's values, and the probability left out of it
#: on either side.
_TERMS, _REST = 2.0**22, 1e-18
#: Values that a sum need not choose from.
_FEW = 64.0
#: Why an expectation may be uncertain.
_DOUBT = "too much of it is where values round to each other, or too many values are possible"


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    target, formulas = context.target, context.target.formulas
    if target.length:
        yield from of_vectors.score(context)
        return
    if not {"score", "log_prob"} <= set(formulas):
        raise NotApplicable("it has no score, or no log_prob")
    slopes = {
        name: Tally(f"∂ log p/∂{name}", doubt="differences of log p have too few digits")
        for name in target.parameters
    }
    means = {
        name: Tally(f"E[∂ log p/∂{name}]", "absolute", doubt=_DOUBT) for name in target.parameters
    }
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
    y = np.asarray(formulas["icdf"](rule.u, **theta))
    finite = y[np.isfinite(y)]
    # of quantiles that round to an end of the support, or to where numbers end, nothing is left
    among = (y > np.min(finite)) & (y < np.max(finite)) if finite.size else False
    resolved = np.isfinite(y) & (among | (np.diff(y, append=np.inf) > 0.0))
    names = list(means)

    def scores(at: Array) -> Array:
        claimed = formulas["score"](at, **theta)
        return np.stack([claimed[name] for name in names])

    claimed = scores(y)
    rounded = moved(scores, y, claimed)
    for tally, entry, rounding in zip(means.values(), claimed, rounded, strict=True):
        inside = resolved & np.isfinite(entry) & np.isfinite(rounding)
        terms, weight = (rule.weight * entry)[inside], rule.weight[inside]
        lost = float(np.sum(rule.weight[~inside])) * np.max(np.abs(entry[inside]), initial=0.0)
        unsure = lost + float(np.sum(weight * rounding[inside]))
        tally.add(
            theta,
            np.sum(terms) if terms.size else np.nan,
            0.0 if terms.size else np.nan,
            rtol=1e-8,
            size=np.sum(np.abs(terms)),
            uncertainty=min(unsure, 1e300),
        )


def _sum_to_zero(context: Context, theta: dict[str, float], means: dict[str, Tally]) -> None:
    """Sum the score over the values of a discrete distribution that are not too improbable."""
    formulas = context.target.formulas
    low, high = map(float, context.target.law(theta, context.seed).support)
    first = _border(lambda y: formulas["cdf"](y, **theta) > _REST, low, high)
    last = _border(lambda y: formulas["sf"](y, **theta) <= _REST, low, high)
    if last - low < _FEW:  # all of them, where the rarest may have all that scores vary by
        first, last = low, min(high, low + _FEW)
    if not last - first < _TERMS:
        for tally in means.values():
            tally.add(theta, 0.0, np.nan)
        return
    y = np.arange(first, last + 1.0)
    mass, claimed = np.exp(formulas["log_prob"](y, **theta)), formulas["score"](y, **theta)
    for name, tally in means.items():
        terms = mass * claimed[name]
        tally.add(theta, np.sum(terms), 0.0, rtol=1e-10, size=np.sum(np.abs(terms)))


def _border(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least integer that is beyond something, of those from low to high."""
    width = 1.0
    while low + width < high and not beyond(low + width):
        width *= 2.0
    last = min(low + width, high)
    while low < last:
        middle = low + (last - low) // 2.0
        low, last = (low, middle) if beyond(middle) else (middle + 1.0, last)
    return last
