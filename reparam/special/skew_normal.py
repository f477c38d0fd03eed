"""The standard skew normal distribution, p(z) = 2 φ(z) Φ(αz): its tails, quantiles and entropy.

Everything is made of G(q, a) = P(Z < −q) for q ≥ 0 and the shape a ≥ 0. As Φ(−q) − 2T(q, a), with
Owen's T (Owen 1956), it is a difference of nearly equal numbers; as the integral

    G(q, a) = (1/π) ∫_a^∞ exp(−q² (1 + x²)/2)/(1 + x²) dx

it is not, and the other tails don't cancel, either:

    P(Z ≤ q) = erf(q/√2) + G(q, a),   P(Z > q) = erfc(q/√2) − G(q, a) with G < erfc(q/√2)/2.

Negative shapes mirror z.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special import normal
from reparam.special._accurate import LARGEST, log1mexp
from reparam.special._elementwise import column, elementwise, integrate, select, weighted
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special._panels import FINE
from reparam.special.mills import mills, mills_deficit

__all__ = [
    "cdf",
    "entropy",
    "inverse_mills",
    "inverse_mills_excess",
    "log_cdf",
    "log_density",
    "quantile",
]

_ROOT_HALF = math.sqrt(0.5)
#: Where the integral over the tail is cut off: e^−38 of it is left out.
_CUTOFF = 38.0
#: Nodes and weights on [0, 1] for an entire integrand that hardly varies.
_NODE, _WEIGHT = (0.5 * part for part in leggauss(12))
_NODE = 0.5 + _NODE
#: The trapezoidal rule of the entropy: the integrand is analytic for |Im t| < 2.8, where Φ has its
#: zeros, so that the error is about exp(−2π 2.8/0.3); beyond 9.6 there is less than 1e-19.
_STEP = 0.3
_GRID = _STEP * np.arange(-32.0, 33.0)


def inverse_mills(c: Array) -> Array:
    """Return φ(c)/Φ(c), by the scaled complementary error function: never 0/0."""
    from scipy.special import erfcx

    return np.asarray(math.sqrt(2.0 / math.pi) / erfcx(-_ROOT_HALF * c))


def inverse_mills_excess(c: Array) -> Array:
    """Return φ(c)/Φ(c) + c, which falls like −1/c for c → −∞, where both terms cancel."""
    shape, t = np.shape(c), -np.minimum(np.ravel(c), 0.0)
    below = (mills_deficit(t) / mills(t)).reshape(shape)
    return np.where(c < 0.0, below, inverse_mills(c) + c)


def log_density(z: Array, alpha: Array) -> Array:
    """Return ln p(z)."""
    z = np.clip(z, -LARGEST, LARGEST)  # an infinite z times α = 0 is not a number
    return 0.5 * math.log(2.0 / math.pi) - 0.5 * z * z + normal.log_cdf(alpha * z)


# The integral G ---------------------------------------------------------------------------------
#
# Both ways return the logarithm and the factor of which it is the product.


def _near(q: Array, a: Array) -> tuple[Array, Array]:
    """G within q² (1 + a²) ≤ 1: ψ/π − 2 ∫₀^q φ(x) Φ(−ax) dx, tan ψ = 1/a; error 1e-15."""
    from scipy.special import erfc

    def integrals(density: Array, tail: Array, q: Array, c: Array) -> tuple[Array, ...]:
        np.multiply(column(_ROOT_HALF * _NODE), q, out=density)
        density *= -density
        np.exp(density, out=density)
        np.multiply(column(_ROOT_HALF * _NODE), c, out=tail)
        density *= erfc(tail, out=tail)
        return (weighted(density, _WEIGHT),)

    (integral,) = integrate(integrals, _NODE.size, 2, q, a * q)
    angle = np.arctan2(1.0, a) / math.pi
    return np.zeros_like(q), angle - q * integral / math.sqrt(2.0 * math.pi)


def _far(q: Array, a: Array) -> tuple[Array, Array]:
    """G for r² = q² (1 + a²) > 1, with c = aq and x = (c + s)/q.

    e^(−r²/2) (q/π) ∫₀^∞ exp(−cs − s²/2)/(q² + (c + s)²) ds; the poles are at a distance of r > 1.
    """
    node, weight = np.array(FINE)
    c = a * q
    square = q * q + c * c
    length = 2.0 * _CUTOFF / (c + np.sqrt(c * c + 2.0 * _CUTOFF))

    def integrals(
        s: Array, density: Array, length: Array, c: Array, inverse: Array
    ) -> tuple[Array, ...]:
        np.multiply(column(node), length, out=s)
        np.multiply(s, s + 2.0 * c, out=s)
        np.multiply(s, -0.5, out=density)
        np.exp(density, out=density)
        s *= inverse
        s += 1.0
        density /= s
        return (weighted(density, weight),)

    (integral,) = integrate(integrals, node.size, 2, length, c, 1.0 / square)
    return -0.5 * square, integral * length * (q / square) / math.pi


def _beyond(q: Array, a: Array) -> tuple[Array, Array]:
    """Return the logarithm and the factor of G(q, a), for flat arrays."""
    q = np.minimum(q, LARGEST)
    choice = (q * np.hypot(1.0, a) > 1.0).astype(np.int8)
    log, factor = select(choice, (_near, _far), q, a, outputs=2)
    return log, factor


# Tails ------------------------------------------------------------------------------------------


def _tails(x: Array, a: Array, own: NDArray[np.bool_], *, logs: bool) -> Array:
    """Return P(X ≤ x) where that is a point's `own` tail, else P(X > x), for the shape a ≥ 0."""
    from scipy.special import erf

    q, below = np.abs(x), x < 0.0
    log, factor = _beyond(q, a)
    g = np.exp(log) * factor
    centre, outer = erf(_ROOT_HALF * q), 2.0 * normal.sf(q)
    lower, upper = np.where(below, g, centre + g), np.where(below, 1.0 - g, outer - g)
    if not logs:
        return np.where(own, lower, upper)
    log_g = log + np.log(factor)
    log_outer = math.log(2.0) + normal.log_cdf(-q)
    log_lower = np.where(below, log_g, np.log(lower))
    log_upper = np.where(below, np.log1p(-g), log_outer + log1mexp(log_g - log_outer))
    log_lower = np.where(lower > 0.5, np.log1p(-upper), log_lower)
    log_upper = np.where(lower < 0.5, np.log1p(-lower), log_upper)
    return np.where(own, log_lower, log_upper)


