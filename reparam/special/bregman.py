"""Bregman divergences B_φ(x, y) = φ(x) − φ(y) − (x − y) φ′(y) where the obvious way cancels.

The Kullback-Leibler divergence within an exponential family is that of its log normalizer. It
vanishes with the square of x − y, far below the rounding errors of its terms: each function here
keeps full relative accuracy however near x and y are.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1pmx
from reparam.special._constants import STIRLING

__all__ = [
    "excess",
    "generalized_kl",
    "itakura_saito",
    "itakura_saito_squares",
    "log_quotient",
    "loggamma_excess",
    "loggamma_second_difference",
    "relative_excess",
    "stirling_divergence",
    "trigamma_excess",
]

#: How far arguments are carried up before the asymptotic series.
_STEPS = 10

#: 2k B_2k/2k = B_2k for k = 1, 2, …
_BERNOULLI = tuple(2 * k * (2 * k - 1) * c for k, c in enumerate(STIRLING, 1))


def log_quotient(x: Array, y: Array) -> Array:
    """Return ln(x/y) for x, y > 0, also where the quotient over- or underflows."""
    apart = x - y
    near = np.abs(apart) < 0.5 * y
    log = np.log1p(apart / y)
    if np.all(near):
        return np.asarray(log)
    quotient = x / y
    normal = (quotient > 1e-290) & (quotient < np.inf)
    log = np.where(near, log, np.log(quotient))
    return log if np.all(near | normal) else np.where(near | normal, log, np.log(x) - np.log(y))


def excess(d: Array, log: Array) -> Array:
    """Return d − ln(1 + d), given ln(1 + d) that is accurate where d is not small."""
    return np.where(np.abs(d) < 0.3, -log1pmx(d), d - log)


def itakura_saito(x: Array, y: Array) -> Array:
    """Return x/y − 1 − ln(x/y) for x, y > 0: of φ = −ln (Itakura & Saito 1968)."""
    return excess((x - y) / y, log_quotient(x, y))


def itakura_saito_squares(x: Array, y: Array) -> tuple[Array, Array]:
    """Return that of x² and y², and x²/y² − 1."""
    d = (x - y) / y
    square = d * (2.0 + d)
    return excess(square, 2.0 * log_quotient(x, y)), square


def relative_excess(d: Array) -> Array:
    """Return (1 + d) ln(1 + d) − d for d ≥ −1."""
    near = np.abs(d) < 0.5
    small = np.where(near, d, 0.0)
    grown = np.maximum(1.0 + d, 5e-324)  # at d = −1 the product is 0
    return np.where(near, (1.0 + d) * log1pmx(small) + small * small, grown * np.log(grown) - d)


def generalized_kl(x: Array, y: Array) -> Array:
    """Return x ln(x/y) − x + y for x ≥ 0, y > 0: of φ = x ln x (Csiszár 1991, I-divergence)."""
    d = (x - y) / y
    far = np.where(x > 0.0, x * log_quotient(np.maximum(x, 5e-324), y), 0.0) - (x - y)
    return np.where(np.abs(d) < 0.5, y * relative_excess(d), far)


def loggamma_excess(x: Array, y: Array, h: Array) -> tuple[Array, Array]:
    """Return B_f(x, y) and f′(x) − f′(y) for f(x) = ln Γ(x) − x ln x + x, which is convex.

    Parameters
    ----------
    x, y
        Positive.
    h
        x − y, more accurate than it can be had from large x and y.

    Notes
    -----
    f(x) = f(x+1) + (x+1) ln(1 + 1/x) − 1 carries it up, then f(x) = −½ ln x + ln Γ*(x) + const.
    With v = h/(x(y+1)) a step of the divergence is (x+1) (ln(1−v) + v) + h²/(xy(y+1)), whose two
    terms cancel by half for small v; ln(1−v) by itself is better below v = −1, and so is
    1 − v = (y/x) (x+1)/(y+1) where it is small.
    """
    value = slope = np.zeros_like(x + y)
    for _ in range(_STEPS):
        v = h / (y + 1.0) / x
        log = np.log1p(-v)
        if np.any(far := v >= 0.5):
            log = np.where(far, log_quotient(y, x) + log_quotient(x + 1.0, y + 1.0), log)
        bent = np.where(np.abs(v) < 0.3, log1pmx(-v), log + v)
        near = (x + 1.0) * bent + (h / x) * (h / y) / (y + 1.0)
        value = value + np.where(v < -1.0, (x + 1.0) * log + h / y, near)
        slope = slope + (bent + h / y / x / (y + 1.0))
        x, y = x + 1.0, y + 1.0
    value = value + 0.5 * excess(h / y, log_quotient(x, y))
    slope = slope + 0.5 * h / (x * y)
    of_value, of_slope = stirling_divergence(x, y, h)
    return value + of_value, slope + of_slope


def loggamma_second_difference(s: Array, start: Array | float = 1.0) -> Array:
    """Return ln Γ(a+2s) − 2 ln Γ(a+s) + ln Γ(a) ≥ 0 for a, a + 2s > 0, about ψ′(a) s².

    It is the sum of ln Γ's divergences at a + 2s and at a from a + s, whose slopes cancel.
    """
    one, middle, end = start + 0.0 * s, start + s, start + 2.0 * s
    d = s / middle
    of_entropies = middle * (relative_excess(d) + relative_excess(-d))
    above, below = loggamma_excess(end, middle, s)[0], loggamma_excess(one, middle, -s)[0]
    return of_entropies + (above + below)


def stirling_divergence(x: Array, y: Array, h: Array) -> tuple[Array, Array]:
    """Return B_f(x, y) and f′(x) − f′(y) for ln Γ*'s asymptotic series f, and x, y ≥ 10.

    The series is Σ c_k x^(1−2k), and the divergence of x^−n is (h²/xy) Σ (n−i) x^−i y^(i−n) over
    i < n.

    Parameters
    ----------
    x, y, h
        The arguments, and x − y.
    """
    p, q = 1.0 / y, 1.0 / x
    # for n = 1, 2, …: Σ_{i<n} p^(n−1−i) q^i, its partial sums Σ (n−i) p^(n−1−i) q^i, and q^(n−1)
    powers = sums = power = np.ones_like(p * q)
    of_value = of_slope = np.zeros_like(power)
    for n in range(1, 2 * len(STIRLING)):
        power = power * q
        grown = p * powers + power
        if n % 2:
            coefficient = STIRLING[n // 2]
            of_value = of_value + coefficient * sums
            of_slope = of_slope + coefficient * n * grown
        sums, powers = p * sums + grown, grown
    return (h * p) * (h * q) * p * of_value, h * p * q * of_slope


def trigamma_excess(x: Array) -> Array:
    """Return ψ₁(x) − 1/x > 0 for x > 0, about 1/2x²: f″ of :func:`loggamma_excess`.

    It is carried up by 1/(x²(x+1)) a step; then ~ 1/2x² + Σ B_2k x^(−2k−1) (DLMF 5.15.8).
    """
    carried = np.zeros_like(x)
    for _ in range(_STEPS):
        carried = carried + 1.0 / x / x / (x + 1.0)
        x = x + 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = np.zeros_like(carried)
    for coefficient in reversed(_BERNOULLI):
        series = series * square + coefficient
    return carried + square * (0.5 + inverse * series)
