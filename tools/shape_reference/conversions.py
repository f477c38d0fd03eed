"""Numbers of three libraries: mpmath's mpf, gmpy2's mpfr and FLINT's arb."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import gmpy2
import mpmath
from flint import arb
from mpmath import mp, mpf

mp.dps = 84


class NoReferenceError(ArithmeticError):
    """A reference value can't be had, or two routes to it disagree."""


def mpfr_from(v: Any) -> Any:
    """Return an mpfr, from an mpf."""
    sign, mantissa, exponent, _ = mpf(v)._mpf_
    size = gmpy2.mpfr(mantissa)
    shift = gmpy2.mul_2exp if exponent >= 0 else gmpy2.div_2exp
    size = shift(size, abs(exponent))
    return -size if sign else size


def mpf_from(v: Any) -> Any:
    """Return an mpf, from an mpfr or the middle of a ball."""
    mantissa, exponent = v.mid().man_exp() if isinstance(v, arb) else v.as_mantissa_exp()
    return mpmath.ldexp(mpf(int(mantissa)), int(exponent))


def arb_from(fraction: Fraction) -> Any:
    """Return a ball around a fraction."""
    return arb(fraction.numerator) / arb(fraction.denominator)


def digits(p: Any, q: Any) -> float:
    """Return to how many significant digits two mpf agree, at most 75."""
    if p == q:
        return 75.0
    if p == 0 or q == 0:
        return 0.0
    return min(75.0, float(-mpmath.log10(abs(p - q) / max(abs(p), abs(q)))))


def nearest_double(v: Any) -> float:
    """Return the nearest double, also where that is subnormal."""
    sign, mantissa, exponent, bits = v._mpf_
    if bits + exponent < -1080:
        return 0.0
    fraction = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    size = fraction.numerator / fraction.denominator  # correctly rounded
    return math.copysign(size, -1.0 if sign else 1.0)
