"""The standard stable distribution: what its integrals are of, in the notation of their module.

And exponentials of complex numbers, which are slow in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array

__all__ = [
    "HALF_PI",
    "LEAST",
    "Factor",
    "constants",
    "expm1",
    "exponential",
    "in_alpha",
    "in_alpha_and_skew",
    "in_alpha_twice",
    "in_density",
    "in_skew",
    "in_slope",
    "in_tail",
    "powers",
    "product",
    "turn",
]

HALF_PI = 0.5 * math.pi
#: What stands for an ε of 0.
LEAST = 1e-100

#: Constants of α: ε, S, C, ε/S, G(1).
Constants: TypeAlias = tuple[Array, Array, Array, Array, Array]
#: What an integral has beside e^h dw/w: of ln w, w^ε − 1, w^ε, w and a scale of w.
Integrand: TypeAlias = Callable[[Any, Any, Any, Any, Array], Any]
#: The integrand of α and β.
Factor: TypeAlias = Callable[[Array, Array], Integrand]


def constants(alpha: Array) -> Constants:
    """Return ε, S, C, ε/S and G(1)."""
    e = alpha - 1.0
    e = np.where(np.abs(e) < LEAST, LEAST, e)
    s, c = np.sin(HALF_PI * e), np.sin(HALF_PI * (2.0 - alpha))
    return e, s, c, e / s, np.tan(0.5 * HALF_PI * e)


#: Closer to 0 derivatives of (e^z − 1)/z are series, of so many terms, by the order.
_CANCELS, _TERMS = {1: 0.2, 2: 0.5}, {1: 11, 2: 15}


def _bends_of_ratio(e: Array, s: Array) -> tuple[Array, Array]:
    """Return the first and the second derivative of ε/S."""
    angle = HALF_PI * e
    near = np.abs(angle) < 0.5
    square = np.where(near, angle * angle, 0.0)
    series = np.zeros(np.shape(e))
    for n in range(9, 0, -1):  # of (sin − angle cos)/angle³
        series = 2.0 * n / math.factorial(2 * n + 1) - square * series
    cosine = np.cos(angle)
    rise = np.where(near, series * (angle / s) ** 3, (s - angle * cosine) / s**3)
    return rise * s, HALF_PI * (angle / s - 2.0 * cosine * rise)


def _bend_of_quotient(z: Any, less: Any, power: Any, order: int) -> Any:
    """Return the first or the second derivative of (e^z − 1)/z, given e^z − 1 and e^z."""
    inverse = 1.0 / z
    bend = (power - less * inverse) * inverse
    if order == 2:
        bend = (power - 2.0 * bend) * inverse
    near = np.nonzero(np.abs(z.real) + np.abs(z.imag) < _CANCELS[order])
    small = z[near]
    if small.size:
        series = np.zeros_like(small)
        for n in range(_TERMS[order], order - 1, -1):
            series *= small
            series += n * (n - 1.0) ** (order - 1) / math.factorial(n + 1)
        bend[near] = series
    return bend


def turn(angle: Array) -> tuple[Array, Array]:
    """Return 1 − cos and sin, from the tangent of half the angle: NumPy is faster at that."""
    t = np.tan(0.5 * angle)
    double = 2.0 * t / (1.0 + t * t)
    return t * double, double


def expm1(z: Any) -> Any:
    """Return e^z − 1 of complex z."""
    (versine, sine), real = turn(z.imag), np.expm1(z.real)
    result = np.empty(z.shape, dtype=complex)
    size = 1.0 + real
    result.real = real - size * versine
    result.imag = size * sine
    return result


def exponential(z: Any) -> Any:
    """Return e^z of real or complex z."""
    return powers(z)[1] if np.iscomplexobj(z) else np.exp(z)


def powers(z: Any) -> tuple[Any, Any]:
    """Return e^z − 1 and e^z of complex z."""
    (versine, sine), size, more = turn(z.imag), np.exp(z.real), np.expm1(z.real)
    less, result = np.empty(z.shape, dtype=complex), np.empty(z.shape, dtype=complex)
    result.real = size * (1.0 - versine)
    less.real = more - size * versine
    result.imag = less.imag = size * sine
    return less, result


def in_tail(*_: Array) -> Integrand:
    return lambda *_: 1.0


def in_density(*_: Array) -> Integrand:
    return lambda log, power, lift, w, scale: w / scale


def in_slope(*_: Array) -> Integrand:
    return lambda log, power, lift, w, scale: w / scale * (w / scale)


def in_alpha(alpha: Array, skew: Array) -> Integrand:
    """∂h/∂α."""
    e, s, c, ratio, one = constants(alpha)
    bend, one_bend = _bends_of_ratio(e, s)[0], 0.5 * HALF_PI * (1.0 + one * one)
    jump = (1.0 + skew) * (s + 1j * c)

    def integrand(log: Any, power: Any, lift: Any, w: Any, _: Array) -> Any:
        quotient = ratio * (log * log) * _bend_of_quotient(e * log, power, lift, 1)
        grown = bend * (power / e) + quotient + one_bend
        return w * (lift * (jump * (log - 1j * HALF_PI)) - skew * grown)

    return integrand


def in_skew(alpha: Array, skew: Array) -> Integrand:
    """∂h/∂β."""
    e, s, c, ratio, _ = constants(alpha)
    factor, versine = -c * ratio / e, 2.0 * np.sin(0.5 * HALF_PI * e) ** 2
    even, shift, odd = factor * c, factor * versine, 1j * factor * s
    return lambda log, power, lift, w, _: w * (power * even - shift - lift * odd)


def in_alpha_twice(alpha: Array, skew: Array) -> Integrand:
    """∂²h/∂α² + (∂h/∂α)²."""
    e, s, c, ratio, one = constants(alpha)
    bend, twice = _bends_of_ratio(e, s)
    one_twice = 0.5 * HALF_PI**2 * one * (1.0 + one * one)
    jump, once = (1.0 + skew) * (s + 1j * c), in_alpha(alpha, skew)

    def integrand(log: Any, power: Any, lift: Any, w: Any, scale: Array) -> Any:
        square, first = log * log, once(log, power, lift, w, scale)
        grown = twice * (power / e) + 2.0 * bend * square * _bend_of_quotient(
            e * log, power, lift, 1
        )
        grown = (
            grown + ratio * square * log * _bend_of_quotient(e * log, power, lift, 2) + one_twice
        )
        turned = log - 1j * HALF_PI
        return w * (lift * (jump * turned * turned) - skew * grown) + first * first

    return integrand


def in_alpha_and_skew(alpha: Array, skew: Array) -> Integrand:
    """∂²h/∂α∂β + ∂h/∂α ∂h/∂β."""
    first, second = in_alpha(alpha, skew), in_skew(alpha, skew)
    at_one = in_alpha(alpha, np.ones_like(skew))
    at_zero = in_alpha(alpha, np.zeros_like(skew))

    def integrand(*at: Any) -> Any:
        return at_one(*at) - at_zero(*at) + first(*at) * second(*at)

    return integrand


def product(one: Factor, other: Factor) -> Factor:
    def factor(alpha: Array, skew: Array) -> Integrand:
        first, second = one(alpha, skew), other(alpha, skew)
        return lambda *at: first(*at) * second(*at)

    return factor
