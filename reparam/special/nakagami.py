"""Gamma variates of mean 1, r = x/m with x ~ Gamma(m): what is left where ∂ln x/∂m cancels 1/m.

They are the limit of the F distribution as its second degrees of freedom grow, whose formulas hold.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special import fisher, gamma
from reparam.special._accurate import VAST
from reparam.special._elementwise import elementwise
from reparam.special.bregman import excess

__all__ = ["log_pathwise", "square_excess"]

#: So many times the shape, and the value, is infinite.
_MANY = 1e25
#: A difference that is a smaller part of 1/m has lost digits.
_SHARE = 0.25


@elementwise()
def log_pathwise(r: Array, log_r: Array, m: Array) -> Array:
    """Return ∂ln r/∂m at fixed u = P(m, m r), given ln r, too."""
    log_r = np.broadcast_to(log_r, r.shape)
    h = np.atleast_1d(gamma.log_pathwise(log_r + np.log(m), m))
    inverse = 1.0 / m
    near = np.flatnonzero(np.abs(h - inverse) < _SHARE * inverse)
    found = h - inverse
    if near.size:
        r, log_r, m = (np.broadcast_to(each, found.shape)[near] for each in (r, log_r, m))
        some = np.minimum(m, VAST)
        beta = _MANY * np.maximum(some, 1.0) * np.maximum(r, 1.0)
        of_some = fisher.log_pathwise(r, log_r + np.log(some) - np.log(beta), some, beta)[0]
        # for vast shapes ln r is normal, with the standard deviation 1/√m
        found[near] = np.where(m > VAST, -0.5 * log_r / m, of_some)
    return np.asarray(found)


def square_excess(z: Array) -> Array:
    """Return z² − 1 − ln z²."""
    d = (z - 1.0) * (z + 1.0)
    return excess(d, 2.0 * np.log(z))
