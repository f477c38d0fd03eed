"""Mills' ratio of the standard normal distribution, and what is left of it at large arguments.

With φ the density, R(t) = Φ(−t)/φ(t) = ∫₀^∞ exp(−t s − s²/2) ds, and D(t) = 1 − t R(t) = −R′(t),
which falls like 1/t² where both terms tend to 1.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss

from reparam._typing import Array
from reparam.special._elementwise import column, integrate, select, weighted

__all__ = ["mills", "mills_bend", "mills_deficit", "mills_difference"]

#: From here on D is a sum of positive terms; below it 1 − t R loses less than three bits.
_SUM = 2.0
#: The spacing of its terms: at t ≥ 2 the error is below exp(−2π t/spacing + t²/2), at larger t
#: exp(−2π²/spacing²).
_SPACING = 0.3
_NODE = _SPACING * (np.arange(30) + 0.5)
#: φ(s) s² at the nodes, times twice the spacing.
_WEIGHT = _SPACING * math.sqrt(2.0 / math.pi) * np.exp(-0.5 * _NODE**2) * _NODE**2
#: Between arguments that are nearer to each other D is constant.
_LEAST_GAP = 1e-290
#: A rule on [−1, 1] for the mean of D between two arguments whose ratios differ by less than half.
_POINT, _POINT_WEIGHT = leggauss(12)


def mills(t: Array) -> Array:
    """Return R(t): infinite where it overflows, below −37.

    Next to 0, where SciPy's erfcx is off by up to 4 ulp, it is Φ(−t)/φ(t).
    """
    from scipy.special import erfcx, ndtr

    ratio = math.sqrt(0.5 * math.pi) * erfcx(math.sqrt(0.5) * t)
    if np.any(near := np.abs(t) < 1.0):
        ratio = np.where(
            near, math.sqrt(2.0 * math.pi) * ndtr(-t) * np.exp(0.5 * np.minimum(t * t, 1.0)), ratio
        )
    return np.asarray(ratio)


def mills_deficit(t: Array) -> Array:
    """Return D(t) for a flat array.

    By the midpoint rule for D(t) = ∫ φ(s) s²/(t² + s²) ds, whose error for an integrand analytic in
    a strip is exponentially small (Trefethen & Weideman 2014, section 5).
    """
    return np.asarray(select((t >= _SUM).astype(np.int8), (_near_deficit, _far_deficit), t))


def _near_deficit(t: Array) -> Array:
    return 1.0 - t * mills(t)


def _far_deficit(t: Array) -> Array:
    def integrals(term: Array, t: Array) -> tuple[Array, ...]:
        np.add(column(_NODE**2), t * t, out=term)
        np.divide(1.0, term, out=term)
        return (weighted(term, _WEIGHT),)

    return integrate(integrals, _NODE.size, 1, t)[0]


def mills_bend(t: Array) -> Array:
    """Return R″(t) = R(t) − t D(t) for a flat array: E[s²] R for s of density exp(−t s − s²/2)/R.

    By the same rule, whose terms are those of D, differentiated.
    """
    return np.asarray(select((t >= _SUM).astype(np.int8), (_near_bend, _far_bend), t))


def _near_bend(t: Array) -> Array:
    ratio = mills(t)
    return ratio - t * (1.0 - t * ratio)


def _far_bend(t: Array) -> Array:
    def integrals(term: Array, t: Array) -> tuple[Array, ...]:
        np.add(column(_NODE**2), t * t, out=term)
        np.divide(t, term, out=term)
        np.multiply(term, term, out=term)
        return (weighted(term, 2.0 * _WEIGHT),)

    return integrate(integrals, _NODE.size, 1, t)[0] / t


def mills_difference(a: Array, b: Array, gap: Array) -> Array:
    """Return (R(a) − R(b))/(b − a) = the mean of D between a and b, given `gap` = b − a > 0.

    Where R falls by less than half the mean is a quadrature, or for a ≥ 2 the integral of the
    terms of D, with arctan(b/s) − arctan(a/s) = arctan(s (b − a)/(s² + ab)).
    """
    first, second = mills(a), mills(b)
    near = (second > 0.5 * first).astype(np.int8)
    choice = near + near * (a >= _SUM)
    return np.asarray(select(choice, (_by_ratios, _by_rule, _by_arctans), a, b, gap, first, second))


def _by_ratios(a: Array, b: Array, gap: Array, first: Array, second: Array) -> Array:
    return (first - second) / gap


def _by_rule(a: Array, b: Array, gap: Array, first: Array, second: Array) -> Array:
    def integrals(t: Array, a: Array, gap: Array) -> tuple[Array, ...]:
        np.multiply(0.5 * (1.0 + column(_POINT)), gap, out=t)
        t += a
        return (weighted(mills_deficit(t.ravel()).reshape(t.shape), 0.5 * _POINT_WEIGHT),)

    return integrate(integrals, _POINT.size, 1, a, gap)[0]


def _by_arctans(a: Array, b: Array, gap: Array, first: Array, second: Array) -> Array:
    def integrals(term: Array, product: Array, gap: Array) -> tuple[Array, ...]:
        np.add(column(_NODE**2), product, out=term)
        np.divide(column(_NODE), term, out=term)
        term *= gap
        np.arctan(term, out=term)
        return (weighted(term, _WEIGHT / _NODE),)

    gap = np.maximum(gap, _LEAST_GAP)
    return integrate(integrals, _NODE.size, 1, a * b, gap)[0] / gap
