"""The standard normal inverse Gaussian distribution: tails, quantiles and derivatives.

With z = cot a and the tilt cos b, both angles between 0 and π, let x = α √(1 + z²), δ = b − a,
κ = b + a and

    H(x, κ) = ∫₀^∞ exp(−x (cosh w − 1)) sin κ/(cosh w − cos κ) dw.

Fourier's inversion along the path of steepest descent, on which the exponent is real, gives

    P(Z > z) = exp(−x (1 − cos δ)) (H(x, δ) − H(x, κ))/2π

for δ > 0, where z is above the mean. P(Z < z) is that of −z and −τ. The pole at δ is not in the
derivatives in α and τ, which are combinations of H(x, κ) and of Bessel functions.

The integrals are analytic and fall like exp(−e^w): by the midpoint rule, with what poles add that
are near the path. Second derivatives and the entropy are integrals of the density.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import (
    column,
    elementwise,
    integrate,
    members,
    select,
    weighted,
)
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special._normal_inverse_gaussian_panels import (
    bessel_deficit,
    entropy,
    integrals,
    log_density,
    one_minus_ratio,
)

__all__ = [
    "entropy",
    "integrals",
    "log_density",
    "log_tail",
    "one_minus_ratio",
    "pathwise",
    "quantile",
    "tail",
]

_TWO_PI, _LOG_HALF = 2.0 * math.pi, math.log(0.5)
#: The exponent at the last node; beyond there is less than 1e-17 of an integral.
_FALL = 40.0
#: The last node where exp(−x cosh w) falls later than the rest, like e^−w.
_LAST = 40.0
#: From these x on fewer nodes suffice: their distance is at most 0.235, or 0.37/√x, and the
#: error about exp(−40).
_BORDERS = np.array([1e-3, 0.3])
_NODES = (171, 48, 24)
#: Beyond these x make no difference.
_LEAST, _MOST = 1e-300, 1e300

#: Of elements, as if above the mean: τ, √(1 − τ²), √(1 + z²), x,
#: and the angles δ, a and κ, the latter less 2π where it is above π.
Place: TypeAlias = tuple[Array, ...]


def _placed(z: Array, alpha: Array, tilt: Array, side: Array) -> Place:
    """Return what integrals depend on, of −z and −τ where the side is −1."""
    z, tilt = side * z, side * tilt
    root, reach = np.sqrt((1.0 - tilt) * (1.0 + tilt)), np.hypot(1.0, z)
    delta = np.arctan2(z * root - tilt, root + z * tilt)
    kappa = np.arctan2(tilt + z * root, z * tilt - root)
    x = np.clip(alpha * reach, _LEAST, _MOST)
    return tilt, root, reach, x, delta, np.arctan2(1.0, z), kappa


def _sign(value: Array) -> Array:
    return np.where(value < 0.0, -1.0, 1.0)


def _above(z: Array, tilt: Array) -> Array:
    """Return 1 where z is above the mean τ/√(1 − τ²), and −1 below."""
    return _sign(z * np.sqrt((1.0 - tilt) * (1.0 + tilt)) - tilt)


def _step(x: Array, nodes: int) -> Array:
    """Return the distance of nodes: cosh w − 1 is 40/x at the last."""
    return np.minimum(2.0 * np.arcsinh(np.sqrt(0.5 * _FALL / x)), _LAST) / nodes


def _weights(m: Array, e: Array, x: Array, step: Array) -> None:
    """Fill in cosh w − 1 and exp(−x (cosh w − 1)) at the nodes."""
    np.multiply(column(np.arange(len(m)) + 0.5), 0.5 * step, out=m)
    np.sinh(m, out=m)
    np.multiply(m, m, out=m)
    m *= 2.0
    np.multiply(m, -x, out=e)
    np.exp(e, out=e)


def _versine(angle: Array) -> Array:
    """Return 1 − cos."""
    return np.asarray(2.0 * np.sin(0.5 * angle) ** 2)


def _beside(pole: Array, x: Array, step: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return where a pole adds to the midpoint rule, and 2π times its angle over the step.

    H(x, κ) is then the rule's sum and 2π exp(x (1 − cos κ))/(e^that + 1). Poles farther than where
    the exponential starts to outgrow the rule's error are not in that error.
    """
    quarter = 0.5 * math.pi
    near = (pole < quarter) & (np.sin(np.minimum(pole, quarter)) * x * step < _TWO_PI)
    return near, _TWO_PI / step * np.where(near, pole, 0.0)


