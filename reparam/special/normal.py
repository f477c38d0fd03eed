"""The standard normal cdf, its logarithm and its inverse."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array

__all__ = ["HALF_LOG_TWO_PI", "LOG_TWO_PI", "cdf", "icdf", "log_cdf", "sf"]

#: ln 2π, and ½ ln 2π: −ln φ(0) of the standard normal density φ.
LOG_TWO_PI = math.log(2.0 * math.pi)
HALF_LOG_TWO_PI = 0.5 * LOG_TWO_PI

#: Where SciPy's ndtr starts to underflow; the true value is 2e-309 there, 5e-324 at −38.48.
_NDTR_LIMIT = -37.5


def cdf(z: Array) -> Array:
    """Return Φ(z) = ½ erfc(−z/√2) (DLMF 7.17), to the smallest double in the lower tail."""
    from scipy.special import log_ndtr, ndtr

    value = ndtr(z)
    if np.any(far := z < _NDTR_LIMIT):
        value = np.where(far, np.exp(log_ndtr(z)), value)
    return value


def sf(z: Array) -> Array:
    """Return 1 − Φ(z) = Φ(−z)."""
    return cdf(-z)


def log_cdf(z: Array) -> Array:
    """Return ln Φ(z), also where Φ underflows or rounds to 1."""
    from scipy.special import log_ndtr

    value = log_ndtr(z)
    if np.any(far := z > -_NDTR_LIMIT):  # ln(1 − x) is −x
        value = np.where(far, -sf(z), value)
    return np.asarray(value)


def icdf(u: Array) -> Array:
    """Return Φ⁻¹(u), to within 3 ulp."""
    from scipy.special import ndtri

    return ndtri(u)
