"""The standard normal inverse Gaussian distribution: integrals of its density.

With z = sinh t and β = α tanh r the density of t is

    f(t) = (α/π) K₁(x) e^x exp(−2γ sinh²(½(t − r))),   x = α cosh t,   γ = α/cosh r,

where nothing cancels: for z the exponent is γ + βz − α√(1 + z²). It rises to one mode between 0
and r and falls at least like e^(−|t|/2). Integrals are taken outwards from t or from the mode, on
panels that grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import TypeAlias

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import column, elementwise

__all__ = [
    "bessel_deficit",
    "entropy",
    "integrals",
    "log_density",
    "one_minus_ratio",
]

#: The logarithm of what is left out at the end of an integral.
_FALL = 42.0
#: Up to this distance from the mode, in t and in the exponent, panels serve all points.
_NEAR = 15.0
#: Ends of panels from the start to the knee, after which f falls like exp(−e^s), and from there on.
_BEFORE = np.array([0.0, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.25, 0.35, 0.5, 0.65, 0.82])
_AFTER = np.linspace(0.0, 1.0, 9)
#: How long before the end of a long integral the knee is: weights may grow like e^s up to it.
_KNEE = 7.0
_NODE, _WEIGHT = leggauss(10)
#: From this x on 1 − K₀/K₁ is its asymptotic series.
_ASYMPTOTIC = 30.0

#: How many elements are computed at a time.
_PIECE = 4096

#: Some α and r, and where their modes are.
Each: TypeAlias = tuple[Array, Array, Array]
#: Weights of an integrand, of s, cosh s, K₁(x) e^x, α and r.
Weights: TypeAlias = Callable[[Array, Array, Array, Array, Array], tuple[Array, ...]]


def _coefficients(count: int) -> list[float]:
    """Return c_k of 1 − K₀/K₁ = Σ c_k/x^k, from D′ = 2D − D² − (1 − D)/x."""
    found = [0.0]
    for k in range(1, count):
        square = sum(found[i] * found[k - i] for i in range(1, k))
        found.append(0.5 * (square + (k == 1) - k * found[k - 1]))
    return found


_SERIES = _coefficients(22)
_SLOPES = [k * c for k, c in enumerate(_SERIES)]


def one_minus_ratio(x: Array) -> Array:
    """Return D(x) = 1 − K₀(x)/K₁(x), about 1/2x for large x."""
    from scipy.special import k1e

    return bessel_deficit(x, k1e(x))


def bessel_deficit(x: Array, bessel: Array) -> Array:
    """Return D(x), given K₁(x) e^x."""
    from scipy.special import k0e

    return np.where(x < _ASYMPTOTIC, 1.0 - k0e(x) / bessel, _summed(x, _SERIES))


def ratio_slope(x: Array) -> Array:
    """Return D′(x), about −1/2x² for large x."""
    deficit = one_minus_ratio(x)
    inner = deficit * (2.0 - deficit) - (1.0 - deficit) / x
    return np.where(x < _ASYMPTOTIC, inner, -_summed(x, _SLOPES) / x)


def _summed(x: Array, coefficients: list[float]) -> Array:
    """Return Σ c_k/x^k."""
    inverse = 1.0 / np.maximum(x, _ASYMPTOTIC)
    series = np.zeros_like(inverse)
    for c in reversed(coefficients):
        series *= inverse
        series += c
    return series


def log_density(t: Array, alpha: Array, r: Array) -> Array:
    """Return ln f(t)."""
    from scipy.special import k1e

    return np.asarray(np.log(alpha * k1e(alpha * np.cosh(t)) / math.pi) + _exponent(t, alpha, r))


def _exponent(t: Array, alpha: Array, r: Array) -> Array:
    return np.asarray(-2.0 * alpha / np.cosh(r) * np.sinh(0.5 * (t - r)) ** 2)


def _fallen(step: Array, t: Array, alpha: Array, r: Array) -> Array:
    """Return the exponent a step from t less that at t: far out steps are small beside t."""
    fall = np.sinh(t - r + 0.5 * step) * np.sinh(0.5 * step)
    return np.asarray(-2.0 * alpha / np.cosh(r) * fall)


def _mode(alpha: Array, r: Array) -> Array:
    """Return about where f is greatest: γ sinh(r − t) = κ tanh t with κ between ½ and 1."""
    size, rate = np.abs(r), alpha / np.cosh(r)
    mode = np.maximum(size - np.arcsinh(0.75 * np.tanh(size) / rate), 0.0)
    return np.asarray(np.copysign(mode, r))


def _length(t: Array, alpha: Array, r: Array, fall: float) -> Array:
    """Return a distance above t, itself at or above the mode, over which ln f falls by `fall`."""
    rate = alpha / np.cosh(r)
    rising, falling = 0.5 * rate * np.exp(t - r), 0.5 * rate * np.exp(r - t)
    bounds = (
        2.0 * (fall + falling),
        np.log1p((fall + falling) / rising),
        np.sqrt(2.0 * fall / rate) + 2.0 * np.maximum(r - t, 0.0),
        np.where(rising > falling, fall / (rising - falling), np.inf),
    )
    return np.asarray(np.fmin.reduce(bounds))


def _edges(length: Array) -> Array:
    """Return the endpoints of panels over a length, a column for each element."""
    knee = np.maximum(0.5 * length, length - _KNEE)
    return np.concatenate([column(_BEFORE) * knee, knee + column(_AFTER) * (length - knee)])


def _on_panels(
    origin: Array, edges: Array, at: Array, alpha: Array, r: Array, weights: Weights
) -> list[Array]:
    """Return integrals of K₁(x) e^x and the fall from `at`, times weights, over each panel.

    The rows of edges are distances from the origin.
    """
    from scipy.special import k1e

    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * np.abs(edges[1:] - edges[:-1])
    away = middle + half * _NODE[:, np.newaxis, np.newaxis]
    s = origin + away
    cosh = np.cosh(s)
    bessel = k1e(alpha * cosh)
    height = bessel * np.exp(_fallen((origin - at) + away, at, alpha, r))
    height *= half * _WEIGHT[:, np.newaxis, np.newaxis]
    # a weight that overflows has nothing to weigh
    parts = (
        np.where(height == 0.0, 0.0, height * part) for part in weights(s, cosh, bessel, alpha, r)
    )
    return [_in_order(part) for part in parts]


def _in_order(rows: Iterable[Array]) -> Array:
    """Return the sum of rows, the same however many columns there are."""
    return np.asarray(reduce(np.add, rows))


def _far(
    t: Array, alpha: Array, r: Array, upper: NDArray[np.bool_], weights: Weights
) -> list[Array]:
    """Return integrals over all above t, or below, away from the mode: relative to the one at t."""
    sign = np.where(upper, 1.0, -1.0)
    edges = sign * _edges(_length(sign * t, alpha, sign * r, _FALL))
    return [_in_order(part) for part in _on_panels(t, edges, t, alpha, r, weights)]


def _near(
    t: Array, place: NDArray[np.intp], upper: NDArray[np.bool_], each: Each, weights: Weights
) -> list[Array]:
    """Return integrals over all above t, or below, relative to the greatest exponential.

    The panels are the same for all points of one α and r, and are integrated once. A point's own is
    the rest of one panel.
    """
    alpha, r, mode = each
    above = _edges(_length(mode, alpha, r, _NEAR + _FALL))
    below = -_edges(_length(-mode, alpha, -r, _NEAR + _FALL))[:0:-1]
    edges, none = np.concatenate([below, above]), np.zeros((1, len(mode)))
    whole = _on_panels(mode, edges, r, alpha, r, weights)
    step = np.clip(t - mode[place], edges[0, place], edges[-1, place])
    panel = np.sum(edges[1:-1, place] <= step, axis=0)
    rest = np.stack([step, edges[np.where(upper, panel + 1, panel), place]])
    own = r[place]
    shares = _on_panels(mode[place], rest, own, alpha[place], own, weights)
    found = []
    for panels, share in zip(whole, shares, strict=True):
        to_end = np.concatenate([np.cumsum(panels[::-1], axis=0)[::-1], none])
        from_start = np.concatenate([none, np.cumsum(panels, axis=0)])
        others = np.where(upper, to_end[panel + 1, place], from_start[panel, place])
        found.append(others + share[0])
    return found


def _distinct(alpha: Array, r: Array) -> tuple[Each, NDArray[np.intp]]:
    """Return each α and r with its mode, and which of them is an element's."""
    if alpha.strides == r.strides == (0,):
        alpha, r, place = alpha[:1], r[:1], np.zeros(alpha.shape, np.intp)
    else:
        pairs, place = np.unique(alpha + 1j * r, return_inverse=True)
        alpha, r = np.real(pairs), np.imag(pairs)
    return (alpha, r, _mode(alpha, r)), place


