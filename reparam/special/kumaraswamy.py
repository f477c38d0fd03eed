"""Moments and entropy of Kumaraswamy's distribution, by its exponents a and b.

E[y^n] = b B(1 + n/a, b), so that both moments follow from ln(b B(1 + s, b)).
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1pmx
from reparam.special.bregman import loggamma_excess, relative_excess
from reparam.special.log_beta import log_beta_divergence
from reparam.special.log_gamma import log_gamma_one_plus
from reparam.special.polygamma import delta, digamma_difference

__all__ = ["entropy", "log_moment", "log_spread"]

#: Within this of (1, 1) the entropy is small.
_NEARLY_UNIFORM = 0.5

#: Larger b have the spread of this one to the last bit, or one above 40.
_LARGE = 1e18

#: If s is larger, and b above 1, the spread is above 40: the mean's square is 0 beside E[y²].
_MOST = 1e100


def log_moment(s: Array, b: Array) -> Array:
    """Return ln(b B(1 + s, b)) ≤ 0, of E[y^n] with s = n/a.

    With m and M the smaller and the larger of s and b it is ln Γ(1+m) less the growth of ln Γ over
    m from 1 + M: its slope at 1 + M times m, and the rest, which is a Bregman divergence.
    """
    m, start = np.minimum(s, b), 1.0 + np.maximum(s, b)
    rest = loggamma_excess(start + m, start, m)[0] + start * relative_excess(m / start)
    return log_gamma_one_plus(m) - (m * (np.log(start) - delta(start)) + rest)


def log_spread(s: Array, b: Array) -> Array:
    """Return ln(E[y²]/(E y)²) ≥ 0 with s = 1/a: a sum of two divergences of ln B.

    These are of 1 + 2s and 1 from 1 + s. Over s² it hardly depends on s, which is rounded so that
    1 + s is exact.
    """
    s, b = np.where(b > 1.0, np.minimum(s, _MOST), s), np.minimum(b, _LARGE)
    step = np.maximum((1.0 + s) - 1.0, 2.0**-52)
    start, middle, end = np.ones_like(step), 1.0 + step, 1.0 + 2.0 * step
    above = log_beta_divergence(end, b, middle, b)[0]
    below = log_beta_divergence(start, b, middle, b)[0]
    ratio = s / step
    return ratio * (ratio * (above + below))


def entropy(a: Array, b: Array) -> Array:
    """Return 1 − 1/b + (1 − 1/a) H_b − ln ab ≤ 0 with the harmonic number H_b = ψ(b+1) + γ.

    It vanishes with the square of the distance from (1, 1): near there it is φ(a) + φ(b) +
    (1 − 1/a) (H_b − 1) with φ(x) = 1 − 1/x − ln x.
    """
    harmonic = digamma_difference(np.ones_like(b), b)
    far = (1.0 - 1.0 / b) + (1.0 - 1.0 / a) * harmonic - np.log(a) - np.log(b)
    near = np.maximum(np.abs(a - 1.0), np.abs(b - 1.0)) < _NEARLY_UNIFORM
    if not np.any(near):
        return far
    a, b = np.where(near, a, 1.0), np.where(near, b, 1.0)
    above = np.copysign(digamma_difference(np.minimum(1.0 + b, 2.0), np.abs(b - 1.0)), b - 1.0)
    bent = log1pmx((1.0 - a) / a) + log1pmx((1.0 - b) / b)
    return np.where(near, bent + ((a - 1.0) / a) * above, far)
