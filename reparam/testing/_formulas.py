"""Properties of the formulas that no witness looks at: the support's ends, and upper quantiles."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import ArrayLike
from reparam.base.distribution import Distribution
from reparam.special._accurate import LARGEST
from reparam.testing._report import Distributions, agree, is_nan
from reparam.testing._typical import typical


def lies_in_support(cls: Distributions) -> None:
    """Draws and quantiles lie in the support; outside it the density is 0, derivatives are NaN."""
    d = typical(cls)
    low, high = d.support
    value = d.rsample(2000, rng=5).value
    agree(d, "a draw", value, np.clip(value, low, high))
    agree(d, "icdf(0)", d.icdf(0.0), low)
    agree(d, "icdf(1)", d.icdf(1.0), high)
    agree(d, "isf(0)", d.isf(0.0), high)
    agree(d, "isf(1)", d.isf(1.0), low)
    for name, quantile in (("icdf", d.icdf), ("isf", d.isf)):
        is_nan(d, f"{name} outside [0, 1]", quantile([[-0.1], [1.1], [math.nan]]))
    for name in ("log_prob", "log_cdf", "log_sf", "stein_score"):
        is_nan(d, f"{name}(NaN)", getattr(d, name)(math.nan))
    for end, cdf, outward in ((low, 0.0, -1.0), (high, 1.0, 1.0)):
        if not np.all(np.isfinite(end)):
            continue
        beyond = end + outward
        has_no_probability(d, beyond, cdf)
        is_nan(d, "∂ log p/∂y outside the support", d.stein_score(beyond))
        for what, derivatives in (("score", d.score(beyond)), ("pathwise", d.pathwise(beyond))):
            for name, entry in derivatives.items():
                is_nan(d, f"{what} in {name} outside the support", entry)


def upper_quantile_inverts_upper_tail(cls: Distributions) -> None:
    """P(Y > isf(v)) = v, also where 1 − v rounds to 1, and isf(v) is icdf(1 − v) where it doesn't.

    Where the value rounds, the probability of its neighbours is what v may be off by.
    """
    d = typical(cls)
    v = np.array([0.9, 0.5, 0.25, 2.0**-10, 1e-20, 1e-100])[:, np.newaxis]
    y = d.isf(v)
    agree(d, "isf(v)", y[:4], d.icdf(1.0 - v[:4]), rtol=1e-8, atol=1e-12, v=v[:4])
    finite = np.clip(y, -LARGEST, LARGEST)
    with np.errstate(over="ignore"):
        below, above = (d.sf(finite + sign * 2.0**-49 * np.abs(finite)) for sign in (-1.0, 1.0))
    tail = d.sf(y)
    inside = (below * (1.0 + 1e-8) >= v) & (above * (1.0 - 1e-8) <= v)
    agree(d, "P(Y > isf(v))", np.where(inside, v, tail), v, rtol=0.0, v=v)


def has_no_probability(d: Distribution, beyond: ArrayLike, cdf: float) -> None:
    """Raise an AssertionError unless p is 0 at values outside the support, and F is as given."""
    agree(d, "log p outside the support", d.log_prob(beyond), -np.inf, y=beyond)
    agree(d, "F outside the support", d.cdf(beyond), cdf, y=beyond)
    agree(d, "1 − F outside the support", d.sf(beyond), 1.0 - cdf, y=beyond)
    with np.errstate(divide="ignore"):
        logs = np.log([cdf, 1.0 - cdf])
    agree(d, "ln F outside the support", d.log_cdf(beyond), logs[0], y=beyond)
    agree(d, "ln(1 − F) outside the support", d.log_sf(beyond), logs[1], y=beyond)
