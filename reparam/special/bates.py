"""The sum of n uniform variables on (0, 1): density, tail and quantile up to the middle, n/2.

The density is a polynomial M on each interval (k, k + 1), and the textbook's sum of powers,
Σ_j (−1)^j C(n, j) (s − j)₊^(n−1)/(n−1)!, loses all digits from n = 20 on. In Bernstein's basis,

    M(k + t) = Σ_j a_kj C(n−1, j) t^j (1−t)^(n−1−j)/(n−1)!,

the coefficients are positive integers: by M_n(s) = ∫ M_{n−1} over (s−1, s) those of n are sums of
those of n − 1 (a spline's recursion; de Boor 1972). So are those of the integral of M, and up to
the middle the differences, those of M′. All are summed exactly, rounded once and evaluated as
positive terms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import elementwise

__all__ = ["cdf", "density", "elasticity", "entropy", "log_cdf", "log_density", "quantile"]

#: Most Newton steps of a quantile; five or six are usual.
_MOST_STEPS = 60
#: Nodes of the entropy on each interval, where M and ln M are analytic.
_NODES = 40


@dataclass(frozen=True)
class _Pieces:
    """Coefficients on (k, k+1) for k < n/2, a row each, and the integral at k."""

    density: Array
    slope: Array
    integral: Array
    below: Array


@cache
def _integers(n: int) -> list[list[int]]:
    """Return a_kj for 0 ≤ k < n."""
    if n == 1:
        return [[1]]
    before = [[0] * (n - 1), *_integers(n - 1), [0] * (n - 1)]
    rows = []
    for left, right in pairwise(before):
        rest = [*accumulate(reversed(left))][::-1]  # what is left of the interval before
        rows.append([a + b for a, b in zip([*rest, 0], [0, *accumulate(right)], strict=True)])
    return rows


@cache
def _pieces(n: int) -> _Pieces:
    rows = _integers(n)[: (n + 1) // 2]
    below = [0, *accumulate(map(sum, rows))]
    integrals = [[*accumulate(row, initial=start)] for row, start in zip(rows, below, strict=False)]
    # for n = 1 there is no slope
    bends = [[b - a for a, b in pairwise(row)] or [0] for row in rows]
    return _Pieces(
        _scaled(rows, math.factorial(n - 1)),
        _scaled(bends, math.factorial(max(n - 2, 0))),
        _scaled(integrals, math.factorial(n)),
        np.array([start / math.factorial(n) for start in below[:-1]]),
    )


def _scaled(rows: list[list[int]], unit: int) -> Array:
    """Return coefficients of t^j (1−t)^(m−j), rounded once."""
    most = len(rows[0]) - 1
    return np.array([[a * math.comb(most, j) / unit for j, a in enumerate(row)] for row in rows])


def _summed(table: Array, piece: NDArray[np.intp], t: Array) -> Array:
    """Return Σ_j c_j t^j (1−t)^(m−j), by Horner's rule in t/(1−t) or its inverse."""
    most, near = table.shape[1] - 1, t <= 0.5
    large = np.where(near, 1.0 - t, t)
    ratio = np.where(near, t, 1.0 - t) / large
    total = np.zeros_like(t)
    for j in range(most, -1, -1):
        total *= ratio
        total += table[piece, np.where(near, j, most - j)]
    return np.asarray(total * large**most)


def _at(name: str, s: Array, n: int) -> Array:
    """Return what one of the tables gives at 0 ≤ s ≤ n/2."""
    table = getattr(_pieces(n), name)
    piece = np.fmin(np.fmax(np.floor(s), 0.0), len(table) - 1.0).astype(np.intp)  # NaN is 0
    return _summed(table, piece, s - piece)


def _by_count(formula: Callable[[Array, int], Array], s: Array, n: Array) -> Array:
    """Return a formula's values, of the elements of each n by themselves."""
    if np.ndim(n) == 0:
        return formula(s, int(n))
    result = np.empty(s.shape)
    for count in np.unique(n):
        own = n == count
        result[own] = formula(s[own], int(count))
    return result