def _bracket(place: Place) -> Array:
    """Return (H(x, δ) − H(x, κ))/2π, with the digits of the difference."""
    tilt, root, reach, x, delta, a, kappa = place

    def outer(nodes: int) -> Callable[..., Array]:
        def sums(m: Array, e: Array, x: Array, step: Array, *rest: Array) -> tuple[Array, ...]:
            apart, tilt, first, second = rest
            _weights(m, e, x, step)
            e *= apart - m * tilt
            e /= m + first
            e /= m + second
            return (weighted(e, np.ones(nodes)),)

        def formula(
            x: Array, tilt: Array, root: Array, reach: Array, delta: Array, a: Array, kappa: Array
        ) -> Array:
            step = _step(x, nodes)
            # cos a − cos b, and both poles
            apart = 2.0 * np.sin(0.5 * np.abs(kappa)) * np.sin(0.5 * delta)
            rows = (x, step, apart, tilt, _versine(delta), _versine(kappa))
            total = integrate(sums, nodes, 2, *rows)[0] * step / (math.pi * reach)
            return np.asarray(total + _poles(x, step, root, reach, delta, a, kappa))

        return formula

    choice = np.digitize(x, _BORDERS)
    formulas = [outer(nodes) for nodes in _NODES]
    return np.asarray(select(choice, formulas, x, tilt, root, reach, delta, a, kappa))


def _poles(
    x: Array, step: Array, root: Array, reach: Array, delta: Array, a: Array, kappa: Array
) -> Array:
    """Return what the poles at δ and κ add, which nearly cancel where a is small beside b."""
    near, at = _beside(delta, x, step)
    first = np.where(near, np.exp(x * _versine(np.where(near, delta, 0.0))), 0.0)
    mirrored, other = kappa < 0.0, np.abs(kappa)
    also, beyond = _beside(other, x, step)
    second = np.where(also, np.exp(x * _versine(np.where(also, other, 0.0))), 0.0)
    second = np.where(mirrored, -second, second) / (np.exp(beyond) + 1.0)
    plain = first / (np.exp(at) + 1.0) - second
    # with δ = κ − 2a and x (cos δ − cos κ) = 2 α √(1 − τ²)
    wide = _TWO_PI / step * a
    apart = np.sinh(wide) / (2.0 * np.cosh(0.5 * at) * np.cosh(0.5 * at + wide))
    grown = np.expm1(2.0 * x * root / reach) / (np.exp(at + 2.0 * wide) + 1.0)
    return np.where(near & also & ~mirrored, first * (apart - grown), plain)


# Tails ------------------------------------------------------------------------------------------


def _outer(z: Array, alpha: Array, tilt: Array) -> tuple[Array, Array, Array]:
    """Return 1 above the mean and −1 below, and bracket and exponent of the tail on that side."""
    side = _above(z, tilt)
    place = _placed(np.clip(z, -1e300, 1e300), alpha, tilt, side)
    x, delta = place[3], place[4]
    return side, _bracket(place), x * _versine(delta)


def _log_outer(z: Array, alpha: Array, tilt: Array) -> tuple[Array, Array]:
    """Return 1 above the mean and −1 below, and the logarithm of the tail on that side of z."""
    side, bracket, fall = _outer(z, alpha, tilt)
    return side, np.where(np.isinf(z), -np.inf, np.log(bracket) - fall)


def _log_tail(z: Array, alpha: Array, tilt: Array, upper: Array) -> Array:
    side, log = _log_outer(z, alpha, tilt)
    return np.where((side > 0.0) == (upper > 0.0), log, np.log1p(-np.exp(log)))


@elementwise()
def tail(z: Array, alpha: Array, tilt: Array, upper: Array) -> Array:
    """Return P(Z > z) if `upper` is 1, P(Z ≤ z) if it is 0, with the digits of a small one."""
    side, log = _log_outer(z, alpha, tilt)
    outer = np.minimum(np.exp(log), 1.0)
    return np.where((side > 0.0) == (upper > 0.0), outer, 1.0 - outer)


@elementwise()
def log_tail(z: Array, alpha: Array, tilt: Array, upper: Array) -> Array:
    """Return the logarithm of :func:`tail`, also where that underflows."""
    return _log_tail(z, alpha, tilt, upper)


# Quantiles --------------------------------------------------------------------------------------


