"""The law with density p ∝ e^(ηy) on (0, 1), the exponentially tilted uniform, for any real η.

With s = |η|, E(x) = (e^x − 1)/x and L(h) = ln(sinh h/h), which are smooth at 0, everything is a
product or a sum without cancellation. Mirroring y to 1 − y negates η: formulas take both y and its
complement, and are written for the side that keeps digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST
from reparam.special._elementwise import elementwise
from reparam.special.along_paths import bends

__all__ = [
    "distance_from_mean",
    "entropy",
    "log_density",
    "log_tail",
    "mean",
    "pathwise",
    "pathwise2",
    "quantile",
    "tail",
    "third_cumulant",
    "variance",
]

#: Up to this |η| differences of large terms are replaced by series.
_SMALL = 2.0
#: Up to this |η| the quantile is u + η u (1 − u)/2 to the last bit.
_TINY = 1e-8
#: From this η on e^η may overflow.
_LARGE = 700.0
#: 1/(2k + 1)! for k = 1, …, 14: h² times this series in h² is sinh(h)/h − 1.
_SINHC = tuple(1.0 / math.factorial(2 * k + 1) for k in range(1, 15))
#: 2k/(2k + 1)!: h³ times this series is h cosh h − sinh h.
_COSH_LESS_SINHC = tuple(2.0 * k / math.factorial(2 * k + 1) for k in range(1, 15))
#: 2^(2k−1)/(2k)! for k = 2, 3, …: h⁴ times this series is sinh² h − h².
_SINH_SQUARED = tuple(2.0 ** (2 * k - 1) / math.factorial(2 * k) for k in range(2, 16))

#: −2^2k B_2k (2k−1) (k−1)/(2k)! for k = 2, …, 20: h times this series in h² is
#: 1/h³ − coth h/sinh² h.
_COTH_OVER_SINH_SQUARED = (
    0.06666666666666667,
    -0.021164021164021163,
    0.0044444444444444444,
    -0.0007696007696007696,
    0.00011904223544435184,
    -1.7102239324461548e-05,
    2.3325339229478664e-06,
    -3.061067126286023e-07,
    3.8996808559852634e-08,
    -4.852350845790551e-09,
    5.923161825415695e-10,
    -7.116305220070096e-11,
    8.436079781991004e-12,
    -9.886893335848448e-13,
    1.1473264941005015e-13,
    -1.3199827223204588e-14,
    1.5071328792656778e-15,
    -1.7092636722082307e-16,
    1.926873907696172e-17,
)


def _series(coefficients: tuple[float, ...], x: Array) -> Array:
    total = coefficients[-1] + 0.0 * x
    for coefficient in coefficients[-2::-1]:
        total = total * x + coefficient
    return total


def _rise(x: Array) -> Array:
    """Return E(x) = (e^x − 1)/x, 1 at 0."""
    return np.where(x == 0.0, 1.0, np.expm1(x) / np.where(x == 0.0, 1.0, x))


def _log_sinhc(h: Array) -> Array:
    """Return L(h) = ln(sinh h/h) for h ≥ 0."""
    small, large = np.minimum(h, 3.0), np.maximum(h, 3.0)
    near = np.log1p(small * small * _series(_SINHC, small * small))
    far = large - np.log(2.0 * large) + np.log1p(-np.exp(-2.0 * large))
    return np.where(h < 3.0, near, far)


def _langevin(h: Array) -> Array:
    """Return L′(h) = coth h − 1/h, for 0 ≤ h ≤ 1.5."""
    square = h * h
    return h * _series(_COSH_LESS_SINHC, square) / (1.0 + square * _series(_SINHC, square))


def _below(c: Array, s: Array) -> Array:
    """Return (1 − e^(−sc))/(1 − e^(−s)), the probability below c if η = −s."""
    return c * (_rise(-s * c) / _rise(-s))


def tail(y: Array, rest: Array, eta: Array) -> Array:
    """Return P(Y ≤ y), given 1 − y as well: to full relative accuracy. See the module."""
    other = _smaller(rest, y, -eta)
    return np.where(other < 0.5, 1.0 - other, _smaller(y, rest, eta))


def log_tail(y: Array, rest: Array, eta: Array) -> Array:
    """Return ln P(Y ≤ y)."""
    other = _smaller(rest, y, -eta)
    far = np.log(_below(y, np.abs(eta))) - np.maximum(eta, 0.0) * rest
    return np.where(other < 0.5, np.log1p(-np.minimum(other, 0.5)), far)


def _smaller(y: Array, rest: Array, eta: Array) -> Array:
    """Return P(Y ≤ y), if that is the smaller tail."""
    return _below(y, np.abs(eta)) * np.exp(-np.maximum(eta, 0.0) * rest)


def quantile(u: Array, v: Array, eta: Array) -> tuple[Array, Array]:
    """Return y with P(Y ≤ y) = u = 1 − v, and 1 − y: the smaller is computed."""
    above = v < u * np.exp(np.clip(0.5 * eta, -_LARGE, _LARGE))  # y > ½
    u, v = np.where(above, v, u), np.where(above, u, v)
    c = np.minimum(_lower_quantile(u, v, np.where(above, -eta, eta)), 0.5)
    return np.where(above, 1.0 - c, c), np.where(above, c, 1.0 - c)


def _lower_quantile(u: Array, v: Array, eta: Array) -> Array:
    """Return ln(1 + u (e^η − 1))/η."""
    fall = np.minimum(eta, 0.0)
    power = u * np.expm1(np.minimum(eta, _LARGE))
    log = np.where(power < -0.5, np.log(v + u * np.exp(fall)), np.log1p(power))
    log = np.where(eta > _LARGE, np.logaddexp(0.0, np.log(u) + eta), log)
    tiny = np.abs(eta) < _TINY
    return np.where(tiny, u * (1.0 + 0.5 * eta * v), log / np.where(tiny, 1.0, eta))


def pathwise(y: Array, rest: Array, eta: Array) -> Array:
    """Return ∂y/∂η at a fixed quantile: for η > 0, (R − y)/η with R = (1 − e^(−ηy))/(1 − e^(−η)).

    With q = y for η > 0, and q = 1 − y for η < 0, that is q (e^x − 1)/s where r = 1 − q and
    x = s r/2 − L(s/2) + L(sq/2); or by mirroring r (1 − e^(−x))/s where x = s q/2 + L(s/2) −
    L(sr/2). Of either, x/s is smooth at s = 0.
    """
    s, falls = np.abs(eta), eta < 0.0
    q, r = np.where(falls, rest, y), np.where(falls, y, rest)
    whole, divisor = _log_sinhc(0.5 * s), np.maximum(s, 1e-300)
    part = 0.5 * q + (whole - _log_sinhc(0.5 * s * r)) / divisor
    upper = r * part * _rise(-s * part)
    part = 0.5 * r - (whole - _log_sinhc(0.5 * s * q)) / divisor
    near = q * part * _rise(s * np.minimum(part, 1.0))
    far = q * (_rise(-s * q) / _rise(-s) - 1.0) / divisor
    return np.where(q >= 0.5, upper, np.where(s < _SMALL, near, far))


@elementwise()
def pathwise2(y: Array, rest: Array, eta: Array) -> Array:
    """Return ∂²y/∂η² at a fixed quantile: 1 − y has the opposite, at −η."""
    above = rest < y
    near = np.where(above, rest, y)

    def speeds(_: Any, c: Array, tilt: Array) -> tuple[Array]:
        return (pathwise(c, 1.0 - c, tilt),)

    tilt = np.where(above, -eta, eta)
    reach, room = np.maximum(np.abs(tilt), 1.0), np.full(near.shape, np.inf)
    ((bend,),) = bends(speeds, near, [tilt], [reach], [room], smooth=True)
    return np.where(above, -bend, bend)


def log_density(y: Array, rest: Array, eta: Array) -> Array:
    """Return ηy − ln((e^η − 1)/η): η (y − ½) − L(|η|/2), or from the end where p is largest."""
    s = np.abs(eta)
    near = eta * (y - 0.5) - _log_sinhc(0.5 * np.minimum(s, _SMALL))
    large = np.maximum(s, _SMALL)
    far = np.log(large) - np.log1p(-np.exp(-large)) - large * np.where(eta < 0.0, y, rest)
    return np.where(s < _SMALL, near, far)


def distance_from_mean(y: Array, rest: Array, eta: Array) -> Array:
    """Return y − E[y], which is the score in η, from the endpoint where p is largest."""
    c, sign = np.where(eta < 0.0, y, rest), np.where(eta < 0.0, 1.0, -1.0)
    s = np.abs(eta)
    near = (c - 0.5) + 0.5 * _langevin(0.5 * np.minimum(s, _SMALL))
    return sign * np.where(s < _SMALL, near, c - _nearer_mean(np.maximum(s, _SMALL)))


def mean(eta: Array) -> Array:
    """Return E[y] = ½ + L′(η/2)/2."""
    s = np.abs(eta)
    gap = 0.5 * _langevin(0.5 * np.minimum(s, _SMALL))
    c = np.where(s < _SMALL, 0.5 - gap, _nearer_mean(np.maximum(s, _SMALL)))
    return np.where(eta < 0.0, c, 1.0 - c)


def _nearer_mean(s: Array) -> Array:
    """Return the mean's distance from the endpoint where p is largest, for s that is not small."""
    return 1.0 / s - 1.0 / np.expm1(s)


