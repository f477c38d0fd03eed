"""The standard horseshoe variate z = λ x of half-Cauchy λ and normal x: density, tails, quantiles.

With a = |z|/√2 and K = e^(a²) E₁(a²) the density is K/√(2π³), and

    P(|Z| > |z|) = (2/π) ∫₀^∞ erfc(at)/(1 + t²) dt.

For a ≥ 1 these are integrals of weights erfc(s) and s exp(−s²) over 1 + s²/a², by one rule for all
a, as its poles are at ±ia. For smaller a the power series of P(|Z| < |z|) has positive terms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import LARGEST
from reparam.special._elementwise import column, elementwise, integrate, select, weighted
from reparam.special._newton import Members, iterate
from reparam.special._panels import on_panels

__all__ = ["ENTROPY", "log_density", "log_tail", "quantile", "slope_ratio", "tail"]

#: −E[ln p(Z)], by quadrature in 50 digits.
ENTROPY = 2.1098718360616477

_LOG_ROOT = 0.5 * math.log(2.0 * math.pi**3)
_ROOT_HALF = math.sqrt(0.5)
_OF_TAIL = 2.0 / math.pi
_OF_CENTRE = 2.0 / math.pi**1.5

#: Where panels of the rule over s meet; beyond there is less than 1e-18 of either weight.
_EDGES = (0.0, 0.75, 1.5, 3.0, 6.4)
_S, _DS = np.array(on_panels(_EDGES, leggauss(20)))
_ERFC = _DS * np.array([math.erfc(s) for s in _S])
_MASS = 2.0 * _DS * _S * np.exp(-_S * _S)
_SQUARE = _MASS * _S * _S

#: ψ(n + 1) for n = 0, …, 19, and 1/(n! (2n + 1)).
_DIGAMMA = np.cumsum([-np.euler_gamma, *(1.0 / n for n in range(1, 20))])
_POWERS = np.array([1.0 / (math.factorial(n) * (2 * n + 1)) for n in range(20)])


def _moment(a: Array, weight: Array) -> Array:
    """Return Σ weight/(1 + s²/a²) for a ≥ 1."""

    def integrals(term: Array, a: Array) -> tuple[Array, ...]:
        np.divide(column(_S), a, out=term)
        np.multiply(term, term, out=term)
        term += 1.0
        np.divide(1.0, term, out=term)
        return (weighted(term, weight),)

    return integrate(integrals, _S.size, 1, a)[0]


def _centre(a: Array) -> Array:
    """Return P(|Z| < √2 a) for a < 1."""
    square, log = a * a, -2.0 * np.log(a)
    total = np.zeros_like(a)
    for n in range(19, -1, -1):
        total = total * square + _POWERS[n] * (_DIGAMMA[n] + 2.0 / (2 * n + 1) + log)
    return np.where(a == 0.0, 0.0, (_OF_CENTRE * a) * total)


def _size(z: Array) -> tuple[Array, NDArray[np.int8]]:
    """Return a, and 1 where that is at least 1."""
    a = _ROOT_HALF * np.abs(z)
    return a, (a >= 1.0).astype(np.int8)


def _near_kernel(a: Array) -> Array:
    """Return K for a < 1."""
    from scipy.special import exp1

    square = a * a
    return np.where(
        square < 1e-20, -np.euler_gamma - 2.0 * np.log(a), np.exp(square) * exp1(square)
    )


@elementwise()
def log_density(z: Array) -> Array:
    """Return ln p(z): infinite at 0."""
    a, far = _size(z)
    formulas = (
        lambda a: np.log(_near_kernel(a)),
        lambda a: np.log(_moment(a, _MASS)) - 2.0 * np.log(a),
    )
    return np.asarray(select(far, formulas, a)) - _LOG_ROOT


@elementwise()
def slope_ratio(z: Array) -> Array:
    """Return (1 − a² K)/K, so that ∂ ln p/∂ ln z is −2 times that: it rises from 0 to 1."""

    def near(a: Array) -> Array:
        kernel = _near_kernel(a)
        return 1.0 / kernel - a * a

    def beyond(a: Array) -> Array:
        return _moment(a, _SQUARE) / _moment(a, _MASS)

    a, far = _size(z)
    return np.asarray(select(far, (near, beyond), a))


# Tails ------------------------------------------------------------------------------------------


def _outer(a: Array) -> Array:
    """Return P(|Z| > √2 a) for a ≥ 1."""
    return _OF_TAIL * _moment(a, _ERFC) / a


def _inside_and_outside(z: Array) -> tuple[Array, Array]:
    """Return P(|Z| < |z|) and P(|Z| > |z|)."""

    def near(a: Array) -> tuple[Array, Array]:
        inside = _centre(a)
        return inside, 1.0 - inside

    def beyond(a: Array) -> tuple[Array, Array]:
        outside = _outer(a)
        return 1.0 - outside, outside

    a, far = _size(z)
    inside, outside = select(far, (near, beyond), a, outputs=2)
    return inside, outside


@elementwise()
def tail(z: Array) -> Array:
    """Return P(Z ≤ z), to full relative accuracy. P(Z > z) is that of −z."""
    inside, outside = _inside_and_outside(z)
    return np.where(z < 0.0, 0.5 * outside, 0.5 + 0.5 * inside)


@elementwise()
def log_tail(z: Array) -> Array:
    """Return ln P(Z ≤ z)."""
    _, outside = _inside_and_outside(z)
    return np.where(z < 0.0, np.log(0.5 * outside), np.log1p(-0.5 * outside))


# Quantiles --------------------------------------------------------------------------------------


@elementwise()
def quantile(u: Array, v: Array) -> Array:
    """Return z with P(Z ≤ z) = u, where v = 1 − u and the smaller of them has its digits.

    Newton's method on the logarithm of P(|Z| > |z|), or of P(|Z| < |z|), in ln |z|: both are
    concave, and it starts on the side from which each step falls short of the root.
    """
    v = np.broadcast_to(v, u.shape)
    outside, inside = 2.0 * np.minimum(u, v), np.abs(u - v)
    far = outside < _BORDER
    target = np.where(far, outside, inside)
    steep = 0.5 * target / (1.0 - np.log(target))
    size = np.minimum(np.where(far, _OF_TAIL / math.sqrt(math.pi) / target, steep), LARGEST)
    active = np.flatnonzero((target > 0.0) & np.isfinite(target))

    def improve(members: Members) -> NDArray[np.bool_]:
        a, outer = size[members], far[members]

        def beyond(a: Array) -> tuple[Array, Array]:
            density = _OF_CENTRE * _moment(a, _MASS) / a
            found = _outer(a)
            return found, -density / found

        def near(a: Array) -> tuple[Array, Array]:
            found = _centre(a)
            return found, _OF_CENTRE * a * _near_kernel(a) / found

        found, slope = select(outer.astype(np.int8), (near, beyond), a, outputs=2)
        # of the quotient: a difference of logarithms would lose the digits of large ones
        step = np.log(target[members] / found) / slope
        size[members] = np.minimum(a * np.exp(step), LARGEST)
        unfinished: NDArray[np.bool_] = np.abs(step) > 1e-9
        return unfinished

    iterate(improve, active)
    size = np.select(
        [np.isnan(u), target == 0.0], [np.nan, np.where(far, np.inf, 0.0)], size / _ROOT_HALF
    )
    return np.where(u < v, -size, size)


#: P(|Z| > √2).
_BORDER = float(_outer(np.ones(1))[0])
