"""Bregman divergences B_φ(x, y) = φ(x) − φ(y) − (x − y) φ′(y) where the obvious way cancels.

The Kullback-Leibler divergence within an exponential family is that of its log normalizer. It
vanishes with the square of x − y, far below the rounding errors of its terms: each function here
keeps full relative accuracy however near x and y are.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST, log1pmx, product_difference
from reparam.special.log_gamma import STIRLING

__all__ = [
    "excess",
    "generalized_kl",
    "itakura_saito",
    "itakura_saito_squares",
    "log_quotient",
    "loggamma_excess",
    "loggamma_shift",
    "relative_excess",
    "trigamma_excess",
]

#: How far arguments are carried up before the asymptotic series.
_STEPS = 10

#: 2k B_2k/2k = B_2k for k = 1, 2, …
_BERNOULLI = tuple(2 * k * (2 * k - 1) * c for k, c in enumerate(STIRLING, 1))


def log_quotient(x: Array, y: Array) -> Array:
    """Return ln(x/y) for x, y > 0, also where the quotient over- or underflows."""
    quotient = x / y
    normal = (quotient > 1e-290) & (quotient < np.inf)
    near = np.abs(x - y) < 0.5 * y
    return np.select(
        [near, normal], [np.log1p((x - y) / y), np.log(quotient)], np.log(x) - np.log(y)
    )


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
    return y * relative_excess((x - y) / y)


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
    terms cancel by half for small v; ln(1−v) by itself is better below v = −1. The series is
    Σ c_k x^(1−2k), and the divergence of x^−n is (h²/xy) Σ (n−i) x^−i y^(i−n) over i < n.
    """
    value, slope = np.zeros(np.broadcast(x, y).shape), np.zeros(np.broadcast(x, y).shape)
    for _ in range(_STEPS):
        ratio = -h / (y + 1.0)  # −vx
        bent = log1pmx(np.minimum(ratio / x, LARGEST))
        # ln(1 − v), also where v overflows
        log = np.where(x > 1e-290, np.log1p(ratio / x), np.log(x + ratio) - np.log(x))
        near = (x + 1.0) * bent + (h / x) * (h / y) / (y + 1.0)
        value += np.where(ratio > x, (x + 1.0) * log + h / y, near)
        slope += bent + h / y / x / (y + 1.0)
        x, y = x + 1.0, y + 1.0
    value += 0.5 * excess(h / y, log_quotient(x, y))
    slope += 0.5 * h / (x * y)
    p, q = 1.0 / y, 1.0 / x
    # for n = 1, 2, …: Σ_{i<n} p^(n−1−i) q^i, its partial sums Σ (n−i) p^(n−1−i) q^i, and q^(n−1)
    powers = sums = np.ones_like(slope)
    power = np.ones_like(slope)
    of_value, of_slope = np.zeros_like(slope), np.zeros_like(slope)
    for n in range(1, 2 * len(STIRLING)):
        power = power * q
        grown = p * powers + power
        if n % 2:
            coefficient = STIRLING[n // 2]
            of_value += coefficient * sums
            of_slope += coefficient * n * grown
        sums, powers = p * sums + grown, grown
    return value + (h * p) * (h * q) * p * of_value, slope + h * p * q * of_slope


def trigamma_excess(x: Array) -> Array:
    """Return ψ₁(x) − 1/x > 0 for x > 0, about 1/2x²: f″ of :func:`loggamma_excess`.

    It is carried up by 1/(x²(x+1)) a step; then ~ 1/2x² + Σ B_2k x^(−2k−1) (DLMF 5.15.8).
    """
    carried = np.zeros(np.shape(x))
    for _ in range(_STEPS):
        carried += 1.0 / x / x / (x + 1.0)
        x = x + 1.0
    inverse = 1.0 / x
    square = inverse * inverse
    series = np.zeros_like(carried)
    for coefficient in reversed(_BERNOULLI):
        series = series * square + coefficient
    return carried + square * (0.5 + inverse * series)


def loggamma_shift(
    x: Array, y: Array, h: Array, shift_x: Array, shift_y: Array, shift_h: Array
) -> tuple[Array, Array, Array]:
    """Return how ln Γ's divergence B(x, y) is less when both arguments are shifted.

    Parameters
    ----------
    x, y, h
        Positive, and x − y.
    shift_x, shift_y, shift_h
        What is added to x and y, positive, and the difference of that.

    Returns
    -------
    tuple of ndarray
        B(x, y) − B(x + shift_x, y + shift_y); of ψ(x) − ψ(y) the same; and ψ₁(y) − ψ₁(y + shift_y).

    Notes
    -----
    As :func:`loggamma_excess`, with each difference taken term by term, so that it is accurate
    for small shifts, too. With d = h/y, and D of the shifted arguments, d − D = e and
    1 + d = (1 + D)(1 + r). The divergence of −ln is then less by e D/(1+D) − (ln(1+r) − r), and
    that of x ln x by shift_y (D − ln(1+D)) − shift_h ln(1+D) + y (1+D) ((1+r) ln(1+r) − r).
    """
    grown = h + shift_h
    value = slope = curvature = np.zeros(np.broadcast(x, y, shift_x, shift_y).shape)
    for k in range(_STEPS + 1):
        far_x, far_y = x + shift_x, y + shift_y
        after = grown / far_y  # D
        e = product_difference(shift_y, h, shift_h, y) / far_y / y
        r = e * (far_y / far_x)
        near = e * (grown / far_x) - log1pmx(np.where(np.abs(r) < 0.3, r, 0.0))
        log_r = np.where(r > -0.5, np.log1p(r), np.log((x / y) * (far_y / far_x)))  # ln(1 + r)
        of_log = np.where(np.abs(r) < 0.3, near, e - log_r)
        of_inverse = e / x + after * (shift_x / x / far_x)
        gap = shift_y / y / far_y
        of_square = gap * (1.0 / y + 1.0 / far_y)
        if k < _STEPS:
            value, slope, curvature = value + of_log, slope + of_inverse, curvature + of_square
            x, y = x + 1.0, y + 1.0
    log = np.where(np.abs(after) < 0.5, np.log1p(after), np.log(far_x / far_y))
    value = value + 0.5 * of_log + shift_y * excess(after, log) - shift_h * log
    value = value + y * (far_x / far_y) * relative_excess(r)
    slope = slope + 0.5 * of_inverse + log_r
    curvature = curvature + 0.5 * of_square + gap
    # as in loggamma_excess, of p = 1/y and q = 1/x, and what each is more than with the shift
    p, q = 1.0 / y, 1.0 / x
    far_p, far_q, more_q = 1.0 / far_y, 1.0 / far_x, shift_x * q / far_x
    before = h * p
    squares = e * (before + after + before * after) * (y / x) * (far_y / far_x)
    far_squares = after * (grown * far_q)
    power = powers = sums = cube = np.ones_like(value)
    more_power = more_powers = more_sums = more_cube = np.zeros_like(value)
    for n in range(1, 2 * len(STIRLING)):
        more_power, power = more_q * power + far_q * more_power, power * q
        more_cube, cube = gap * cube + far_p * more_cube, cube * p
        more_next = gap * powers + far_p * more_powers + more_power
        following = p * powers + power
        if n % 2:
            c = STIRLING[n // 2]
            value = value + c * (
                squares * p * sums + far_squares * (gap * sums + far_p * more_sums)
            )
            slope = slope + c * n * (of_inverse * following + grown * far_p * far_q * more_next)
            # p^(n+2) from p^n, B_2k = n (n + 1) c
            more_third = gap * (cube * (p + far_p)) + far_p * far_p * more_cube
            curvature = curvature + n * (n + 1.0) * c * more_third
        more_sums, sums = gap * sums + far_p * more_sums + more_next, p * sums + following
        more_powers, powers = more_next, following
    return value, slope, curvature