@elementwise()
def quantile(u: Array, v: Array, alpha: Array, tilt: Array) -> Array:
    """Return z with P(Z ≤ z) = u, where v = 1 − u and the smaller of them has its digits.

    Halley's method on the logarithm of a tail in t = arcsinh z, of that which is smaller at hand: a
    step may pass the root, where the other tail is nearly 1. Chernoff's bound
    exp(−γ (cosh(t − r) − 1)), with γ = α √(1 − τ²) and tanh r = τ, is a start farther out.
    """
    from scipy.special import k1e

    v = np.broadcast_to(v, u.shape)
    log_lower, log_upper = (
        np.where(own < 0.5, np.log(own), np.log1p(-other)) for own, other in ((u, v), (v, u))
    )
    root = np.sqrt((1.0 - tilt) * (1.0 + tilt))
    reach = 2.0 * np.arcsinh(np.sqrt(-0.5 * np.minimum(log_lower, log_upper) / alpha / root))
    start = np.sinh(np.clip(np.arctanh(tilt) + np.where(v < u, reach, -reach), -690.0, 690.0))
    z = np.select([u <= 0.0, v <= 0.0, np.isnan(u)], [-np.inf, np.inf, np.nan], start)
    active = np.flatnonzero(np.isfinite(z))

    def improve(rows: Members) -> NDArray[np.bool_]:
        at, a, tau = z[rows], members(alpha, rows), members(tilt, rows)
        side, bracket, fall = _outer(at, a, tau)
        outer = np.log(bracket) - fall
        inner = outer > _LOG_HALF
        above = (side > 0.0) != inner
        far = np.hypot(1.0, at)
        x = np.clip(a * far, _LEAST, _MOST)
        bessel = k1e(x)
        found = np.where(inner, np.log1p(-np.exp(outer)), outer)
        share = np.where(inner, np.exp(fall + found), bracket)
        slope = (bessel_deficit(x, bessel) - 1.0 / x) * a * at - a * (at - tau * far)
        residual = np.where(above, log_upper[rows], log_lower[rows]) - found
        mills = math.pi * share / (a * bessel)
        step, bent = halley(residual, mills, slope, above)
        newton = np.where(above, -mills, mills) * residual
        step = np.where(np.abs(residual) < 1.0, step, newton)  # which doesn't go too far
        z[rows] = _moved(at, far, step)
        return unfinished(residual, step, bent)

    iterate(improve, active)
    improve(active)
    return z


def _moved(z: Array, reach: Array, step: Array) -> Array:
    """Return sinh(arcsinh z + step), with the digits of z where the step is small."""
    small = np.clip(step, -1.0, 1.0)
    near = z + (2.0 * z * np.sinh(0.5 * small) ** 2 + reach * np.sinh(small))
    far = np.sinh(np.clip(np.arcsinh(z) + step, -690.0, 690.0))
    return np.where(small == step, near, far)


# Derivatives ------------------------------------------------------------------------------------


@elementwise(outputs=2)
def pathwise(z: Array, alpha: Array, tilt: Array) -> tuple[Array, Array]:
    """Return ∂z/∂α at fixed τ, and ∂z/∂τ, at a fixed quantile.

    With the scaled K₀ and K₁ of x these are (τ K₀ − √(1 − τ²) H) √(1 + z²)/α K₁ and
    (K₀ + τ H/√(1 − τ²)) √(1 + z²)/K₁. The first cancels for large x, where it is an integral of
    its own.
    """
    from scipy.special import k0e, k1e

    side = _sign(tilt + z * np.sqrt((1.0 - tilt) * (1.0 + tilt)))  # κ ≤ π
    tau, root, reach, x, delta, _, kappa = _placed(z, alpha, tilt, side)

    def outer(nodes: int) -> Callable[..., tuple[Array, Array]]:
        def sums(m: Array, e: Array, x: Array, step: Array, pole: Array) -> tuple[Array, ...]:
            _weights(m, e, x, step)
            e /= m + pole
            return weighted(e, np.ones(nodes)), weighted(e, m)

        def formula(
            x: Array, tau: Array, root: Array, sine: Array, delta: Array, kappa: Array
        ) -> tuple[Array, Array]:
            step = _step(x, nodes)
            plain, grown = integrate(sums, nodes, 2, x, step, _versine(kappa))
            near, at = _beside(kappa, x, step)
            growth = np.exp(x * _versine(np.where(near, kappa, 0.0)))
            pole = np.where(near, _TWO_PI * growth / (np.exp(at) + 1.0), 0.0)
            apart = 2.0 * np.sin(0.5 * kappa) * np.sin(0.5 * delta)
            own = step * (tau * grown - apart * plain) - root * pole
            return sine * step * plain + pole, own

        return formula

    choice = np.digitize(x, _BORDERS)
    formulas = [outer(nodes) for nodes in _NODES]
    sine = (tau + side * z * root) / reach  # of κ, also next to π
    h, own = select(choice, formulas, x, tau, root, sine, delta, kappa, outputs=2)
    zero, one = k0e(x), k1e(x)
    in_alpha = np.where(x < _BORDERS[-1], tau * zero - root * h, own)
    return side * in_alpha * (reach / alpha / one), (zero + tau * h / root) * (reach / one)
