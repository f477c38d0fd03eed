"""Probabilities of counts: of binomial type without cancellation, sums over them, and draws.

The logarithms of probabilities are Loader's (2000, "Fast and accurate computation of binomial
probabilities"): what is large in factorials and powers is taken out before they are subtracted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from reparam._typing import Array
from reparam.special import normal
from reparam.special._accurate import log1pmx, product_difference
from reparam.special._elementwise import column, integrate, weighted
from reparam.special._point import Point, point_at
from reparam.special.log_gamma import log_gamma_star
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = [
    "NORMAL_SD",
    "excess",
    "excess_at",
    "log_binomial",
    "log_binomial_at",
    "log_poisson",
    "normal_tail",
    "spread_entropy",
    "stirling",
    "summed_entropy",
    "tail_entropy",
]


def stirling(x: Array) -> Array:
    """Return ln Γ(x) − (x − ½) ln x + x − ½ ln 2π for x > 0: Stirling's error of ln x!."""
    small = np.minimum(x, 1.0)
    carried = (small + 0.5) * np.log1p(1.0 / small) - 1.0
    whole = log_gamma_star(np.where(x < 1.0, x + 1.0, x))
    return np.where(x < 1.0, whole + carried, whole)


def _tilt(x: Array, n: Array, p: Array, excess: Array, log_p: Array | None = None) -> Array:
    """Return x ln(np/x) − excess ≤ 0, where excess = np − x: Loader's −bd₀.

    Where p underflows, its logarithm counts.
    """
    near = np.abs(excess) < 0.5 * x
    moved = n * p
    ratio = moved / x
    normal = (moved > 1e-290) & (ratio > 1e-290) & (ratio < 1e290)
    log_p = np.log(p) if log_p is None else log_p
    log = np.where(normal, np.log(np.where(normal, ratio, 1.0)), np.log(n) - np.log(x) + log_p)
    return np.where(near, x * log1pmx(np.where(near, excess / x, 0.0)), x * log - excess)


def log_poisson(k: Array, rate: Array) -> Array:
    """Return ln(λ^k e^−λ / k!) for k = 0 and k ≥ ¼, not necessarily whole."""
    some = np.maximum(k, 0.25)
    inner = (
        _tilt(some, np.ones(()), rate, rate - some)
        - stirling(some)
        - HALF_LOG_TWO_PI
        - 0.5 * np.log(some)
    )
    return np.where(k == 0.0, -rate, inner)


def excess(k: Array, rest: Array, p: Array) -> Array:
    """Return (k + rest) p − k = rest p − k (1 − p), with the rounding errors of all of it added."""
    q = 1.0 - p
    return product_difference(rest, p, k, q) - k * ((1.0 - q) - p)


def excess_at(k: Array, rest: Array, point: Point) -> Array:
    """Return the same, given logit p exactly, of which p and 1 − p are rounded."""
    centered = 0.5 * ((rest - k) + (k + rest) * np.tanh(0.5 * point.logit))
    apart = product_difference(rest, point.x, k, point.rest)
    return np.where(np.abs(point.logit) < 1.0, centered, apart)


def log_binomial(k: Array, rest: Array, p: Array) -> Array:
    """Return ln(Γ(k+rest+1) / (Γ(k+1) Γ(rest+1)) p^k (1−p)^rest) for k, rest > 0."""
    return log_binomial_at(k, rest, point_at(p), excess(k, rest, p))


def log_binomial_at(k: Array, rest: Array, point: Point, over: Array) -> Array:
    """Return the same, given p and 1 − p in one, and :func:`excess`."""
    n, (log_p, log_q) = k + rest, point.logs
    tilts = _tilt(k, n, point.x, over, log_p) + _tilt(rest, n, point.rest, -over, log_q)
    errors = stirling(n) - stirling(k) - stirling(rest)
    return tilts + errors - HALF_LOG_TWO_PI + 0.5 * (np.log(n / rest) - np.log(k))


#: From this standard deviation on cumulative functions are those of the normal limit. SciPy's
#: incomplete beta function loses all its digits soon after.
NORMAL_SD = 2.0**25


def normal_tail(x: Array, skewness: Array, upper: bool) -> Array:
    """Return P(X > x), or P(X ≤ x), of a standardized variate that is nearly normal.

    Its skewness, of the order of `NORMAL_SD` inverted, is corrected (Cornish & Fisher 1938): the
    relative error is about (x² skewness)².
    """
    w = x - skewness * (x * x - 1.0) / 6.0
    return normal.sf(w) if upper else normal.cdf(w)


# Sums over all counts -----------------------------------------------------------------------------


