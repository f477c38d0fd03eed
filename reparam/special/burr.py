"""Moments of e^(sw), w from the generalized logistic distribution: Γ(α + s) Γ(1 − s)/Γ(α).

Of Dagum's distribution s = 1/power, of Burr's, where w is mirrored, s = −1/power.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special.bregman import loggamma_second_difference
from reparam.special.log_gamma import log_gamma_one_plus
from reparam.special.log_gamma_steps import log_gamma_step

__all__ = ["mean", "variance"]

#: Beyond it e^spread overflows, and 1 beside it is nothing.
_FAR = 700.0


def mean(alpha: Array, s: Array) -> Array:
    """Return E[e^sw]: infinite unless s < 1 and α + s > 0."""
    finite = (s < 1.0) & (alpha + s > 0.0)
    s = np.where(finite, s, 0.0)
    log = log_gamma_step(alpha, s) + log_gamma_one_plus(-s)
    return np.where(finite, np.exp(log), np.inf)


def variance(scale: Array, alpha: Array, s: Array) -> Array:
    """Return the variance of scale e^sw: infinite unless s < ½ and α + 2s > 0."""
    finite = (s < 0.5) & (alpha + 2.0 * s > 0.0)
    s = np.where(finite, s, 0.0)
    # ln E[e^2sw] − 2 ln E[e^sw]
    spread = loggamma_second_difference(s, alpha) + loggamma_second_difference(-s)
    size = scale * mean(alpha, s)
    near = size * (size * np.expm1(spread))
    # beside a far larger E[e^2sw] the mean, which may underflow, is nothing
    square = np.exp(
        2.0 * np.log(scale) + log_gamma_step(alpha, 2.0 * s) + log_gamma_one_plus(-2.0 * s)
    )
    return np.where(finite, np.where(spread < _FAR, near, square), np.inf)