def variance(eta: Array) -> Array:
    """Return (1/h² − 1/sinh² h)/4 with h = |η|/2."""
    h = 0.5 * np.abs(eta)
    square = np.minimum(h, 1.0) ** 2
    near = 0.25 * _series(_SINH_SQUARED, square) / (1.0 + square * _series(_SINHC, square)) ** 2
    inverse, rest = 1.0 / np.maximum(h, 1.0), 1.0 / np.sinh(np.maximum(h, 1.0))
    return np.where(h < 1.0, near, 0.25 * (inverse - rest) * (inverse + rest))


def third_cumulant(eta: Array) -> Array:
    """Return (coth h/sinh² h − 1/h³)/4 with h = η/2, the derivative of the variance."""
    h = 0.5 * np.abs(eta)
    small, large = np.minimum(h, 1.0), np.maximum(h, 1.0)
    near = -0.25 * small * _series(_COTH_OVER_SINH_SQUARED, small * small)
    inverse = 1.0 / np.minimum(np.sinh(large), LARGEST)
    far = 0.25 * (inverse * inverse / np.tanh(large) - large**-3.0)
    return np.where(eta < 0.0, -1.0, 1.0) * np.where(h < 1.0, near, far)


def entropy(eta: Array) -> Array:
    """Return L(h) − h L′(h) with h = |η|/2: −η²/24 next to 0."""
    s = np.abs(eta)
    h, large = 0.5 * np.minimum(s, _SMALL), np.maximum(s, _SMALL)
    far = 1.0 - np.log(large) + np.log1p(-np.exp(-large)) - large / np.expm1(large)
    return np.where(s < _SMALL, _log_sinhc(h) - h * _langevin(h), far)
