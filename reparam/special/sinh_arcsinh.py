"""Hyperbolic functions of Johnson's S_U and the sinh-arcsinh distribution.

Of the latter z = c sinh w with w = (arsinh x + ε) τ, c = 2/sinh(τ arsinh 2) and standard normal x.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST, VAST, cosine_excess
from reparam.special.logit_normal import log_slope_mean

__all__ = [
    "MEAN_LOG_ROOT",
    "coth_excess",
    "cube",
    "factor",
    "less_tanh",
    "log_cosh",
    "log_cosh_mean",
    "log_factor",
    "log_root",
    "modest",
    "moments",
    "place",
    "scaled_sinh",
]

_A = math.asinh(2.0)
_LOG_TWO = math.log(2.0)
#: For smaller τ 1/τ is next to overflow, and z = c τ (arsinh x + ε) to the last bit.
_LEAST = 1e-305
#: Beyond it 1 + z² is z².
_FAR = 1e9
#: Beyond it sinh w is ½ e^w to the last bit.
_SOME = 30.0
#: E[½ ln(1 + x²)] of standard normal x.
MEAN_LOG_ROOT = 0.26672658992206742

#: The trapezoidal rule in x, whose error is exp(−2π/step): arsinh is analytic for |Im x| < 1.
_STEP, _MOST = 0.15, 400
#: Distances from the kink at w = 0, in units of 1/τ, at which E[ln cosh w] is split.
_KINK = np.array([0.0, 0.5, 1.0, 2.0, 4.0, 7.0, 12.0, 20.0])
#: Places in arsinh x at which it is split, too: beyond the last there is no probability.
_EDGES = np.linspace(-3.8, 3.8, 13)
#: How many elements are integrated together, which bounds memory.
_TOGETHER = 256


def log_root(z: Array) -> Array:
    """Return ½ ln(1 + z²), also where z² overflows."""
    size = np.abs(z)
    near = np.minimum(size, _FAR)
    return np.where(size < _FAR, 0.5 * np.log1p(near * near), np.log(size))


def modest(tailweight: Array) -> Array:
    """Return τ where c and τ arsinh 2 have room: beyond, z is the same, or 0 or infinite."""
    return np.clip(tailweight, _LEAST, VAST)


def log_cosh(x: Array) -> Array:
    """Return ln cosh x."""
    size = np.abs(x)
    half = np.sinh(0.5 * np.minimum(size, 1.0))
    far = size + np.log1p(np.exp(-2.0 * size)) - _LOG_TWO
    return np.where(size < 1.0, np.log1p(2.0 * half * half), far)


def log_cosh_mean(loc: Array, scale: Array) -> Array:
    """Return E[ln cosh x], x ~ N(μ, σ²): ln cosh x = −½ ln(σ(2x) σ(−2x)) − ln 2."""
    return -0.5 * log_slope_mean(2.0 * loc, 2.0 * scale) - _LOG_TWO


def cube(v: Array) -> Array:
    """Return x³/√(1 + x²) with x = sinh v."""
    x = np.sinh(v)
    return np.asarray(x * (x * np.tanh(v)))


def less_tanh(w: Array) -> Array:
    """Return w − tanh w, about w³/3."""
    small = np.clip(w, -1.0, 1.0)
    near = cosine_excess(small * small) * small * small * small / np.cosh(small)
    return np.where(np.abs(w) < 1.0, near, w - np.tanh(w))


def coth_excess(tailweight: Array) -> Array:
    """Return k = s coth s − 1 with s = τ arsinh 2, about s²/3."""
    s = _A * tailweight
    small = np.minimum(s, 1.0)
    near = cosine_excess(small * small) * small * small * (small / np.sinh(small))
    return np.where(s < 1.0, near, s / np.tanh(s) - 1.0)


def log_factor(tailweight: Array) -> Array:
    """Return ln c."""
    s = _A * tailweight
    far = 2.0 * _LOG_TWO - s - np.log1p(-np.exp(-2.0 * s))
    return np.where(s < 1.0, _LOG_TWO - np.log(np.sinh(np.minimum(s, 1.0))), far)


def factor(tailweight: Array) -> Array:
    """Return c, at least 1e-300."""
    return np.exp(np.maximum(log_factor(tailweight), -690.0))


def scaled_sinh(w: Array, log: Array) -> Array:
    """Return e^log sinh w, also where one of the two under- or overflows."""
    near = np.exp(log) * np.sinh(np.clip(w, -_SOME, _SOME))
    far = np.copysign(np.exp(np.abs(w) + (log - _LOG_TWO)), w)
    return np.where(np.abs(w) < _SOME, np.where(w == 0.0, 0.0, near), far)


def place(z: Array, tailweight: Array) -> Array:
    """Return w = arsinh(z/c), also where z/c overflows."""
    log, ratio = log_factor(tailweight), z / factor(tailweight)
    far = np.copysign(np.log(np.abs(z)) + (_LOG_TWO - log), z)
    return np.where(np.abs(ratio) < _FAR, np.arcsinh(ratio), far)


def moments(skewness: Array, tailweight: Array) -> tuple[Array, Array, Array]:
    """Return mean and variance of z, and E[ln cosh w], for arrays of one shape."""
    columns = [each.reshape(-1, 1) for each in (skewness, tailweight)]
    found = np.empty((3, columns[0].size))
    for start in range(0, columns[0].size, _TOGETHER):
        rows = slice(start, start + _TOGETHER)
        some = [column[rows] for column in columns]
        found[:2, rows] = _mean_and_variance(*some)
        found[2, rows] = _log_cosh_of_w(*some)
    mean, variance, log = (row.reshape(skewness.shape) for row in found)
    return mean, variance, log


def _mean_and_variance(skewness: Array, tailweight: Array) -> tuple[Array, Array]:
    s, log_weight = _trapezoidal()
    log = log_factor(tailweight)
    # what is odd in x cancels
    growth = log_cosh(tailweight * s) + log_weight
    most = growth.max(axis=-1, keepdims=True)
    spread = most + np.log(np.exp(growth - most).sum(axis=-1, keepdims=True))
    mean = scaled_sinh(tailweight * skewness, log + spread)
    root = 0.5 * log_weight
    away = scaled_sinh(tailweight * (s + skewness), log + root) - np.exp(root) * mean
    finite = np.isfinite(mean[:, 0])
    return mean[:, 0], np.where(finite, np.square(away).sum(axis=-1), np.inf)


@cache
def _trapezoidal() -> tuple[Array, Array]:
    """Return arsinh of nodes x, and logarithms of weights times the normal density."""
    x = _STEP * np.arange(-_MOST, _MOST + 1)
    return np.arcsinh(x), math.log(_STEP / math.sqrt(2.0 * math.pi)) - 0.5 * x * x


def _log_cosh_of_w(skewness: Array, tailweight: Array) -> Array:
    kink = np.concatenate((-_KINK, _KINK)) / tailweight - skewness
    fixed = np.broadcast_to(_EDGES, (len(kink), _EDGES.size))
    edges = np.sort(np.concatenate((np.clip(kink, _EDGES[0], _EDGES[-1]), fixed), axis=1), axis=1)
    node, weight = np.polynomial.legendre.leggauss(24)
    half = 0.5 * np.diff(edges)[..., np.newaxis]
    s = edges[:, :-1, np.newaxis] + half * (1.0 + node)
    density = np.exp(-0.5 * np.sinh(s) ** 2) * np.cosh(s) / math.sqrt(2.0 * math.pi)
    w = tailweight[..., np.newaxis] * (s + skewness[..., np.newaxis])
    w = np.clip(w, -LARGEST, LARGEST)
    return np.asarray(np.sum(log_cosh(w) * density * (half * weight), axis=(1, 2)))
