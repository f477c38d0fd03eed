"""Quantiles of the gamma distribution with unit rate, and their logarithms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST
from reparam.special._gamma_density import log_lower, series_serves, weight
from reparam.special._gamma_integrals import above_mean, mills
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special.log_gamma import log_gamma_one_plus

__all__ = ["quantile_logs"]


def _start(u: Array, other: Array, log_u: Array, alpha: Array) -> Array:
    """Return a first guess of ln x: Wilson & Hilferty (1931), or the leading term of the series."""
    from scipy.special import ndtri

    normal = np.where(u < 0.5, ndtri(u), -ndtri(other))
    root = 1.0 - 1.0 / (9.0 * alpha) + normal / (3.0 * np.sqrt(alpha))
    leading = np.minimum((log_u + log_gamma_one_plus(alpha)) / alpha, 0.0)
    cubed = np.log(alpha) + 3.0 * np.log(np.maximum(root, 0.1))
    return np.where((root > 0.2) & (alpha > 0.1), cubed, leading)


def quantile_logs(u: Array, other: Array, alpha: Array) -> tuple[Array, Array]:
    """Return x and ln x with P(α, x) = u, where `other` = 1 − u, for flat arrays.

    Halley's method on the logarithm of the tail on the point's own side of the mean. ln F is
    concave in ln x and ln(1 − F) in x (for α ≥ 1; nearly linear otherwise), so that the iteration
    converges from anywhere. Each element stops by itself.
    """
    log_x = np.select([u <= 0.0, other <= 0.0], [-np.inf, np.inf], np.nan)
    x = np.exp(log_x)
    active = np.flatnonzero((u > 0.0) & (other > 0.0) & (alpha > 0.0))
    alpha = np.broadcast_to(alpha, u.shape)
    log_u = np.where(u < 0.5, np.log(u), np.log1p(-other))  # u may be 1 − other, rounded
    start = _start(u[active], other[active], log_u[active], alpha[active])
    log_x[active] = np.maximum(start, -LARGEST)
    x[active] = np.exp(log_x[active])
    # the leading term is exact for shapes so small that 1/α all but overflows
    active = active[log_x[active] > -1e300]
    iterate(lambda members: _improve(x, log_x, members, log_u, other, alpha), active)
    _improve(x, log_x, active, log_u, other, alpha)
    return x, log_x


def _improve(
    x: Array,
    log_x: Array,
    members: Members,
    log_u: Array,
    other: Array,
    alpha: Array,
) -> NDArray[np.bool_]:
    """Take one step at some elements, and return which of them need another."""
    at, log_at, alpha = x[members], log_x[members], alpha[members]
    above = above_mean(at, alpha)
    mass = mills(at, log_at, alpha)
    log, factor = weight(at, log_at, alpha)
    wanted = np.where(above, np.log(other[members]), log_u[members])
    residual = wanted - np.log(factor * mass) - log
    if np.any(small := series_serves(at, alpha)):  # ln P may be far below an ulp of 1
        log, ratio = log_lower(at, log_at, alpha)
        residual = np.where(small, wanted - log - np.log1p(ratio), residual)
    step, bent = halley(residual, mass, alpha - at, above)
    straight = np.where(above, np.log1p(np.maximum(step, -0.5)), np.minimum(step, 2.0))
    step = np.where(np.abs(step) > 0.1, straight, step)
    moved = at + at * np.expm1(step)
    normal = moved > 1e-290
    log_x[members] = np.where(normal, np.log(moved), log_at + step)
    x[members] = np.where(normal, moved, np.exp(log_x[members]))
    return unfinished(residual, step, bent)
