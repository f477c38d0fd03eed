"""The length Z of two standard normal variates around b and 0: tails, moments, the angle to b."""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss

from reparam._typing import Array
from reparam.special import noncentral
from reparam.special._accurate import LARGEST, log1mexp
from reparam.special._elementwise import column, elementwise, integrate, weighted
from reparam.special.circular import log_mean_exp, mean_deficit
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["entropy", "log_density", "log_tail", "mean_cosine", "mean_excess", "pulls", "quantile"]

#: Below this z the cdf is proportional to z².
_LEAST = 1e-70
#: From this b on Z is a Gaussian to the last digit of each function.
_GAUSSIAN = 1e17
#: From this bz on only the leading terms of expansions in 1/(bz) matter.
_LARGE = 1e100

#: Gauss's rule for the entropy, over as many standard deviations on both sides.
_NODE, _WEIGHT = leggauss(80)
_REACH = 9.0
#: From this b on its integrand is p ln p: next to 0, where that is not smooth, there is no mass.
_DIRECT = 7.0
#: From this b on the mean is its asymptotic series, with an error below 1e-17.
_FAR = 10.0
#: Coefficients of the mean's series in 2/b², without the leading b: ((−½)_k)²/k!, k = 1, 2, ….
_COEFFICIENTS = [1.0]
for _k in range(1, 20):
    _COEFFICIENTS.append(_COEFFICIENTS[-1] * (_k - 1.5) ** 2 / _k)


@elementwise()
def quantile(u: Array, v: Array, b: Array) -> Array:
    """Return z with P(Z ≤ z) = u, where v = 1 − u and the smaller of them has its digits."""
    from scipy.special import ndtri

    near = np.sqrt(noncentral.quantile(u, v, np.minimum(b, _GAUSSIAN) ** 2, 1.0))
    return np.where(b < _GAUSSIAN, near, np.maximum(b + np.where(v < u, -ndtri(v), ndtri(u)), 0.0))


@elementwise()
def log_tail(z: Array, b: Array, upper: Array) -> Array:
    """Return ln P(Z > z) where `upper` is 1, else ln P(Z ≤ z)."""
    from scipy.special import log_ndtr

    side, square = upper > 0.0, np.minimum(b, _GAUSSIAN) ** 2
    inside = np.maximum(z, _LEAST)
    found = np.asarray(noncentral.log_tail(inside * inside, square, 1.0, upper))
    if (tiny := np.flatnonzero(z < _LEAST)).size:
        there = square[tiny] if square.ndim else square
        lower = noncentral.log_tail(np.full(tiny.size, _LEAST**2), there, 1.0, 0.0)
        lower += 2.0 * np.log(z[tiny] / _LEAST)
        found[tiny] = np.where(side[tiny] if side.ndim else side, log1mexp(lower), lower)
    gaussian = (b >= _GAUSSIAN) & (z > 0.0)
    return np.where(gaussian, log_ndtr(np.where(side, b - z, z - b)), found)


@elementwise()
def log_density(z: Array, b: Array) -> Array:
    """Return ln p(z)."""
    z = np.minimum(z, LARGEST)
    apart, product = z - b, np.minimum(b * z, _LARGE)
    near = np.log(z) + log_mean_exp(product)
    far = 0.5 * (np.log(z) - np.log(b)) - HALF_LOG_TWO_PI
    return np.where(product < _LARGE, near, far) - 0.5 * apart * apart


@elementwise(outputs=2)
def pulls(z: Array, b: Array) -> tuple[Array, Array]:
    """Return b (1 − A) and z (1 − A), of the mean cosine A at bz."""
    product = np.minimum(b * z, _LARGE)
    less = mean_deficit(product)
    near = product < _LARGE
    return np.where(near, b * less, 0.5 / z), np.where(near, z * less, 0.5 / b)


@elementwise()
def mean_cosine(product: Array) -> Array:
    """Return I₁/I₀, the mean of the cosine of the angle to b, of b times the length."""
    from scipy.special import i0e, i1e

    product = np.minimum(product, 1e300)
    return np.asarray(i1e(product) / i0e(product))


@elementwise()
def mean_excess(b: Array) -> Array:
    """Return the mean less b (DLMF 13.7.2, 13.6.9 for I₀ and I₁)."""
    from scipy.special import i0e, i1e

    near, far = np.minimum(b, _FAR), np.maximum(b, _FAR)
    w = 0.25 * near * near
    mean = math.sqrt(0.5 * math.pi) * ((1.0 + 2.0 * w) * i0e(w) + 2.0 * w * i1e(w))
    step, total = 2.0 / far / far, np.zeros(b.shape)
    for coefficient in _COEFFICIENTS[:0:-1]:
        total = total * step + coefficient
    return np.where(b < _FAR, mean - near, 2.0 / far * total)


@elementwise()
def entropy(b: Array) -> Array:
    """Return −E ln p, below a b as 1 − b (E z − b) − E[ln z + ln(e^−bz I₀(bz))].

    E ln z is ln b + E₁(b²/2)/2. The other is an integral.
    """
    from scipy.special import exp1

    def means(t: Array, b: Array) -> tuple[Array, ...]:
        low = -np.minimum(b, _REACH)
        half = 0.5 * (_REACH - low)
        np.multiply(column(_NODE), half, out=t)
        t += 0.5 * (_REACH + low)
        z = b + t
        kernel = np.asarray(log_mean_exp(b * z))
        density = z * np.exp(kernel - 0.5 * t * t)
        kernel += np.where(b < _DIRECT, 0.0, np.log(z) - 0.5 * t * t)
        return (half * weighted(density * kernel, _WEIGHT),)

    b = np.clip(b, 1e-20, _GAUSSIAN)
    log = np.log(b) + 0.5 * exp1(0.5 * b * b)
    rest = np.where(b < _DIRECT, 1.0 - b * mean_excess(b) - log, 0.0)
    return np.asarray(rest - integrate(means, _NODE.size, 1, b)[0])