@elementwise()
def cdf(z: Array, alpha: Array) -> Array:
    """Return P(Z ≤ z), to full relative accuracy. P(Z > z) is that of −z and −α."""
    mirrored = np.signbit(alpha)
    x = np.where(mirrored, -z, z)
    return _tails(x, np.broadcast_to(np.abs(alpha), x.shape), ~mirrored, logs=False)


@elementwise()
def log_cdf(z: Array, alpha: Array) -> Array:
    """Return ln P(Z ≤ z), also where that underflows or rounds to 1."""
    mirrored = np.signbit(alpha)
    x = np.where(mirrored, -z, z)
    return _tails(x, np.broadcast_to(np.abs(alpha), x.shape), ~mirrored, logs=True)


# Quantiles --------------------------------------------------------------------------------------


@elementwise()
def quantile(u: Array, v: Array, alpha: Array) -> Array:
    """Return z with P(Z ≤ z) = u, where v = 1 − u and the smaller of them has its digits.

    Halley's method on the logarithm of the smaller tail, which is concave since the density is
    log-concave: from a start farther out than the quantile it approaches from that side.
    """
    v = np.broadcast_to(v, u.shape)
    mirrored = np.broadcast_to(np.signbit(alpha), u.shape)
    a = np.broadcast_to(np.abs(alpha), u.shape)
    u, v = np.where(mirrored, v, u), np.where(mirrored, u, v)
    x = np.select([u <= 0.0, v <= 0.0, np.isnan(u)], [-np.inf, np.inf, np.nan], _start(u, v, a))
    log_tail = np.log(np.minimum(u, v))
    active = np.flatnonzero(np.isfinite(x))

    def improve(members: Members) -> NDArray[np.bool_]:
        at, shape, above = x[members], a[members], v[members] < u[members]
        found = _tails(at, shape, ~above, logs=True)
        residual = log_tail[members] - found
        ratio = np.exp(found - log_density(at, shape))
        slope = shape * inverse_mills(shape * at) - at
        step, bent = halley(residual, ratio, slope, above)
        x[members] = at + step
        return unfinished(residual, step, bent)

    iterate(improve, active)
    improve(active)
    return np.where(mirrored, -x, x)


def _start(u: Array, v: Array, a: Array) -> Array:
    """Return a point that is farther out than the quantile, for a ≥ 0, or that is no farther in.

    With ψ/π = P(X < 0): G(q, a) ≤ (ψ/π) exp(−q² (1 + a²)/2), G(q, a) ≤ ψ/π, and G(q, a) ≥ 0.
    """
    from scipy.special import ndtri

    behind = np.arctan2(1.0, a) / math.pi
    log = np.maximum(np.log(behind) - np.log(u), 0.0)
    lower = np.where(u < behind, -np.sqrt(2.0 * log) / np.hypot(1.0, a), 0.0)
    lower = np.where(u > behind, ndtri(np.minimum(0.5 + 0.5 * (u - behind), 1.0)), lower)
    upper = -ndtri(np.maximum(0.5 * v, 5e-324))
    return np.where(v < u, upper, lower)


def entropy(alpha: Array) -> Array:
    """Return ½ ln(2πe) − ln 2 − E[ln Φ(αZ)], the latter by the trapezoidal rule.

    It is (2/m) ∫ φ(t/m) Φ(αt/m) ln Φ(αt/m) dt with m = max(1, |α|), all of one sign.
    """
    alpha = np.asarray(alpha)[..., np.newaxis]
    unit = np.maximum(np.abs(alpha), 1.0)
    log = normal.log_cdf((alpha / unit) * _GRID)
    terms = np.exp(log - 0.5 * (_GRID / unit) ** 2) * log
    expected = (_STEP * math.sqrt(2.0 / math.pi)) * np.sum(terms, axis=-1) / unit[..., 0]
    return np.asarray(0.5 * math.log(0.5 * math.pi * math.e) - expected)