def _entropy_of(log_p: Array) -> Array:
    """Return −p ln p, 0 where p is."""
    return np.where(log_p > -740.0, -np.exp(log_p) * log_p, 0.0)


def summed_entropy(log_mass: Callable[..., Array], reach: Array, *theta: Array) -> Array:
    """Return −Σ p ln p over 0 … max(reach), term by term, for flat arrays."""
    nodes = int(np.max(reach, initial=0.0)) + 1
    counts, ones = column(np.arange(nodes)), np.ones(nodes)

    def sums(_: Array, *pieces: Array) -> tuple[Array, ...]:
        return (weighted(_entropy_of(log_mass(counts, *pieces)), ones),)

    return integrate(sums, nodes, 1, *theta)[0]


#: From this standard deviation on log masses round by more than Edgeworth's next term is.
_WIDE = 3e3
#: Up to this skewness γ that term, of the size of γ⁴/24, is below rounding beside the entropy.
_SYMMETRIC = 4e-4


def spread_entropy(
    log_mass: Callable[..., Array], mean: Array, sd: Array, skewness: Array, *theta: Array
) -> Array:
    """Return −Σ p ln p where p is bell-shaped, sd ≥ 10 and mean ≥ 10 sd, for flat arrays.

    The trapezoidal sum over any lattice that is fine enough is exponentially accurate: this one
    has steps of a third of a standard deviation. Next to a normal distribution it is that one's
    entropy, corrected for skewness (Edgeworth's series).
    """
    steps = np.arange(-29.0, 46.0) / 3.0

    def sums(_: Array, mean: Array, sd: Array, *pieces: Array) -> tuple[Array, ...]:
        terms = _entropy_of(log_mass(mean + column(steps) * sd, *pieces))
        return (weighted(terms, np.full(steps.size, 1.0 / 3.0)) * sd,)

    summed = integrate(sums, steps.size, 1, mean, sd, *theta)[0]
    normal = HALF_LOG_TWO_PI + 0.5 + np.log(sd) - skewness * skewness / 12.0
    return np.where((skewness < _SYMMETRIC) & (sd > _WIDE), normal, summed)


#: Terms of a sum with a long tail that are added one by one.
_HEAD = 200


def tail_entropy(log_mass: Callable[..., Array], reach: Array, *theta: Array) -> Array:
    """Return −Σ p ln p where p has a long smooth tail, up to `reach`, for flat arrays.

    The first terms are added, the tail is integrated over ln k, and central differences make the
    one of the other (Gregory's form of Euler & Maclaurin's formula).
    """
    head = np.ones(_HEAD + 3)
    for offset, weight in ((0, -0.5), (1, -1.0), (2, -1.0)):
        head[_HEAD + offset] += weight
    for offset, weight in ((1, -1 / 24 - 11 / 720), (2, 11 / 1440)):
        head[_HEAD + offset] += weight
        head[_HEAD - offset] -= weight
    counts, (position, weights) = column(np.arange(head.size)), _graded()
    nodes = head.size + position.size

    def sums(_: Array, reach: Array, *pieces: Array) -> tuple[Array, ...]:
        length = np.log(reach / _HEAD)
        dense = np.minimum(length, _DENSE)
        at, rest = position[:, np.newaxis], length - dense
        down = np.minimum(at, 1.0) * dense + np.maximum(at - 1.0, 0.0) * rest
        k = reach * np.exp(-down)
        scale = np.where(at < 1.0, dense, rest)
        first = _entropy_of(log_mass(counts, *pieces))
        tail = _entropy_of(log_mass(k, *pieces)) * k * scale
        return (weighted(first, head) + weighted(tail, weights),)

    return integrate(sums, nodes, 1, reach, *theta)[0]


#: How far down from its end, in ln k, the tail's quadrature is dense.
_DENSE = 30.0


@cache
def _graded() -> tuple[Array, Array]:
    """Return nodes and weights: 60 panels on (0, 1), 10 on (1, 2)."""
    node, weight = np.polynomial.legendre.leggauss(20)
    edges = np.concatenate([np.linspace(0.0, 1.0, 61), np.linspace(1.0, 2.0, 11)[1:]])
    half = 0.5 * np.diff(edges)[:, np.newaxis]
    return (edges[:-1, np.newaxis] + half * (1.0 + node)).ravel(), (half * weight).ravel()


# Draws --------------------------------------------------------------------------------------------

#: From this variance on draws are rounded from a normal variate with its skewness corrected
#: (Cornish & Fisher 1938): probabilities are off by less than 1e-9, where NumPy's tests of
