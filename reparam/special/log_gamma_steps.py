"""Differences of ln Γ."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special.bregman import relative_excess
from reparam.special.log_gamma import log_gamma_star

__all__ = ["log_gamma_step"]

#: Below it Γ(x) is 1/x.
_TINY = 1e-300


def log_gamma_step(alpha: Array, s: Array) -> Array:
    """Return ln Γ(α+s) − ln Γ(α) for α, α + s > 0: to a few ulp of s ln α for large α.

    With d = s/α and Stirling's form of ln Γ it is s ln α + α ((1+d) ln(1+d) − d) − ½ ln(1+d) and
    a difference of ln Γ*.
    """
    near = (alpha >= 2.0) & (np.abs(s) < 0.5 * alpha)
    shape = np.where(near, alpha, 2.0)
    step = np.where(near, s, 0.0)
    d = step / shape
    stirling = log_gamma_star(shape + step) - log_gamma_star(shape)
    large = step * np.log(shape) + shape * relative_excess(d) - 0.5 * np.log1p(d) + stirling
    return np.where(near, large, _log_gamma(alpha + s) - _log_gamma(alpha))


def _log_gamma(x: Array) -> Array:
    """Return ln Γ(x), also where 1/x overflows."""
    from scipy.special import gammaln

    return np.where(x < _TINY, -np.log(x), gammaln(x))
