"""Moments of powers X^s of a standard exponential variate X: of extreme-value distributions."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.special.bregman import loggamma_second_difference
from reparam.special.log_gamma import log_gamma_one_plus

__all__ = ["less_one", "mean", "variance"]

#: Γ(1 + s) overflows from s = 170.6 on.
_OVERFLOWS = 170.0


def mean(scale: Array, s: Array) -> Array:
    """Return E[scale X^s] = scale Γ(1 + s), for s > −1."""
    from scipy.special import gamma, gammaln

    far = np.exp(np.log(scale) + gammaln(1.0 + s))  # where Γ alone overflows
    return np.where(s < _OVERFLOWS, scale * gamma(1.0 + s), far)


def less_one(s: Array) -> Array:
    """Return Γ(1 + s) − 1 for s > −1, to full relative accuracy next to s = 0 and s = 1."""
    from scipy.special import gamma

    rest = s - 1.0
    next_to_one = np.log1p(np.maximum(rest, -0.5)) + log_gamma_one_plus(rest)
    log = np.where(s < 0.5, log_gamma_one_plus(s), next_to_one)
    near = np.abs(s - 0.5) < 1.0
    return np.where(near, np.expm1(log), gamma(1.0 + s) - 1.0)


def variance(scale: Array, s: Array) -> Array:
    """Return the variance of scale X^s, for s > −½."""
    from scipy.special import gamma, gammaln

    # Γ(1+2s) − Γ(1+s)² is Γ(1+2s) times what does not cancel for small s, and is 1 for large s
    share = -np.expm1(-loggamma_second_difference(np.minimum(s, 1e3)))
    near = scale * (scale * (gamma(1.0 + 2.0 * s) * share))
    far = np.exp(2.0 * np.log(scale) + gammaln(1.0 + 2.0 * s))
    limit = (scale * s) * (scale * s) * (math.pi**2 / 6.0)  # whose s² alone may underflow
    return np.select([np.abs(s) < 1e-17, 2.0 * s < _OVERFLOWS], [limit, near], far)
