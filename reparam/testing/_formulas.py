"""Properties of the formulas that no witness looks at: the support's ends, and moments."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.testing._numerics import expectation
from reparam.testing._report import Distributions, agree, check
from reparam.testing._typical import SETS, one_of, typical


def lies_in_support(cls: Distributions) -> None:
    """Draws and quantiles lie in the support; outside it the density is 0, derivatives are NaN."""
    d = typical(cls)
    low, high = d.support
    value = d.rsample(2000, rng=5).value
    agree(d, "a draw", value, np.clip(value, low, high))
    agree(d, "icdf(0)", d.icdf(0.0), low)
    agree(d, "icdf(1)", d.icdf(1.0), high)
    _is_nan(d, "icdf outside [0, 1]", d.icdf([[-0.1], [1.1], [math.nan]]))
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