def _integrals(
    t: Array, alpha: Array, r: Array, upper: NDArray[np.bool_], weights: Weights, count: int
) -> tuple[Array, ...]:
    """Return where the exponential is taken, and integrals relative to it, of `count` weights."""
    results = tuple(np.empty(t.shape) for _ in range(count + 1))
    for start in range(0, t.size, _PIECE):
        piece = slice(start, start + _PIECE)
        at, a, tilt, side = t[piece], alpha[piece], r[piece], upper[piece]
        each, place = _distinct(a, tilt)
        apart = at - each[2][place]
        away = (np.abs(apart) > _NEAR) | (_exponent(at, a, tilt) < -_NEAR)
        outwards = away & ((apart > 0.0) == side)
        results[0][piece] = np.where(outwards, at, tilt)
        if (near := np.flatnonzero(~outwards)).size:
            found = _near(at[near], place[near], side[near], each, weights)
            for result, part in zip(results[1:], found, strict=True):
                result[piece][near] = part
        if (far := np.flatnonzero(outwards)).size:
            found = _far(at[far], a[far], tilt[far], side[far], weights)
            for result, part in zip(results[1:], found, strict=True):
                result[piece][far] = part
    return results


@elementwise(outputs=5)
def integrals(z: Array, alpha: Array, r: Array) -> tuple[Array, ...]:
    """Return ∂z/∂α, √(1 − τ²) ∂z/∂τ, and −F_θφ/p for α and α, α and τ, τ and τ likewise.

    Weights that have no mean are integrated from the end on whose side of the mean that in τ keeps
    its sign.
    """
    from scipy.special import k1e

    t = np.arcsinh(z)
    alpha, r = np.broadcast_to(alpha, t.shape), np.broadcast_to(r, t.shape)
    at, *found = _integrals(t, alpha, r, t > r, _scores_and_bends, 5)
    height = np.exp(_fallen(t - at, at, alpha, r)) * k1e(alpha * np.cosh(t)) / np.cosh(t)
    height = np.where(t > r, height, -height)
    return tuple(integral / height for integral in found)


