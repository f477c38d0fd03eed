"""Exact gamma draws from one normal and one uniform number each.

The compiled extension does what NumPy does here, operation by operation: draws are the same bits.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._kernels import active
from reparam._typing import Array
from reparam.engine.noise import further
from reparam.special._accurate import LARGEST

__all__ = ["gamma_draws", "log_gamma_draws"]

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
    x = np.empty(z.size)
    return x, _drawn(z, u, alpha, x)


def log_gamma_draws(z: Array, u: Array, alpha: Array) -> Array:
    """Return ln x alone."""
    return _drawn(z, u, alpha, None)


def _drawn(z: Array, u: Array, alpha: Array, x: Array | None) -> Array:
    """Return ln x, and fill in x, if it is wanted."""
    compiled, log_x = active(), np.empty(z.size)
    if compiled is None:
        rejected = _by_numpy(z, u, alpha, x, log_x)
    else:
        if not compiled.lines(z, u, alpha):  # those of vectors may be strided
            z, u, alpha = z.copy(), u.copy(), alpha.copy()
        found = compiled.gamma_draws(z, u, alpha, x, log_x)
        rejected = np.isnan(log_x).nonzero()[0] if found else None
    if rejected is not None:
        first, second = z[rejected], u[rejected]
        if compiled is None:
            first, second = further(first, second)
        else:
            compiled.further(first, second, first, second)
        again = None if x is None else np.empty(first.size)
        shape = alpha if np.ndim(alpha) == 0 else alpha[rejected]
        log_x[rejected] = _drawn(_ndtri()(first), second, shape, again)
        if x is not None:
            x[rejected] = again
    return log_x


@cache
def _ndtri() -> Any:
    """Return the quantile function of normal noise, which is imported when it is first needed."""
    from scipy.special import ndtri

    return ndtri


def _by_numpy(
    z: Array, u: Array, alpha: Array, x: Array | None, log_x: Array
) -> NDArray[np.intp] | None:
    """Fill in x and ln x by NumPy, and return which are rejected, if any."""
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
    log_v += np.log(d)
    np.add(log_v, boost, out=log_x)
    if x is not None:
        v *= d
        np.multiply(v, np.exp(boost, out=boost), out=x)
    return rejected if rejected.size else None
