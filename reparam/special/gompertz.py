"""ln(1 + t/η) with t a standard exponential variate, and its moments.

With t = e^s the integrand of an expectation is analytic for |Im s| < π/2, so that the trapezoidal
rule is right to exp(−π²/step) (Trefethen & Weideman 2014, theorem 5.1).
"""

from __future__ import annotations

from functools import cache

import numpy as np

from reparam._typing import Array

__all__ = ["log_one_plus", "moments"]

_STEP = 0.2


def log_one_plus(t: Array, eta: Array) -> Array:
    """Return ln(1 + t/η), also where t/η overflows."""
    ratio = t / eta
    return np.where(ratio < 1e300, np.log1p(ratio), np.log(t) - np.log(eta))


def moments(eta: Array) -> tuple[Array, Array]:
    """Return its mean and variance."""
    t, weight = _rule()
    x = log_one_plus(t, np.asarray(eta)[..., np.newaxis])
    mean = np.sum(x * weight, axis=-1, keepdims=True)
    return mean[..., 0], np.sum((x - mean) ** 2 * weight, axis=-1)


@cache
def _rule() -> tuple[Array, Array]:
    s = _STEP * np.arange(-200, 20)
    t = np.exp(s)
    return t, _STEP * np.exp(s - t)
