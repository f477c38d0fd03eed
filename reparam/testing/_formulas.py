"""Properties of the formulas that no witness looks at: those of the support's ends."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import ArrayLike
from reparam.base.distribution import Distribution
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


def has_no_probability(d: Distribution, beyond: ArrayLike, cdf: float) -> None:
    """Raise an AssertionError unless p is 0 at values outside the support, and F is as given."""
    agree(d, "log p outside the support", d.log_prob(beyond), -np.inf, y=beyond)
    agree(d, "F outside the support", d.cdf(beyond), cdf, y=beyond)
    agree(d, "1 − F outside the support", d.sf(beyond), 1.0 - cdf, y=beyond)
    with np.errstate(divide="ignore"):
        logs = np.log([cdf, 1.0 - cdf])
    agree(d, "ln F outside the support", d.log_cdf(beyond), logs[0], y=beyond)
    agree(d, "ln(1 − F) outside the support", d.log_sf(beyond), logs[1], y=beyond)
