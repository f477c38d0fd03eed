"""The Bregman divergence of ln B, B the beta function, and its gradient, without cancellation.

For one distribution of a pair of shapes (y, t) and another of (x, s) it is B(x, y) + B(s, t) −
B(x + s, y + t), with the divergence B of ln Γ: Kullback and Leibler's of the two beta
distributions. Each of the three may be larger by far than what they add up to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import product_difference
from reparam.special._constants import STIRLING
from reparam.special.bregman import excess, relative_excess, stirling_divergence, trigamma_excess

__all__ = ["log_beta_divergence"]

#: How far arguments are carried up before the asymptotic series.
_STEPS = 10


def log_beta_divergence(
    x: Array, s: Array, y: Array, t: Array
) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """Return the divergence of ln B at (x, s) from (y, t), and its derivatives.

    Parameters
    ----------
    x, s
        Two positive shapes: those of q, if it is KL(p‖q).
    y, t
        Those of p.

    Returns
    -------
    tuple
        The divergence; its derivatives in y and t; those in x and s.

    Notes
    -----
    As Γ(y) = Γ(y + 10)/(y (y + 1) … (y + 9)), and by Stirling's series for arguments 10 higher, it
    is the sum of

    - I_0 + … + I_9 + ½ I_10, with I_k the divergence of ln (y + t + k) − ln (y + k) − ln (t + k):
      see :func:`_step`,
    - that of the terms y ln y: see :func:`_entropies`,
    - that of the series, of which :func:`_other_shape` has the differences.

    The larger shapes are taken for the first: then no part is much larger than the sum.
    """
    x, s, y, t = np.broadcast_arrays(x, s, y, t)
    swapped = np.maximum(y, x) < np.maximum(t, s)
    x, s = np.where(swapped, s, x), np.where(swapped, x, s)
    y, t = np.where(swapped, t, y), np.where(swapped, y, t)
    h, g, cross = x - y, s - t, _Cross.of(x, s, y, t)
    value: Array = np.zeros_like(x)
    for k in range(_STEPS + 1):
        value = value + (1.0 if k < _STEPS else 0.5) * _step(k, x, s, y, t, cross)
    value = value + _entropies(x, s, y, t, cross)
    in_x, of_x, series = _other_shape(x, y, h, s, t, g, cross)
    in_s, of_s, _ = _other_shape(s, t, g, x, y, h, -cross)
    value = value + series + stirling_divergence(s + _STEPS, t + _STEPS, g)[0]
    total = y + t
    common = trigamma_excess(total)
    ratio = (x + s) / total
    in_y = g * common - h * of_x - ratio * cross.over(x + s, y)
    in_t = h * common - g * of_s + ratio * cross.over(x + s, t)
    return (
        value,
        (np.where(swapped, in_t, in_y), np.where(swapped, in_y, in_t)),
        (np.where(swapped, in_s, in_x), np.where(swapped, in_x, in_s)),
    )


@dataclass(frozen=True)
class _Cross:
    """x t − s y, in units of a power of 2 near x + s: so it neither over- nor underflows."""

    value: Array
    unit: Array

    @classmethod
    def of(cls, x: Array, s: Array, y: Array, t: Array) -> _Cross:
        """Return x t − s y, without cancellation."""
        unit = np.ldexp(1.0, np.frexp(np.maximum(x, s))[1] - 1)
        return cls(product_difference(x / unit, t, s / unit, y), unit)

    def __neg__(self) -> _Cross:
        return _Cross(-self.value, self.unit)

    def over(self, of_q: Array, of_p: Array) -> Array:
        """Return it over a number of the size of x or s, and one of the size of y or t."""
        return self.value / (of_q / self.unit) / of_p


def _step(k: int, x: Array, s: Array, y: Array, t: Array, cross: _Cross) -> Array:
    """Return u + v − w − 1 − ln(uv/w), the ratios u, v and w being of y + k, t + k and y + t + k.

    With e = u + v − w it is (e − 1 − ln e) + ln(1 + (u − w)(w − v)/uv). Of the shares m, n and l of
    y, t and k in y + t + k, e = n u + m v + l, and e − 1 = n (u − 1) + m (v − 1).
    """
    h, g, total = x - y, s - t, y + t + k
    m, n, rest = y / total, t / total, k / total
    u, v, w = (x + k) / (y + k), (s + k) / (t + k), (x + s + k) / total
    e = n * u + m * v + rest
    from_u = cross.over(x + k, total) - k * (g / (x + k) / total)  # (u − w)/u
    from_v = cross.over(s + k, total) + k * (h / (s + k) / total)  # (w − v)/v
    apart = from_u * from_v
    near = np.abs(apart) < 0.5
    log = np.where(near, np.log1p(np.where(near, apart, 0.0)), np.log((w / u) * (e / v)))
    return excess(n * h / (y + k) + m * g / (t + k), np.log(e)) + log


def _entropies(x: Array, s: Array, y: Array, t: Array, cross: _Cross) -> Array:
    """Return x ln u + s ln v − (x + s − 10) ln w, with shapes and ratios 10 higher.

    It is w (y f(u/w − 1) + t f(v/w − 1)) − 10 (w − 1 − ln w), f(d) = (1 + d) ln(1 + d) − d. Where t
    and s are small beside 10, most of what they add cancels the last term: so t is taken without
    the 10, and the rest is 10 (f(v − 1) − (v − 1) ln w).
    """
    h, g = x - y, s - t
    y_up, t_up = y + _STEPS, t + _STEPS
    total_x, total_y = x + s + _STEPS, y + t + _STEPS
    w, grown = total_x / total_y, (h + g) / total_y
    log_w = np.where(np.abs(grown) < 0.5, np.log1p(grown), np.log(w))
    of_y = relative_excess(cross.over(total_x, y_up) - _STEPS * (g / y_up / total_x))
    of_t = relative_excess(-cross.over(total_x, t_up) - _STEPS * (h / t_up / total_x))
    steps = relative_excess(g / t_up) - g / t_up * log_w
    return w * (y_up * of_y + t * of_t) + _STEPS * steps


def _other_shape(
    x: Array, y: Array, h: Array, s: Array, t: Array, g: Array, cross: _Cross
) -> tuple[Array, Array, Array]:
    """Return how another shape, s and t, changes what ln Γ has in x and y.

    Parameters
    ----------
    x, y, h
        Shapes of q and p, and x − y.
    s, t, g
        The others, and s − t.
    cross
        x t − s y.

    Returns
    -------
    tuple of ndarray
        ψ(x) − ψ(y) less that of x + s and y + t; ψ₁(y) − 1/y less that of y + t; and the divergence
        of Stirling's series, with x + 10 and y + 10, less that with x + s + 10 and y + t + 10.
    """
    slope = curvature = np.zeros_like(x)
    for k in range(_STEPS + 1):
        near_x, near_y, far_x, far_y = x + k, y + k, x + s + k, y + t + k
        # (near_x/near_y − far_x/far_y)/near_x
        e = cross.over(near_x, far_y) / near_y - k * (g / near_x / near_y / far_y)
        of_inverse = _best(
            (h / near_y / near_x, -(h + g) / far_y / far_x),
            (t / near_y / far_y, -s / near_x / far_x),
            (e, (h + g) / far_y * (s / near_x / far_x)),
        )
        if k < _STEPS:
            slope = slope + of_inverse
            part, next_part = t / far_y, t / (far_y + 1.0)
            lost = part * (2.0 - part) + np.square(near_y / far_y) * next_part
            curvature = curvature + lost / near_y / near_y / (near_y + 1.0)
    r = e * near_x * (far_y / far_x)
    close = np.abs(r) < 0.5
    log = np.log((near_x / near_y) * (far_y / far_x))
    slope = slope + 0.5 * of_inverse + np.where(close, np.log1p(np.where(close, r, 0.0)), log)
    p, q = 1.0 / near_y, 1.0 / near_x
    far_p, far_q, gap, more_q = 1.0 / far_y, 1.0 / far_x, t / near_y / far_y, s / near_x / far_x
    curvature = curvature + 0.5 * gap * (p + far_p)
    value = np.zeros_like(x)
    before, after = h * p, (h + g) * far_p
    squares = e * near_y * (before + after + before * after) * (far_y * far_q)
    far_squares = after * ((h + g) * far_q)
    # as in bregman.loggamma_excess, and what each sum is more than with the other shape
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
            slope = slope + c * n * (of_inverse * following + (h + g) * far_p * far_q * more_next)
            # p^(n+2) from p^n, B_2k = n (n + 1) c
            more_third = gap * (cube * (p + far_p)) + far_p * far_p * more_cube
            curvature = curvature + n * (n + 1.0) * c * more_third
        more_sums, sums = gap * sums + far_p * more_sums + more_next, p * sums + following
        more_powers, powers = more_next, following
    return slope, curvature, value


def _best(*forms: tuple[Array, Array]) -> Array:
    """Return a sum of two terms that can be had in several forms: where these are smallest."""
    best, size = forms[0][0] + forms[0][1], np.abs(forms[0][0]) + np.abs(forms[0][1])
    for first, second in forms[1:]:
        other = np.abs(first) + np.abs(second)
        best = np.where(other < size, first + second, best)
        size = np.fmin(other, size)
    return best
