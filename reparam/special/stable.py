"""The standard stable distribution: tails, density, quantiles, derivatives and draws.

All but draws are by integrals of the upper side of z, or of −z and −β.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import column, elementwise, weighted
from reparam.special._newton import Members, halley, iterate
from reparam.special._stable_integrals import upper_side
from reparam.special._stable_integrands import (
    HALF_PI,
    Factor,
    constants,
    in_alpha,
    in_alpha_and_skew,
    in_alpha_twice,
    in_density,
    in_skew,
    in_slope,
    in_tail,
    product,
)

__all__ = [
    "bends",
    "centre",
    "draw",
    "entropy",
    "log_density",
    "log_tail",
    "middle",
    "pathwise",
    "quantile",
    "scores",
    "tail",
]

#: Values are clipped here; farther out tails are powers.
_MOST = 1e100


def centre(alpha: Array, skew: Array) -> Array:
    """Return a z with between a tenth and nine tenths of the probability below it."""
    return 0.6 * skew * (2.0 - alpha) / alpha


#: Below this α densities are looked at from where they are not analytic, else from the centre.
_SPLIT = 0.85


def middle(alpha: Array, skew: Array) -> Array:
    """Return the z where the density of a small α is not analytic, else the centre."""
    small = np.where(alpha < _SPLIT, alpha, 0.0)
    return np.where(alpha < _SPLIT, -skew * np.tan(HALF_PI * small), centre(alpha, skew))


def _sided(
    z: Array, alpha: Array, skew: Array, *factors: Factor
) -> tuple[Array, Array, Array, Array, tuple[Array, ...]]:
    """Return the side, ln of z beyond its clip, and what `upper_side` does on that side."""
    alpha, skew = np.broadcast_to(alpha, z.shape), np.broadcast_to(skew, z.shape)
    side = np.where(z < centre(alpha, skew), -1.0, 1.0)
    size = np.abs(z)
    beyond = np.where(size > _MOST, np.log(size) - math.log(_MOST), 0.0)
    inside = np.clip(z, -_MOST, _MOST)
    height, scale, found = upper_side(side * inside, alpha, side * skew, *factors)
    return side, beyond, height, scale, found


def _log_of(part: Array, height: Array, alpha: Array, beyond: Array | float) -> Array:
    """Return ln of a part times e^height, of which the latter is all where it is tiny.

    There it grows like a power of z.
    """
    grown = height * np.exp(np.minimum(alpha / np.maximum(alpha - 1.0, 1e-300) * beyond, 700.0))
    return np.where(height > -1e16, height + np.log(part), grown)


def _outside(z: Array, alpha: Array, skew: Array) -> NDArray[np.bool_]:
    """Return where there is no probability at z: on one side of totally skewed laws of α < 1."""
    shifted = z + skew * np.tan(HALF_PI * alpha)
    return np.asarray((np.abs(skew) == 1.0) & (alpha < 1.0) & (skew * shifted <= 0.0))


def _log_outer(z: Array, alpha: Array, skew: Array) -> tuple[Array, Array]:
    """Return the side of the centre that z is on, and ln of the probability beyond z there."""
    side, beyond, height, _, (part,) = _sided(z, alpha, skew, in_tail)
    log = _log_of(part, height, alpha, beyond) - alpha * beyond
    log = np.where(_outside(z, alpha, skew) | np.isinf(z), -np.inf, log)
    return side, np.minimum(log, 0.0)


@elementwise()
def log_tail(z: Array, alpha: Array, skew: Array, upper: Array) -> Array:
    """Return ln P(Z > z) if `upper` is 1, ln P(Z ≤ z) if it is 0."""
    side, log = _log_outer(z, alpha, skew)
    return np.where((side > 0.0) == (upper > 0.0), log, np.log1p(-np.exp(log)))


@elementwise()
def tail(z: Array, alpha: Array, skew: Array, upper: Array) -> Array:
    """Return P(Z > z) if `upper` is 1, P(Z ≤ z) if it is 0."""
    side, log = _log_outer(z, alpha, skew)
    outer = np.exp(log)
    return np.where((side > 0.0) == (upper > 0.0), outer, 1.0 - outer)


@elementwise()
def log_density(z: Array, alpha: Array, skew: Array) -> Array:
    """Return ln p(z)."""
    _, beyond, height, scale, (part,) = _sided(z, alpha, skew, in_density)
    log = scale + _log_of(part, height, alpha, beyond) - (alpha + 1.0) * beyond
    return np.where(_outside(z, alpha, skew) | np.isinf(z), -np.inf, log)


@elementwise(outputs=2)
def pathwise(z: Array, alpha: Array, skew: Array) -> tuple[Array, Array]:
    """Return ∂z/∂α and ∂z/∂β at a fixed quantile."""
    found = _sided(z, alpha, skew, in_density, in_alpha, in_skew)
    side, beyond, _, scale, (density, by_alpha, by_skew) = found
    unit = np.exp(-scale) / density
    # of a power z^−α that is u, ln z is −ln u/α and more
    more = _MOST * beyond / alpha
    return side * (by_alpha * unit - more) * np.exp(beyond), by_skew * unit * np.exp(beyond)


@elementwise(outputs=3)
def bends(z: Array, alpha: Array, skew: Array) -> tuple[Array, Array, Array]:
    """Return ∂²z/∂α², ∂²z/∂α∂β and ∂²z/∂β² at a fixed quantile."""
    once, twice = (in_alpha, in_skew), (in_alpha_twice, in_alpha_and_skew)
    densities = [product(in_density, each) for each in once]
    squares = (*twice, product(in_skew, in_skew), *densities)
    found = _sided(z, alpha, skew, in_density, in_slope, *once, *squares)
    side, beyond, _, scale, (p, slope, a, b, a_a, a_b, b_b, p_a, p_b) = found
    unit, more, grown = np.exp(-scale), beyond / alpha, np.exp(beyond)

    def bent(one: Array, other: Array, both: Array, in_one: Array, in_other: Array) -> Array:
        one, other = one / p, other / p
        rest = slope * one * other - in_one * other - in_other * one
        return (both + rest) / p * unit

    # as in `pathwise`
    first, second = a / p * unit, b / p * unit
    by_alpha = bent(a, a, a_a, p_a, p_a) - 2.0 * more * first
    by_alpha += _MOST * more * (more + 2.0 / alpha)
    mixed = bent(a, b, a_b, p_a, p_b) - more * second
    return side * by_alpha * grown, mixed * grown, side * bent(b, b, b_b, p_b, p_b) * grown


@elementwise(outputs=3)
def scores(z: Array, alpha: Array, skew: Array) -> tuple[Array, Array, Array]:
    """Return the derivatives of ln p in z, α and β."""
    both = product(in_density, in_alpha), product(in_density, in_skew)
    found = _sided(z, alpha, skew, in_density, in_slope, *both)
    side, beyond, _, scale, (density, slope, by_alpha, by_skew) = found
    falling = -side * slope / density * np.exp(scale - beyond)
    return falling, by_alpha / density - beyond, side * by_skew / density


@elementwise()
def quantile(u: Array, v: Array, alpha: Array, skew: Array) -> Array:
    """Return z with P(Z ≤ z) = u, where v = 1 − u and the smaller of them has its digits.

    Halley's method on the logarithm of the smaller tail in arcsinh(z − centre), between bounds:
    where a step would leave them, they are halved. It starts where a tail like a power would be.
    """
    u, v, alpha, skew = np.broadcast_arrays(u, v, alpha, skew)
    upper = v < u
    target, middle = np.log(np.minimum(u, v)), centre(alpha, skew)
    sign = np.where(upper, 1.0, -1.0)
    log_power = _log_power(target, alpha, sign * skew)
    at = sign * np.arcsinh(np.exp(np.minimum(log_power, 2.0 - 0.5 * target)))
    low, high = np.full(u.shape, -_LONGEST), np.full(u.shape, _LONGEST)
    # so far out, the tail is a power to rounding
    far = log_power > _LONGEST / 2.0
    active = np.flatnonzero((u > 0.0) & (v > 0.0) & ~far)

    def improve(rows: Members) -> NDArray[np.bool_]:
        here, a, b, own = at[rows], alpha[rows], skew[rows], sign[rows]
        z = middle[rows] + np.sinh(here)
        parts = in_tail, in_density, in_slope
        side, _, height, scale, (tail, density, slope) = _sided(z, a, b, *parts)
        outer, jacobian = np.minimum(_log_of(tail, height, a, 0.0), 0.0), np.cosh(here)
        outer = np.where(_outside(z, a, b), -np.inf, outer)
        found = np.where(side == own, outer, np.log1p(-np.exp(outer)))
        residual = target[rows] - found
        mills = np.exp(found - height - scale) / density / jacobian
        bent = np.tanh(here) - side * slope / density * np.exp(scale) * jacobian
        step, turned = halley(residual, mills, bent, own > 0.0)
        # so far out the parts are rounding errors
        step = np.where(height < -1e12, np.nan, step)
        ahead = (residual < 0.0) == (own > 0.0)
        low[rows] = np.where(ahead, here, low[rows])
        high[rows] = np.where(ahead, high[rows], here)
        moved = here + step
        outside = ~((moved > low[rows]) & (moved < high[rows]))
        moved = np.where(outside & ~(np.abs(step) < 1e-14), 0.5 * (low[rows] + high[rows]), moved)
        at[rows] = moved
        # the error left is of third order in all of these
        off = np.maximum(np.maximum(np.abs(residual), np.abs(turned)), np.abs(moved - here))
        unfinished = ~(off < 1e-5) & (np.abs(moved - here) > 1e-16)
        return np.asarray(unfinished)

    iterate(improve, active)
    z = middle + np.sinh(at)
    z = np.where(far, sign * np.exp(log_power), z)
    return np.select([u <= 0.0, v <= 0.0, np.isnan(u)], [-np.inf, np.inf, np.nan], z)


#: Between the negative of this and this arcsinh(z − centre) is looked for.
_LONGEST = 230.0


def _log_power(target: Array, alpha: Array, skew: Array) -> Array:
    """Return ln z where γ Γ(α) sin(πα/2) z^−α/π, which P(Z > z) is far out, has a logarithm."""
    from scipy.special import gammaln

    jump = np.log((1.0 + skew) * np.sin(HALF_PI * (2.0 - alpha)) / math.pi)
    return (gammaln(alpha) + jump - target) / alpha


# Draws and entropy ------------------------------------------------------------------------------


def draw(u: Array, v: Array, alpha: Array, skew: Array) -> Array:
    """Return z of two uniform numbers, by the method of Chambers, Mallows and Stuck.

    With θ = π (u − ½) and W = −ln v it is sin αθ/cos θ · x + β tan(πα/2) (cos αθ/cos θ · x − 1),
    x = q^(−ε/α), where q is a sum of positive terms. The difference is taken of what is left of 1.
    """
    e, s, c, _, _ = constants(alpha)
    angle, near = math.pi * (u - 0.5), np.sin(math.pi * np.minimum(u, 1.0 - u))
    up, down = np.sin(e * math.pi * u), np.sin(e * math.pi * (1.0 - u))
    q = 0.5 * ((1.0 + skew) * up + (1.0 - skew) * down) / s / (-np.log(v) * near)
    power = np.expm1(-e / alpha * np.log(q))
    sine, tangent = np.sin(e * angle), np.sin(angle) / near
    cosine = np.cos(e * angle) - sine * tangent  # cos αθ/cos θ
    change = cosine * (power / s) - (2.0 * np.sin(0.5 * e * angle) ** 2 + sine * tangent) / s
    return np.asarray(np.sin(alpha * angle) / near * (1.0 + power) - skew * c * change)


#: How many parameters at a time.
_LAWS = 64


@elementwise()
def entropy(alpha: Array, skew: Array) -> Array:
    """Return −∫ p ln p dz, by the trapezoidal rule in arcsinh of ln z or of arcsinh z."""
    skew = np.broadcast_to(skew, alpha.shape)
    step = 0.03
    inner = step * np.arange(-190, 191)
    outer = column(np.sinh(inner))
    weights = step * np.cosh(inner)
    found = np.empty(alpha.shape)
    for start in range(0, alpha.size, _LAWS):
        a, b = alpha[start : start + _LAWS], skew[start : start + _LAWS]
        total = np.zeros(a.shape)
        for side in (1.0, -1.0):
            apart = a < _SPLIT
            z = middle(a, b) + np.where(apart, side * np.exp(outer), np.sinh(outer))
            log = np.reshape(log_density(z, a, b), z.shape)
            stretch = np.where(apart, np.exp(outer), 0.5 * np.cosh(outer))
            terms = np.where(np.isneginf(log), 0.0, -np.exp(log) * log * stretch)
            total += weighted(terms, weights)
        found[start : start + _LAWS] = total
    return found
