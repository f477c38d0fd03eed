"""Expectations of the logistic function of a Gaussian variable, x ~ N(μ, σ²).

With x = μ + σ z the integrands are analytic in a strip of half-width π/σ in z, and the trapezoidal
rule with step h is right to exp(−2π²/(σh)) (Trefethen & Weideman 2014, "The exponentially
convergent trapezoidal rule", theorem 5.1). For large σ the logistic function is a step between 0
and 1, whose expectation is a normal cdf, and what differs from it decays like e^−|x|.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from reparam._typing import Array
from reparam.special import logistic, normal

__all__ = ["log_slope_mean", "modest", "sigmoid_mean", "sigmoid_variance", "tanh_mean"]

#: Up to these σ the trapezoidal rule serves, each with its own step.
_CLASSES = (1.0, 4.0, 16.0)

#: σ times the step in z: the error is exp(−2π²/0.4) = 4e-22.
_STEP = 0.4

#: How far nodes go in z; towards large y further by 2σ, where e^(2x) moves the weight.
_REACH = 9.5

#: Edges of the panels for what decays like e^−t: beyond the last nothing is left.
_EDGES = (
    0.0,
    1.0,
    2.0,
    4.0,
    6.0,
    9.0,
    12.0,
    16.0,
    20.0,
    25.0,
    30.0,
    40.0,
    55.0,
    75.0,
    100.0,
    140.0,
)

#: Beyond it the logistic function is as good as a step; divided by the unit, numbers are modest.
_HUGE, _UNIT = 1e250, 2.0**600

#: How many elements are integrated together, which bounds memory.
_TOGETHER = 256

_ROOT_TWO_PI = math.sqrt(2.0 * math.pi)


def modest(loc: Array, scale: Array) -> tuple[Array, Array, Array]:
    """Return μ and σ divided by a number where they are so large that the ratio alone counts."""
    unit = np.where(np.maximum(np.abs(loc), scale) > _HUGE, _UNIT, 1.0)
    return loc / unit, np.maximum(scale / unit, 5e-324), unit


def sigmoid_mean(loc: Array, scale: Array) -> Array:
    """Return E[σ(x)], to full relative accuracy where it is small."""
    loc, scale, _ = modest(loc, scale)
    mean = _each(_mean_below, -np.abs(loc), scale)
    return np.where(loc > 0.0, 1.0 - mean, mean)


def sigmoid_variance(loc: Array, scale: Array) -> Array:
    """Return the variance of σ(x), to full relative accuracy where it is small."""
    loc, scale, _ = modest(loc, scale)
    return _each(_variance_below, -np.abs(loc), scale)


def tanh_mean(loc: Array, scale: Array) -> Array:
    """Return E[tanh x], to full relative accuracy also next to μ = 0."""
    loc, scale, _ = modest(loc, scale)
    return np.copysign(_each(_tanh_above, 2.0 * np.abs(loc), 2.0 * scale), loc)


def log_slope_mean(loc: Array, scale: Array) -> Array:
    """Return E[ln(σ(x) σ(−x))]."""
    loc, scale, unit = modest(loc, scale)
    return unit * _each(_log_slope_above, np.abs(loc), scale)


def _each(function: Callable[[Array, Array], Array], loc: Array, scale: Array) -> Array:
    """Apply a function to columns of μ and σ: those of a class of σ together."""
    shape = np.broadcast_shapes(np.shape(loc), np.shape(scale))
    loc, scale = (np.broadcast_to(each, shape).ravel() for each in (loc, scale))
    result = np.empty(loc.shape)
    number = np.searchsorted(_CLASSES, scale)
    for own in range(len(_CLASSES) + 1):
        rows = np.flatnonzero(number == own)
        for start in range(0, rows.size, _TOGETHER):
            some = rows[start : start + _TOGETHER]
            result[some] = function(loc[some, np.newaxis], scale[some, np.newaxis])
    return result.reshape(shape)


@cache
def _trapezoidal(most: float) -> tuple[Array, Array]:
    """Return nodes z and weights times the normal density, for σ up to that number."""
    step = _STEP / most
    last = math.ceil((_REACH + 2.0 * most) / step)
    z = np.asarray(step * np.arange(-math.ceil(_REACH / step), last + 1), np.float64)
    return z, np.asarray(step * np.exp(-0.5 * z * z) / _ROOT_TWO_PI)


def _rule(scale: Array) -> tuple[Array, Array] | None:
    """Return the rule for a class of σ, or None where the other method serves."""
    number = int(np.searchsorted(_CLASSES, scale[0, 0]))
    return _trapezoidal(_CLASSES[number]) if number < len(_CLASSES) else None


@cache
def _half_line() -> tuple[Array, Array]:
    """Return nodes and weights on (0, 140), for what decays like e^−t."""
    node, weight = map(np.asarray, np.polynomial.legendre.leggauss(24))
    edges = np.array(_EDGES)
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    nodes = edges[:-1, np.newaxis] + half * (1.0 + node)
    return nodes.ravel(), (half * weight).ravel()


def _densities(t: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
    """Return the Gaussian density at t and at −t."""
    above, below = (np.exp(-0.5 * ((x - loc) / scale) ** 2) for x in (t, -t))
    unit = scale * _ROOT_TWO_PI
    return np.asarray(above / unit), np.asarray(below / unit)


def _rise(z: Array, loc: Array, scale: Array) -> tuple[Array, Array]:
    """Return y₀ = σ(μ) and σ(μ + σz) − y₀ without the difference."""
    y = np.asarray(logistic.sigmoid(loc))
    growth = np.expm1(scale * z)
    return y, y * logistic.sigmoid(-loc) * growth / (1.0 + y * growth)


def _mean_below(loc: Array, scale: Array) -> Array:
    if (rule := _rule(scale)) is not None:
        z, weight = rule
        y, rise = _rise(z, loc, scale)
        return np.asarray(y[:, 0] + (rise * weight).sum(axis=-1))
    t, weight = _half_line()
    above, below = _densities(t, loc, scale)
    inner = (logistic.sigmoid(-t) * (below - above) * weight).sum(axis=-1)
    return np.asarray(normal.cdf((loc / scale)[:, 0]) + inner)


def _variance_below(loc: Array, scale: Array) -> Array:
    if (rule := _rule(scale)) is not None:
        z, weight = rule
        _, rise = _rise(z, loc, scale)
        return np.asarray(
            (rise * rise * weight).sum(axis=-1) - np.square((rise * weight).sum(axis=-1))
        )
    t, weight = _half_line()
    above, below = _densities(t, loc, scale)
    mean = _mean_below(loc, scale)[:, np.newaxis]
    small = logistic.sigmoid(-t)
    # (y − m)² less m² at x = −t, and less (1 − m)² at x = t, where y = 1 − σ(−t)
    near = small * (small - 2.0 * mean) * below + small * (small - 2.0 * (1.0 - mean)) * above
    ratio = loc / scale
    steps = mean**2 * normal.cdf(-ratio) + (1.0 - mean) ** 2 * normal.cdf(ratio)
    return np.asarray(steps[:, 0] + (near * weight).sum(axis=-1))


def _tanh_above(loc: Array, scale: Array) -> Array:
    """Return E[tanh ½x]."""
    if (rule := _rule(scale)) is not None:
        # ½ (tanh ½(μ + b) + tanh ½(μ − b)) = tanh μ/(1 + cosh b/cosh μ), b = σz: no cancellation
        z, weight = rule
        b = np.abs(scale * z)
        ratio = np.exp(b - loc) * (1.0 + np.exp(-2.0 * b)) / (1.0 + np.exp(-2.0 * loc))
        return np.asarray((np.tanh(loc) / (1.0 + ratio) * weight).sum(axis=-1))
    from scipy.special import erf

    t, weight = _half_line()
    above, _ = _densities(t, loc, scale)
    # the density at −t less that at t
    falling = above * np.expm1(-2.0 * t * (loc / scale) / scale)
    inner = (2.0 * logistic.sigmoid(-t) * falling * weight).sum(axis=-1)
    return np.asarray(erf((loc / scale)[:, 0] / math.sqrt(2.0)) + inner)


def _log_slope_above(loc: Array, scale: Array) -> Array:
    if (rule := _rule(scale)) is not None:
        z, weight = rule
        return np.asarray((logistic.log_slope(loc + scale * z) * weight).sum(axis=-1))
    t, weight = _half_line()
    above, below = _densities(t, loc, scale)
    ratio = (loc / scale)[:, 0]
    flat = np.exp(-0.5 * ratio * ratio) * math.sqrt(2.0 / math.pi)
    size = scale[:, 0] * flat + loc[:, 0] * (1.0 - 2.0 * normal.cdf(-ratio))  # E|x|
    return np.asarray(-size - (2.0 * np.log1p(np.exp(-t)) * (above + below) * weight).sum(axis=-1))