@elementwise()
def density(s: Array, n: Array) -> Array:
    """Return M(s) for 0 ≤ s ≤ n/2."""
    return _by_count(lambda s, n: _at("density", s, n), s, n)


@elementwise()
def log_density(s: Array, n: Array) -> Array:
    """Return ln M(s) for 0 ≤ s ≤ n/2: below 1 it is s^(n−1)/(n−1)!."""
    from scipy.special import gammaln, xlogy

    near = s < 1.0
    log = np.log(density(np.where(near, 1.0, s), n))  # n = 1 has no s above ½
    return np.where(near | (n == 1.0), xlogy(n - 1.0, s) - gammaln(n), log)


@elementwise()
def elasticity(s: Array, n: Array) -> Array:
    """Return s M′(s)/M(s) ≥ 0 for 0 ≤ s ≤ n/2: below 1 it is n − 1."""

    def inner(s: Array, n: int) -> Array:
        near = s < 1.0
        outer = np.where(near, 1.0, s)
        return np.where(near, n - 1.0, s * _at("slope", outer, n) / _at("density", outer, n))

    return np.where(np.isnan(s), s, _by_count(inner, s, n))


@elementwise()
def cdf(s: Array, n: Array) -> Array:
    """Return P(S ≤ s) for 0 ≤ s ≤ n/2, to full relative accuracy."""
    return _by_count(lambda s, n: _at("integral", s, n), s, n)


@elementwise()
def log_cdf(s: Array, n: Array) -> Array:
    """Return ln P(S ≤ s) for 0 ≤ s ≤ n/2, also where it underflows: below 1 it is s^n/n!."""
    from scipy.special import gammaln

    near = s < 1.0
    log = np.log(cdf(np.where(near, np.minimum(1.0, 0.5 * n), s), n))
    return np.where(near, n * np.log(s) - gammaln(n + 1.0), log)


@elementwise()
def quantile(p: Array, n: Array) -> Array:
    """Return s with P(S ≤ s) = p, for 0 ≤ p ≤ ½.

    ln P is concave, since the density is log-concave: from below Newton's method comes nearer with
    each step, and it starts at the integer below.
    """
    return _by_count(_quantile, p, n)


def _quantile(p: Array, n: int) -> Array:
    # below 1 the power is that of P(S ≤ s) n!, whose logarithm has lost digits of tiny p
    below, power = _pieces(n).below, p * math.factorial(n)
    s = np.exp(np.log(power) / n)
    s = np.where(p > 0.0, s - s / n * (s**n / power - 1.0), 0.0 * p)
    piece = np.searchsorted(below, p, side="right") - 1
    rest = np.flatnonzero(piece > 0)
    s[rest] = piece[rest]
    for _ in range(_MOST_STEPS):
        if not rest.size:
            break
        found = _at("integral", s[rest], n)
        step = found / _at("density", s[rest], n) * np.log(p[rest] / found)
        s[rest] = np.minimum(s[rest] + step, 0.5 * n)
        rest = rest[step > 1e-9 * s[rest]]  # another one would be about the square of it
    return s


@elementwise()
def entropy(n: Array) -> Array:
    """Return −∫ M ln M."""
    return _by_count(lambda s, n: np.full(s.shape, _entropy(n)), n, n)


@cache
def _entropy(n: int) -> float:
    """Below 1 in closed form, above by Gauss's rule on each interval up to the middle."""
    first = (math.lgamma(n) + (n - 1) / n) / math.factorial(n)
    if n == 1:
        return 0.0
    node, weight = (0.5 * part for part in leggauss(_NODES))
    total = 0.0
    for k in range(1, (n + 1) // 2):
        width = min(1.0, 0.5 * n - k)
        values = _at("density", k + width * (0.5 + node), n)
        total -= width * float(np.sum(weight * values * np.log(values)))
    return 2.0 * (first + total)
