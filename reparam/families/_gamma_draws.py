"""Exact gamma draws from one normal and one uniform number each."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.engine.noise import further
from reparam.special._accurate import LARGEST

__all__ = ["gamma_draws"]

#: From this d on the logarithm of the acceptance is a series in h: its terms cancel to d·1e-16.
_LARGE = 2.0**24


def gamma_draws(z: Array, u: Array, alpha: Array) -> tuple[Array, Array]:
    """Return x ~ Gamma(α) and ln x, which is finite where x underflows.

    Marsaglia & Tsang (2000), "A simple method for generating gamma variables": with d = α + ⅔ and
    h = z/√(9d), d (1 + h)³ is a draw from Gamma(α + 1) if it is accepted, with probability a(z).
    Times w^(1/α) with uniform w it is one from Gamma(α) (section 6). Given acceptance, u ≤ a, u/a
    is uniform and serves as w. All α are boosted, so that no α changes the way of drawing.

    Rejected proposals, at most one in twenty, are made again from
    :func:`~reparam.engine.noise.further`.

    Parameters
    ----------
    z, u
        Standard normal and uniform noise, of one length.
    alpha
        The shape, one number or one per draw.
    """
    # v = (1 + h)³
    d = alpha + 2.0 / 3.0
    h = z / (3.0 * np.sqrt(d))
    v = 1.0 + h
    v *= v * v
    np.maximum(v, 0.0, out=v)
    log_v = np.log(v)
    # ln a = z²/2 + d (1 − v + ln v), −inf for v = 0
    log_a = 1.0 - v
    log_a += log_v
    log_a *= d
    square = z * z
    log_a += 0.5 * square
    if np.any(large := d >= _LARGE):
        series = -square * h * h * (1.0 / 12.0 - h * (1.0 / 15.0 - h * (1.0 / 18.0)))
        log_a = np.where(large, series, log_a)
    boost = np.log(u)
    boost -= log_a
    rejected = np.flatnonzero(boost > 0.0)
    boost /= alpha
    np.maximum(boost, -LARGEST, out=boost)
    log_x = log_v
    log_x += np.log(d)
    log_x += boost
    x = v
    x *= d
    x *= np.exp(boost, out=boost)
    if rejected.size:
        from scipy.special import ndtri

        again = further(z[rejected], u[rejected])
        shape = alpha if np.ndim(alpha) == 0 else alpha[rejected]
        x[rejected], log_x[rejected] = gamma_draws(ndtri(again[0]), again[1], shape)
    return x, log_x
