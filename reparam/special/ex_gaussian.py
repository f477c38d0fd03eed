"""The sum x of a standard normal variate and an exponential one of rate k: tails and quantiles.

With Mills' ratio R(t) = Φ(−t)/φ(t), the density is f(x) = k φ(x) R(k − x), and

    P(X ≤ x) = φ(x) (R(−x) − R(k − x)),   P(X > x) = Φ(−x) + φ(x) R(k − x).

The second is a sum of positive terms. The first is a mean of −R′ for small x, and beyond k/2, where
φ(x) R(k − x) is e^w Φ(x − k) with w = −k (x − k/2) < 0, Φ(x) − Φ(x − k) and (1 − e^w) Φ(x − k).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special import normal
from reparam.special._accurate import LARGEST
from reparam.special._elementwise import column, elementwise, integrate, select, weighted
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special.mills import mills, mills_bend, mills_deficit, mills_difference
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["entropy", "log_density", "log_tail", "overshoot", "quantile", "slope", "spread", "tail"]

#: A rule on [0, 1] for the density of z over less than 1.
_NODE, _WEIGHT = (0.5 * part for part in leggauss(12))
_NODE = 0.5 + _NODE
#: The trapezoidal rule of the entropy. The integrand is analytic for |Im x| < 2.8, where Φ has its
#: zeros, so that the error is about exp(−2π 2.8/0.3); below −9.6 and beyond 24 there is less than
#: 1e-19 of it.
_STEP = 0.3
_GRID = _STEP * np.arange(-32.0, 81.0)
#: From this rate on the entropy is nearly that of the normal variate.
_STEEP = 2.0


@elementwise(outputs=2)
def overshoot(x: Array, k: Array) -> tuple[Array, Array]:
    """Return m = φ(c)/Φ(c) and e = m + c at c = x − k, which does not cancel.

    With t = −c these are 1/R and −R′/R: e is the mean of a normal variate beyond t, less t.
    """
    t = k - x
    above = np.maximum(t, 0.0)
    ratio = mills(above)
    m = 1.0 / np.where(t > 0.0, ratio, mills(np.minimum(t, 0.0)))
    return m, np.where(t > 0.0, mills_deficit(above) / ratio, m - t)


@elementwise()
def spread(x: Array, k: Array, m: Array, e: Array) -> Array:
    """Return 1 − m e = R″/R − e² without cancellation: the variance beyond t."""
    above = np.maximum(k - x, 0.0)
    return np.where(x < k, mills_bend(above) / mills(above) - e * e, 1.0 - m * e)


def slope(x: Array, k: Array, m: Array, e: Array) -> Array:
    """Return ∂ ln f/∂x = e − x = m − k, whichever does not cancel."""
    return np.asarray(np.where(x < k, e - x, m - k))


@elementwise()
def log_density(x: Array, k: Array) -> Array:
    """Return ln f(x)."""
    return np.log(k) + _log_bent(np.clip(x, -LARGEST, LARGEST), k)


def _log_bent(x: Array, k: Array) -> Array:
    """Return ln φ(x) R(k − x), which is w + ln Φ(x − k)."""
    near = -0.5 * x * x - HALF_LOG_TWO_PI + np.log(mills(np.maximum(k - x, 0.0)))
    return np.where(x > k, -k * (x - 0.5 * k) + normal.log_cdf(x - k), near)


# Tails ------------------------------------------------------------------------------------------


def _upper(x: Array, k: Array) -> Array:
    return normal.sf(x) + np.exp(_log_bent(x, k))


def _left(x: Array, k: Array) -> tuple[Array, Array]:
    """Return the logarithm and the factor of P(X ≤ x) up to k/2, or 0."""
    return -0.5 * x * x - HALF_LOG_TWO_PI, k * mills_difference(-x, k - x, k + 0.0 * x)


def _steep(x: Array, k: Array) -> tuple[Array, Array]:
    """The same from 1 to k/2, where the exponential variate is small."""
    return np.zeros_like(x), normal.cdf(x) - np.exp(_log_bent(x, k))


def _right(x: Array, k: Array) -> tuple[Array, Array]:
    """The same beyond k/2."""

    def integrals(density: Array, x: Array, short: Array) -> tuple[Array, ...]:
        np.multiply(column(_NODE), short, out=density)
        np.subtract(x, density, out=density)
        density *= density
        density *= -0.5
        np.exp(density, out=density)
        return (weighted(density, _WEIGHT / math.sqrt(2.0 * math.pi)),)

    shifted, short = normal.cdf(x - k), np.minimum(k, 1.0)
    (mean,) = integrate(integrals, _NODE.size, 1, x, short)
    between = np.where(k < 1.0, short * mean, normal.cdf(x) - shifted)
    return np.zeros_like(x), between - np.expm1(-k * (x - 0.5 * k)) * shifted


def _lower(x: Array, k: Array) -> tuple[Array, Array]:
    choice = np.where(x > 0.5 * k, 2, np.where(x > 1.0, 1, 0))
    choice = np.where(x > 0.0, choice, 0).astype(np.int8)
    log, factor = select(choice, (_left, _steep, _right), x, k, outputs=2)
    return log, factor


@elementwise()
def tail(x: Array, k: Array, upper: Array) -> Array:
    """Return P(X > x) where `upper` is 1, else P(X ≤ x), to full relative accuracy."""
    x, k, upper = _together(x, k, upper)
    log, factor = _lower(x, k)
    below, above = np.exp(log) * factor, _upper(x, k)
    return np.where(upper > 0.0, above, np.where(above < 0.5, 1.0 - above, below))


@elementwise()
def log_tail(x: Array, k: Array, upper: Array) -> Array:
    """Return the logarithm of a tail, also where that underflows or rounds to 1."""
    return _log_tail(*_together(x, k, upper))


def _log_tail(x: Array, k: Array, upper: Array) -> Array:
    log, factor = _lower(x, k)
    below, above = np.exp(log) * factor, _upper(x, k)
    lower = np.where(below > 0.5, np.log1p(-above), log + np.log(factor))
    higher = np.logaddexp(normal.log_cdf(-x), _log_bent(x, k))
    higher = np.where(above > 0.5, np.log1p(-below), higher)
    return np.where(upper > 0.0, higher, lower)


def _together(x: Array, k: Array, upper: Array) -> tuple[Array, Array, Array]:
    x = np.clip(x, -LARGEST, LARGEST)
    return x, np.broadcast_to(k, x.shape), np.broadcast_to(upper, x.shape)


# Quantiles --------------------------------------------------------------------------------------


@elementwise()
def quantile(u: Array, v: Array, k: Array) -> Array:
    """Return x with P(X ≤ x) = u, where v = 1 − u and the smaller of them has its digits.

    Halley's method on the logarithm of the smaller tail, which is concave since the density is
    log-concave: from a start farther out than the quantile it approaches from that side.
    """
    v, k = np.broadcast_to(v, u.shape), np.broadcast_to(k, u.shape)
    upper = (v < u).astype(np.float64)
    # X is at least its normal part, and at least the exponential one less 40, except with
    # probability 1e-350; in the upper tail one of the parts is at least so large
    near = np.maximum(normal.icdf(u), -np.log1p(-u) / k - 40.0)
    far = -normal.icdf(0.5 * v) - np.log(0.5 * v) / k
    x = np.select(
        [u <= 0.0, v <= 0.0, np.isnan(u)],
        [-np.inf, np.inf, np.nan],
        np.where(upper > 0.0, far, near),
    )
    log_tail = np.log(np.minimum(u, v))
    active = np.flatnonzero(np.isfinite(x))

    def improve(members: Members) -> NDArray[np.bool_]:
        at, rate, side = x[members], k[members], upper[members]
        found = _log_tail(at, rate, side)
        residual = log_tail[members] - found
        ratio = np.exp(found - np.log(rate) - _log_bent(at, rate))
        step, bent = halley(residual, ratio, slope(at, rate, *overshoot(at, rate)), side > 0.0)
        x[members] = at + step
        return unfinished(residual, step / np.maximum(1.0, np.abs(at)), bent)

    iterate(improve, active)
    improve(active)
    return x


def entropy(k: Array) -> Array:
    """Return −E[ln f(X)], the integral by the trapezoidal rule.

    For small k it is 1 − ln k − k²/2 − E[ln Φ(X − k)], for large k 1/2 + 1/k² + ln √(2π)
    − E[ln(k R(k − X))].
    """
    k = np.asarray(k)[..., np.newaxis]
    low = np.minimum(k, _STEEP)
    density = np.exp(np.log(low) + _log_bent(_GRID, low))
    gentle = -_STEP * np.sum(density * normal.log_cdf(_GRID - low), axis=-1)
    low = low[..., 0]
    gentle += 1.0 - np.log(low) - 0.5 * low * low
    high = np.maximum(k, _STEEP)
    log = np.log(high) + _log_bent(_GRID, high)
    square = 0.5 * _GRID * _GRID + HALF_LOG_TWO_PI
    steep = -_STEP * np.sum(np.exp(log) * (log + square), axis=-1)
    steep += 0.5 + 1.0 / high[..., 0] ** 2 + HALF_LOG_TWO_PI
    return np.asarray(np.where(k[..., 0] < _STEEP, gentle, steep))
