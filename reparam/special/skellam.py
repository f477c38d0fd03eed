"""Probabilities of the difference of two Poisson counts, by Debye's expansion of Bessel functions.

p(y) = e^(−a−b) (a/b)^(y/2) I_|y|(2√(ab)). With r = √(y² + 4ab) the counts A = (r + y)/2 and
B = (r − y)/2, of product ab, are the likeliest pair of difference y, and

    ln p(y) = −B(A, a) − B(B, b) − ½ ln 2πr + ln Σ U_k/r^k

where B(x, y) = x ln(x/y) − x + y: two positive terms in place of four that cancel. The U_k are
polynomials in (y/r)² (DLMF 10.41.10, times powers).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.polynomial.polynomial import polyder, polyval

from reparam._typing import Array
from reparam.special.bregman import relative_excess
from reparam.special.counts import log_poisson
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["log_skellam", "score"]

#: Of k, the rate of its side, the other one, and r.
Formula: TypeAlias = Callable[..., tuple[Array, ...]]

#: From this r on the expansion's terms fall below rounding: the smallest is about e^−2r.
_LARGE = 30.0

#: How many terms: the next is below 1e-17 at r = 30.
_ORDER = 18

#: Terms of the power series below: of ab < 225 they fall below rounding.
_SERIES = 75


def log_skellam(y: Array, a: Array, b: Array) -> Array:
    """Return ln p(y) for real y and rates a, b ≥ 0."""
    return _split(y, a, b, (_added, _expanded), 1)[0]


def score(y: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return ∂ ln p/∂a and ∂ ln p/∂b: inf where p(y) = 0."""
    first, second = _split(y, a, b, (_added_slopes, _expanded_slopes), 2)
    up = y >= 0.0
    return np.where(up, first, second), np.where(up, second, first)


def _split(
    y: Array, a: Array, b: Array, formulas: tuple[Formula, Formula], outputs: int
) -> list[Array]:
    """Return formulas of k = |y|, the rate of its side and the other one, for small and large r."""
    y, a, b = np.broadcast_arrays(np.asarray(y, dtype=np.float64), a, b)
    up = y >= 0.0
    k, own, other = np.abs(y), np.where(up, a, b), np.where(up, b, a)
    r = np.hypot(k, 2.0 * np.sqrt(own) * np.sqrt(other))
    results = [np.full(y.shape, np.nan) for _ in range(outputs)]
    for some, formula in zip((r < _LARGE, r >= _LARGE), formulas, strict=True):
        if np.any(some):
            found = formula(k[some], own[some], other[some], r[some])
            for result, part in zip(results, found, strict=True):
                result[some] = part
    return results


def _added(k: Array, a: Array, b: Array, _: Array) -> tuple[Array]:
    """Return ln p(k) by the power series, relative to the Poisson count k."""
    product, term, rest = a * b, np.ones(k.shape), np.zeros(k.shape)
    for j in range(1, _SERIES):
        term = term * (product / (j * (k + j)))
        rest = rest + term
        if np.all(term < 1e-18 * (1.0 + rest)):
            break  # further terms change no sum
    none = np.where(k == 0.0, 0.0, -np.inf)
    of_one = np.where(a == 0.0, none, log_poisson(k, a))
    return (of_one - b + np.log1p(rest),)


def _added_slopes(k: Array, a: Array, b: Array, _: Array) -> tuple[Array, Array]:
    """Return p(k − 1)/p(k) − 1 and p(k + 1)/p(k) − 1."""
    log_p = log_skellam(k, a, b)
    return tuple(  # type: ignore[return-value]
        np.where(log_p == -np.inf, np.inf, np.expm1(log_skellam(k + step, a, b) - log_p))
        for step in (-1.0, 1.0)
    )


def _pair(k: Array, a: Array, b: Array, r: Array) -> tuple[Array, Array, Array, Array]:
    """Return A, B, A − a and B − b, the differences without cancellation."""
    first = 0.5 * (r + k)
    second = a * (b / first)
    # with d = k − (a − b): A − a = d (A + a)/(r + a + b) and B − b = −d (B + b)/(r + a + b)
    share = ((k - a) + b) / (r + a + b)
    return first, second, share * (first + a), -share * (second + b)


def _expanded(k: Array, a: Array, b: Array, r: Array) -> tuple[Array]:
    first, second, over, under = _pair(k, a, b, r)
    away = _bregman(first, a, over) + _bregman(second, b, under)
    total = np.zeros(k.shape)
    for coefficients in reversed(_polynomials()):
        total = total / r + polyval((k / r) ** 2, coefficients)
    return (-away - HALF_LOG_TWO_PI - 0.5 * np.log(r) + np.log(total),)


def _expanded_slopes(k: Array, a: Array, b: Array, r: Array) -> tuple[Array, Array]:
    """Return A/a − 1 and B/b − 1 = a/A − 1, corrected by what r and the sum change with ab."""
    first, _, over, _ = _pair(k, a, b, r)
    square, total, moved = (k / r) ** 2, np.zeros(k.shape), np.zeros(k.shape)
    for order, coefficients in reversed([*enumerate(_polynomials())]):
        value, slope = polyval(square, coefficients), polyval(square, polyder(coefficients))
        total = total / r + value
        moved = moved / r + order * value + 2.0 * square * slope
    bent = -(1.0 + 2.0 * moved / total) / r / r
    in_own = np.where(a == 0.0, np.inf, over / a) + b * bent
    return in_own, -over / first + a * bent


def _bregman(x: Array, y: Array, gap: Array) -> Array:
    """Return x ln(x/y) − x + y, given x − y: inf where y alone is 0."""
    d = gap / y
    near = np.abs(d) < 0.5
    far = np.where(x > 0.0, x * np.log(x / y), 0.0) - gap
    return np.where(x == y, 0.0, np.where(near, y * relative_excess(np.where(near, d, 0.0)), far))


@cache
def _polynomials() -> tuple[Array, ...]:
    """Return the coefficients of U_k, by powers of (y/r)²: U_0 = 1, and the recurrence."""
    u, found = [Fraction(1)], []
    for k in range(_ORDER + 1):
        found.append(np.array([float(c) for c in u]))
        # of p^k Σ c_i p^(2i): ½ p² (1 − p²) f′ + ⅛ ∫ (1 − 5t²) f, divided by p^(k+1)
        after = [Fraction(0)] * (len(u) + 1)
        for i, c in enumerate(u):
            power = k + 2 * i
            after[i] += c * (Fraction(power, 2) + Fraction(1, 8 * (power + 1)))
            after[i + 1] -= c * (Fraction(power, 2) + Fraction(5, 8 * (power + 3)))
        u = after
    return tuple(found)