def _scores(s: Array, cosh: Array, bessel: Array, alpha: Array, r: Array) -> tuple[Array, ...]:
    """Return the score in α, and √(1 − τ²) times that in τ."""
    apart = np.sinh(0.5 * (s - r))
    in_alpha = cosh * bessel_deficit(alpha * cosh, bessel) - 2.0 * apart * apart / np.cosh(r)
    return in_alpha, 2.0 * alpha * np.cosh(0.5 * (s + r)) * apart / np.cosh(r)


def _scores_and_bends(
    s: Array, cosh: Array, bessel: Array, alpha: Array, r: Array
) -> tuple[Array, ...]:
    """Return the scores, and second derivatives of the density over the density."""
    first, second = _scores(s, cosh, bessel, alpha, r)
    turned = cosh * cosh * ratio_slope(alpha * cosh)
    return (
        first,
        second,
        first * first + turned,
        first * second + second / alpha,
        second * second - alpha * np.cosh(r),
    )


@elementwise()
def entropy(alpha: Array, r: Array) -> Array:
    """Return −E ln p(z)."""

    def information(
        s: Array, cosh: Array, bessel: Array, alpha: Array, r: Array
    ) -> tuple[Array, ...]:
        return (np.log(cosh / bessel) - np.log(alpha / math.pi) - _exponent(s, alpha, r),)

    r = np.broadcast_to(r, alpha.shape)
    sides = np.full(alpha.shape, True), np.full(alpha.shape, False)
    mode = _mode(alpha, r)
    parts = (_integrals(mode, alpha, r, side, information, 1)[1] for side in sides)
    return alpha / math.pi * _in_order(parts)
