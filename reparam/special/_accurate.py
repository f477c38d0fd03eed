"""Elementary expressions where the obvious way to write them cancels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = [
    "LARGEST",
    "SCALE",
    "VAST",
    "bend",
    "cosine_excess",
    "half",
    "log1mexp",
    "log1pmx",
    "log1pmx_rest",
    "power",
    "product_difference",
    "scaled_exp",
    "unscaled_log",
]

#: The largest number, where logarithms of what underflows end too: they stay finite.
LARGEST = float(np.finfo(np.float64).max)

#: Larger shapes are scaled down: their sums and products would overflow, and no number but the mean
#: has a tail probability other than 0 and 1.
VAST = 1e280

#: The factor that scales them, a power of 2, so that scaling is exact.
SCALE = 2.0**-60


_LOG_TWO = math.log(2.0)

#: 1/k! for k = 2, …, 14.
_INVERSE_FACTORIALS = tuple(1.0 / math.factorial(k) for k in range(2, 15))

#: 2n/(2n + 1)! for n = 1, …, 9.
_COSINE_EXCESS = tuple(2 * n / math.factorial(2 * n + 1) for n in range(1, 10))


def bend(s: Array) -> Array:
    """Return e^s − 1 − s without the cancellation for small s: its series for |s| < ½."""
    total = s * _INVERSE_FACTORIALS[-1]
    for coefficient in _INVERSE_FACTORIALS[-2:0:-1]:
        total += coefficient
        total *= s
    total += _INVERSE_FACTORIALS[0]
    total *= s
    total *= s
    near = np.abs(s) < 0.5
    return total if np.all(near) else np.where(near, total, np.expm1(s) - s)


def cosine_excess(square: Array) -> Array:
    """Return (h cosh h − sinh h)/h³ = Σ 2n h^(2n−2)/(2n + 1)! of h², which is at most 1.

    Of −b² it is (sin b − b cos b)/b³. Both numerators cancel for small arguments.
    """
    total = np.zeros_like(square)
    for coefficient in reversed(_COSINE_EXCESS):
        total = total * square + coefficient
    return total


def half(x: Array) -> Array:
    """Return x/2 for x > 0: not 0 for the least positive number, so that it is a shape."""
    return np.maximum(0.5 * x, 5e-324)


def log1pmx(r: Array) -> Array:
    """Return log(1 + r) − r for r > −1 to a few ulp, however small r is.

    With s = r/(2 + r), log(1 + r) = 2 atanh s, and log(1 + r) − r = −s r + 2 s³ Σ s^2k/(2k + 3).
    """
    s = r / (2.0 + r)
    near, inner = np.abs(r) < 0.3, s * (2.0 * _atanh_rest(s) - r)
    return np.asarray(inner) if np.all(near) else np.where(near, inner, np.log1p(r) - r)


def log1pmx_rest(r: Array) -> Array:
    """Return log(1 + r) − r + r²/2 for |r| < 0.3 to a few ulp: s r²/2 + 2 s³ Σ s^2k/(2k + 3)."""
    s = r / (2.0 + r)
    return np.asarray(s * (2.0 * _atanh_rest(s) + 0.5 * r * r))


def _atanh_rest(s: Array) -> Array:
    """Return atanh(s)/s − 1 for |s| < 0.18."""
    square = s * s
    total = 0.0 * square
    for k in range(10, -1, -1):
        total *= square
        total += 1.0 / (2 * k + 3)
    return square * total


def log1mexp(t: Array) -> Array:
    """Return ln(1 − e^t) for t ≤ 0: one tail's logarithm from the other's."""
    near_zero = np.log(-np.expm1(np.maximum(t, -1.0)))
    return np.asarray(np.where(t > -_LOG_TWO, near_zero, np.log1p(-np.exp(t))))


def power(base: Array, exponent: Array) -> Array:
    """Return base^exponent: of fresh arrays, so that it is the same beside any neighbours."""
    return np.asarray(np.power(np.array(base, order="C"), np.full(np.shape(base), exponent)))


def scaled_exp(log: Array, factor: Array) -> Array:
    """Return e^log · factor for factor > 0, also where only the product does not underflow."""
    product = np.exp(log) * factor
    if np.any(tiny := log < -700.0):
        product = np.where(tiny, np.exp(log + np.log(factor)), product)
    return np.asarray(product)


def unscaled_log(log: Array, vast: NDArray[np.bool_]) -> Array:
    """Return logarithms of tails from those of vast shapes that are scaled down.

    But at the mean they are proportional to the shapes: what else there is is negligible.
    """
    return np.where(vast & (log < -700.0), log / SCALE, log)


def product_difference(a: Array, b: Array, c: Array, d: Array) -> Array:
    """Return ab − cd with the rounding errors of both products added (Dekker 1971)."""
    first, first_error = _two_product(a, b)
    second, second_error = _two_product(c, d)
    return (first - second) + (first_error - second_error)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    product = a * b
    high_a, low_a = _split(a)
    high_b, low_b = _split(b)
    error = ((high_a * high_b - product) + high_a * low_b + low_a * high_b) + low_a * low_b
    return product, np.where(np.isfinite(error), error, 0.0)


def _split(a: Array) -> tuple[Array, Array]:
    shifted = 134217729.0 * a
    high = shifted - (shifted - a)
    return high, a - high
