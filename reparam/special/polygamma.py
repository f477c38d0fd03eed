"""The digamma function and its derivative where differences of them cancel.

δ(z) = ln z − ψ(z) is positive and decreasing, about 1/2z; its differences stay accurate where those
of ψ do not. So do those of −δ′(z) = ψ′(z) − 1/z, about 1/2z².
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import LARGEST, log1pmx
from reparam.special._constants import BERNOULLI

__all__ = [
    "delta",
    "delta_difference",
    "delta_differences",
    "delta_step",
    "delta_step_bend",
    "digamma_difference",
    "digamma_half_excess",
    "digamma_lag",
    "trigamma_excess_step",
]

#: From here on the asymptotic series is accurate to an ulp, and with six terms of it.
_LARGE, _LARGER = 10.0, 16.0

#: How far arguments are carried up before it.
_CARRIED = 10


def delta(z: Array) -> Array:
    """Return δ(z) = ln z − ψ(z) for z > 0: to a few ulp for z ≥ 10 (DLMF 5.11.2), below of ψ."""
    from scipy.special import digamma

    asymptotic = _asymptotic(np.maximum(z, _LARGE))
    if np.all(z >= _LARGE):
        return asymptotic
    return np.where(z >= _LARGE, asymptotic, np.log(z) - digamma(z))


def _asymptotic(z: Array) -> Array:
    inverse = 1.0 / z
    square = inverse * inverse
    total = 0.0 * square
    for coefficient in reversed(BERNOULLI):
        total = total * square + coefficient
    return inverse * (0.5 + inverse * total)


def digamma_difference(z: Array, h: Array) -> Array:
    """Return ψ(z+h) − ψ(z) for z, h > 0, to full relative accuracy however small h is.

    Carried up ten times by ψ(z+1) = ψ(z) + 1/z (DLMF 5.5.2), then by divided differences of the
    asymptotic series.
    """
    end = z + h
    carried = 0.0 * end
    for k in range(10):
        carried = carried + 1.0 / ((z + float(k)) * (end + float(k)))
    p, q = 1.0 / (z + 10.0), 1.0 / (end + 10.0)
    step = h * p * q
    return h * carried + np.log1p(h * p) + 0.5 * step + step * (p + q) * _bernoulli_slope(p, q)


def delta_differences(a: Array, b: Array) -> tuple[Array, Array]:
    """Return δ₁(a) − δ₁(a+b) and δ(b) − δ(a+b), both positive, δ₁(z) = ψ(z+1) − ln z = 1/z − δ(z).

    Where a and b are large, δ(z) = 1/2z + g(1/z), and the differences of 1/2z, which are exact,
    are at least 30 times those of g. Elsewhere see :func:`digamma_difference`.
    """
    p, q, r = 1.0 / a, 1.0 / (a + b), 1.0 / b
    common = _tail_of_delta(q)
    first = 0.5 * b * p * q - (_tail_of_delta(p) - common)
    second = 0.5 * a * r * q + (_tail_of_delta(r) - common)
    if np.all(large := (a >= _LARGER) & (b >= _LARGER)):
        return first, second
    return (
        np.where(large, first, _delta1_difference(a, b)),
        np.where(large, second, _delta_difference(b, a)),
    )


def delta_difference(a: Array, b: Array) -> Array:
    """Return δ(a) − δ(b), of either sign, to full relative accuracy however near a and b are."""
    return np.copysign(delta_step(np.minimum(a, b), np.abs(a - b)), b - a)


def delta_step(z: Array, h: Array) -> Array:
    """Return δ(z) − δ(z+h) > 0 for z, h > 0, to full relative accuracy also for z < 10 ≪ h.

    There it is carried up by δ(z) = δ(z+1) + 1/z − ln(1 + 1/z).
    """
    near = _delta_difference(z, h)
    if not np.any(far := (z < _LARGE) & (h > z)):
        return near
    z, h = np.where(far, z, _LARGE), np.where(far, h, _LARGE)
    overflowing = np.isinf(1.0 / z)
    total = _delta_difference(z + _LARGE, h)
    for k in range(int(_LARGE)):
        start, end = (np.minimum(1.0 / (each + float(k)), LARGEST) for each in (z, z + h))
        total = total + (log1pmx(end) - log1pmx(start))
    return np.where(far, np.where(overflowing, np.inf, total), near)


def _tail_of_delta(inverse: Array) -> Array:
    """Return g(1/z) = δ(z) − 1/2z for z ≥ 16."""
    square = inverse * inverse
    total = square * BERNOULLI[5]
    for coefficient in reversed(BERNOULLI[:5]):
        total += coefficient
        total *= square
    return total


def _delta_difference(z: Array, h: Array) -> Array:
    """Return δ(z) − δ(z+h) > 0 for z, h > 0.

    For z ≥ 10 the asymptotic series is differenced term by term, with divided differences of
    powers, which keeps full relative accuracy however small the result.
    """
    p, q = 1.0 / z, 1.0 / (z + h)
    step = h * p * q  # p − q
    large = 0.5 * step + step * (p + q) * _bernoulli_slope(p, q)
    if np.all(z >= _LARGE):
        return large
    return np.where(
        z >= _LARGE, large, digamma_difference(z, h) - np.log1p(np.minimum(h * p, LARGEST))
    )


def _delta1_difference(z: Array, h: Array) -> Array:
    """Return δ₁(z) − δ₁(z+h) > 0 for z, h > 0, with δ₁(z) = ψ(z+1) − ln z = 1/z − δ(z)."""
    p, q = 1.0 / z, 1.0 / (z + h)
    step = h * p * q
    large = 0.5 * step - step * (p + q) * _bernoulli_slope(p, q)
    if np.all(z >= _LARGE):
        return large
    return np.where(z >= _LARGE, large, np.log1p(h * p) - digamma_difference(z, h) + step)


def digamma_half_excess(z: Array) -> Array:
    """Return ψ(z + ½) − ψ(z) − 1/2z > 0, about 1/8z², to full relative accuracy.

    With f(z) = f(z+1) + 1/(4 z (z+½) (z+1)) it is carried up ten times; then
    f(z) ~ Σ (B_2k/2k) (2^2k − 1)/2^(2k−1) z^−2k.
    """
    carried = 0.0 * z
    for k in range(10):
        start = z + float(k)
        carried = carried + 0.25 / (start * (start + 0.5) * (start + 1.0))
    inverse = 1.0 / (z + 10.0)
    square = inverse * inverse
    series = 0.0 * square
    for k in range(len(BERNOULLI), 0, -1):
        series = (series + BERNOULLI[k - 1] * (4.0**k - 1.0) * 2.0 / 4.0**k) * square
    return carried + series


def _bernoulli_slope(p: Array, q: Array) -> Array:
    """Return the divided difference between p² and q² of Σ (B_2k/2k) y^k."""
    square, other = p * p, q * q
    value = slope = 0.0 * (square + other)
    for coefficient in (*reversed(BERNOULLI), 0.0):
        slope = slope * other + value
        value = value * square + coefficient
    return slope


def trigamma_excess_step(z: Array, h: Array) -> Array:
    """Return t(z) − t(z+h) > 0 with t(z) = ψ′(z) − 1/z, for z, h > 0, to full relative accuracy.

    Carried up ten times by t(z) = t(z+1) + 1/(z²(z+1)), then by divided differences of the
    asymptotic series 1/2z² + Σ B_2k z^(−2k−1).
    """
    total = 0.0 * (z + h)
    for k in range(_CARRIED):
        start = z + float(k)
        end = start + h
        ratio = start / end
        fall = h / end * (1.0 + ratio) + ratio * ratio * (h / (end + 1.0))
        total = total + fall / start / start / (start + 1.0)
    start = z + float(_CARRIED)
    p, q = 1.0 / start, 1.0 / (start + h)
    square, other = p * p, q * q
    # Σ B_2k y^(k−1) at p², and its divided difference to q²
    value = slope = 0.0 * (square + other)
    for k in range(len(BERNOULLI), 0, -1):
        slope = slope * other + value
        value = value * square + 2 * k * BERNOULLI[k - 1]
    cubes = (square + p * q + other) * value + other * q * (p + q) * slope
    return total + h * p * q * (0.5 * (p + q) + cubes)


def delta_step_bend(z: Array, h: Array, step: Array) -> Array:
    """Return c′(z) + 2 c(z)/z of c(z) = δ(z) − δ(z+h), which is given as `step`, for z ≥ 1.

    Both terms are about h/z³ for large z, and their sum (3h² − h)/6z⁴. There, with p = 1/z
    and θ = z/(z+h), it is ½ p² (1−θ)² − 2p Σ (B_2k/2k) p^2k ((k − 1) (1 − θ^2k) + k θ^2k (1 − θ)).
    """
    near = 2.0 * step / z - trigamma_excess_step(z, h)
    if not np.any(z >= _LARGE):
        return near
    large = np.maximum(z, _LARGE)
    end = large + h
    p, share, ratio = 1.0 / large, h / end, large / end
    square = ratio * ratio
    term, rising, power = p, 0.0 * share, 1.0 + 0.0 * share
    total = 0.0 * share
    for k, coefficient in enumerate(BERNOULLI, 1):
        rising = rising + power * (1.0 + ratio)  # (1 − θ^2k)/(1 − θ)
        power = power * square
        term = term * (p * p)
        total = total + coefficient * term * ((k - 1) * rising + k * power)
    far = share * (0.5 * p * p * share - 2.0 * total)
    return np.where(z >= _LARGE, far, near)


def digamma_lag(z: Array, h: Array) -> Array:
    """Return ψ′(z+h) − (ψ(z+h) − ψ(z))/h < 0 for z > 0 and 0 < h ≤ 1, about ½ h ψ″(z).

    To full relative accuracy: by a sum of terms of one sign, then by the asymptotic series, of
    which the leading term is (ln(1 − r) + r)/h with r = h/(z+h).
    """
    total = 0.0 * (z + h)
    for k in range(_CARRIED):
        start = z + float(k)
        end = start + h
        total = total - h / start / end / end
    start = z + float(_CARRIED)
    end = start + h
    p, q = 1.0 / start, 1.0 / end
    growth = h * p  # p/q − 1
    term, height, rising, series = q, 0.0 * p, 0.0 * p, 0.0 * p
    for coefficient in BERNOULLI:
        term = term * (q * q)
        for _ in range(2):
            height = height * (1.0 + growth) + 1.0
            rising = rising + height
        series = series + coefficient * term * rising
    return total + log1pmx(-h / end) / h - 0.5 * h * p * q * q - growth * series
