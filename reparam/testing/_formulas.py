"""Properties of the formulas: each is compared with another, or with numerical mathematics."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.distribution import Reparameterized
from reparam.testing._numerics import derivative_in, differentiate, expectation
from reparam.testing._report import Distributions, agree, check
from reparam.testing._typical import SETS, one_of, typical


def _inside(d: Reparameterized, y: Array) -> NDArray[np.bool_]:
    """Return where y is far enough from the finite ends of the support to be moved a little."""
    low, high = d.support
    above, below = (1e-9 * np.where(np.isfinite(end), np.abs(end), 0.0) for end in (low, high))
    return np.asarray((y - low > above) & (high - y > below), dtype=np.bool_)


def lies_in_support(cls: Distributions) -> None:
    """Draws lie in the support; outside it the density is 0 and derivatives are NaN."""
    d = typical(cls)
    low, high = d.support
    value = d.rsample(2000, rng=5).value
    agree(d, "a draw", value, np.clip(value, low, high))
    _is_nan(d, "log p(NaN)", d.log_prob(math.nan))
    for end, cdf, outward in ((low, 0.0, -1.0), (high, 1.0, 1.0)):
        if not np.all(np.isfinite(end)):
            continue
        beyond = end + outward
        agree(d, "log p outside the support", d.log_prob(beyond), -np.inf, y=beyond)
        agree(d, "F outside the support", d.cdf(beyond), cdf, y=beyond)
        agree(d, "1 − F outside the support", d.sf(beyond), 1.0 - cdf, y=beyond)
        for what, derivatives in (("score", d.score(beyond)), ("pathwise", d.pathwise(beyond))):
            for name, entry in derivatives.items():
                _is_nan(d, f"{what} in {name} outside the support", entry)


def _is_nan(d: Reparameterized, what: str, values: Array) -> None:
    check(d, np.all(np.isnan(values)), f"{what} is {values}, expected NaN")


def quantile_inverts_cdf(cls: Distributions) -> None:
    """cdf(icdf(u)) = u and sf(icdf(u)) = 1 − u, to what a rounding of the quantile allows."""
    d = typical(cls)
    u = np.concatenate([np.geomspace(1e-12, 0.5, 40), 1.0 - np.geomspace(1e-12, 0.5, 40)])
    u = u[:, np.newaxis]
    y = d.icdf(u)
    ulp = np.spacing(np.abs(y) + np.abs(getattr(d, "loc", 0.0)))
    moved = 4.0 * ulp * np.exp(d.log_prob(y))
    agree(d, "cdf(icdf(u))", d.cdf(y), u, rtol=1e-13, atol=moved, u=u)
    agree(d, "sf(icdf(u))", d.sf(y), 1.0 - u, rtol=1e-13, atol=moved, u=u)
    low, high = d.support
    agree(d, "icdf(0)", d.icdf(0.0), low)
    agree(d, "icdf(1)", d.icdf(1.0), high)
    _is_nan(d, "icdf outside [0, 1]", d.icdf([[-0.1], [1.1], [math.nan]]))


def density_differentiates_cdf(cls: Distributions) -> None:
    """exp(log_prob) = dF/dy."""
    d = typical(cls)
    u = np.linspace(0.05, 0.95, 19)[:, np.newaxis]
    y = d.icdf(u)
    gap = 0.3 * np.minimum(y - d.icdf(u - 0.04), d.icdf(u + 0.04) - y)
    there = _inside(d, y)
    slope, error = differentiate(d.cdf, y, gap)
    density = np.exp(d.log_prob(y))
    agree(d, "density", density, np.where(there, slope, density), rtol=1e-6, atol=10 * error, y=y)


def tails_integrate_density(cls: Distributions) -> None:
    """cdf and sf fall towards their tails by the integral of the density, to full accuracy."""
    d = typical(cls)
    node, weight = (x.reshape(-1, 1, 1) for x in np.polynomial.legendre.leggauss(20))
    tail = np.geomspace(1e-12, 0.1, 12)[:, np.newaxis]
    for what, function, start, further in (
        ("cdf", d.cdf, d.icdf(tail), d.icdf(0.9 * tail)),
        ("sf", d.sf, d.icdf(1.0 - tail), d.icdf(1.0 - 0.9 * tail)),
    ):
        end = 0.5 * (start + further)  # no quantile of a round number, where an error may hide
        half = 0.5 * (end - start)
        there = _inside(d, start) & _inside(d, end)
        y = np.where(there, start + half * (1.0 + node), start)
        mass = np.abs(half) * np.sum(weight * np.exp(np.where(there, d.log_prob(y), 0.0)), axis=0)
        expected = np.where(there, function(start) - mass, function(end))
        agree(d, f"{what} in its tail", function(end), expected, rtol=1e-9, y=end)


def score_differentiates_log_prob(cls: Distributions) -> None:
    """Score = ∂ log p/∂θ."""
    d = typical(cls)
    y = d.rsample(20, rng=7).value
    for name, entry in d.score(y).items():
        slope, error = derivative_in(d, name, lambda moved: moved.log_prob(y))
        agree(d, f"score in {name}", entry, slope, rtol=1e-6, atol=10.0 * error, y=y)


def implicit_identity(cls: Distributions) -> None:
    """p(y) ∂y/∂θ + ∂F/∂θ = 0 for the pathwise derivative."""
    d = typical(cls)
    y = d.rsample(30, rng=9).value
    there = _inside(d, y)
    density = np.where(there, np.exp(d.log_prob(y)), 0.0)  # infinite at some ends
    for name, entry in d.pathwise(y).items():
        slope, error = derivative_in(d, name, lambda moved: moved.cdf(y))
        expected = np.where(there, slope, 0.0)
        agree(d, f"∂F/∂{name}", -density * entry, expected, rtol=1e-6, atol=10.0 * error, y=y)


def moments_match_quadrature(cls: Distributions) -> None:
    """Mean, variance and entropy, where finite, are integrals of the density."""
    d = typical(cls)
    for index in range(SETS):
        one = one_of(d, index)
        for what, integral in _integrals(one).items():
            claimed = getattr(one, what)
            # where values round to an end with infinite density, no quadrature has the entropy
            if np.isfinite(claimed) and np.isfinite(integral):
                agree(one, what, claimed, integral, rtol=1e-7, atol=1e-7)


def _integrals(d: Reparameterized) -> dict[str, float]:
    centre = d.mean
    return {
        "mean": expectation(d, lambda y: y),
        "variance": expectation(d, lambda y: (y - centre) ** 2),
        "entropy": expectation(d, lambda y: -d.log_prob(y)),
    }
