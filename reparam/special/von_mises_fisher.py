"""The von Mises-Fisher law's angle θ from the mean direction, in d dimensions.

The density of θ is p(θ) ∝ e^(κ cos θ) sin^(d−2) θ on (0, π). A point is given by g = tan(θ/2),
which has its digits next to 0 and next to π; x = sin²(θ/2) = (1 − cos θ)/2. With A = E cos θ and
B = 1 − A,

    ∂F/∂κ = ∫ (cos s − A) p(s) ds = ∫ (B − 2 sin²(s/2)) p(s) ds

from 0 or from π, whichever end keeps the integrand's sign, so that with w(s) = |cos θ − cos s|
nothing cancels in

    −∂θ/∂κ = ∫ (|B − 2x| + w(s)) p(s)/p(θ) ds.

Integrals take s = θ ± 4 arctan(e), by which sines and cosines are rational functions of e, up to
where p(s)/p(θ) is e^−42. Moments are sums of both sides of the mode.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._elementwise import column, elementwise, integrate, weighted
from reparam.special._panels import FINE_MASS
from reparam.special.sphere import LARGEST

__all__ = ["divergence", "log_normalizer", "mean_deficit", "moments", "pathwise", "square"]

#: The exponent at which integrals end.
_CUTOFF = 42.0
#: Larger κ would overflow; there the law is normal, and ln Z linear in ln κ.
_MOST = 1e307
_NODE, _WEIGHT = (np.array(values) for values in FINE_MASS)
#: Nodes and weights on (0, 1), for what is smooth.
_SMOOTH_NODE, _SMOOTH_WEIGHT = np.polynomial.legendre.leggauss(20)
_SMOOTH_NODE, _SMOOTH_WEIGHT = 0.5 * (1.0 + _SMOOTH_NODE), 0.5 * _SMOOTH_WEIGHT


def square(g: Array) -> tuple[Array, Array]:
    """Return x = sin²(θ/2) and 1 − x."""
    length = np.hypot(1.0, np.minimum(g, LARGEST))
    return np.minimum(g, LARGEST) ** 2 / length / length, 1.0 / length / length


# Where p(s)/p(θ) is e^−42, or less. With a = (d − 2)/2 and x₁ = x (1 ∓ r) its logarithm is
# a ln(x₁/x) + a ln((1 − x₁)/(1 − x)) − 2κ (x₁ − x), of which one logarithm is replaced by its
# tangent, and the other by a bound of ln(1 + r) − r.


def _reach_down(x: Array, rest: Array, kappa: Array, a: float) -> Array:
    """Return x − x₁ below a point, at most x: ln(1 − r) + r ≤ −r²/2."""
    if a == 0.0:
        return x
    slope = a - 2.0 * kappa * x - a * x / rest
    root = np.sqrt(slope * slope + 2.0 * a * _CUTOFF)
    part = np.where(slope > 0.0, 2.0 * _CUTOFF / (root + np.abs(slope)), (root - slope) / a)
    return x * np.minimum(part, 1.0)


def _reach_up(x: Array, rest: Array, kappa: Array, a: float) -> Array:
    """Return x₁ − x above a point, at most 1 − x: ln(1 + r) − r ≤ −r²/2(1 + r)."""
    if a == 0.0:
        return np.minimum(0.5 * _CUTOFF / kappa, rest)
    slope = 2.0 * kappa * x - a + a * x / rest
    linear, quadratic = slope - _CUTOFF, 0.5 * a + slope
    root = np.sqrt(linear * linear + 4.0 * quadratic * _CUTOFF)
    part = np.where(
        linear > 0.0, 2.0 * _CUTOFF / (root + np.abs(linear)), 0.5 * (root - linear) / quadratic
    )
    slope = 2.0 * kappa * rest - a * rest / x + a
    root = np.sqrt(slope * slope + 2.0 * a * _CUTOFF)
    other = np.where(slope > 0.0, 2.0 * _CUTOFF / (root + np.abs(slope)), (root - slope) / a)
    return np.minimum(x * part, rest * np.minimum(other, 1.0))


def _integrals(
    x: Array, rest: Array, kappa: Array, dim: Array, up: NDArray[np.bool_] | np.bool
) -> tuple[Array, Array, Array]:
    """Return ∫ p(s)/p(θ) (cw)^k ds for k = 0, 1, 2: above θ where `up`, else below.

    In units of c = max(κ, 1), so that no power of w underflows.
    """
    power = float(dim) - 2.0
    reach = np.where(
        up, _reach_up(x, rest, kappa, 0.5 * power), _reach_down(x, rest, kappa, 0.5 * power)
    )
    signed = np.where(up, reach, -reach)
    last = np.where(up, x + reach, np.maximum(x - reach, 0.0))
    last_rest = np.where(up, np.maximum(rest - reach, 0.0), rest + reach)
    sine, cosine = np.sqrt(x), np.sqrt(rest)
    last_sine, last_cosine = np.sqrt(last), np.sqrt(last_rest)
    # sin and cos of half of what is between
    across = sine * last_cosine + cosine * last_sine
    ending = np.where(across > 0.0, signed / np.where(across > 0.0, across, 1.0), 0.0)
    length = ending / (1.0 + cosine * last_cosine + sine * last_sine)

    def integrals(
        e: Array,
        stretch: Array,
        half: Array,
        rise: Array,
        exponent: Array,
        length: Array,
        sine: Array,
        cosine: Array,
        unit: Array,
        share: Array,
    ) -> tuple[Array, ...]:
        np.multiply(column(_NODE), length, out=e)
        np.multiply(e, e, out=half)
        np.add(half, 1.0, out=stretch)
        np.divide(1.0, stretch, out=stretch)
        # cos(δ/2) = (1 − e²)/(1 + e²) and sin(δ/2) = 2e/(1 + e²) of the angle δ between
        np.subtract(1.0, half, out=half)
        half *= stretch
        e *= 2.0
        e *= stretch
        np.multiply(e, cosine, out=rise)
        rise += half * sine
        rise *= e
        rise *= 2.0 * unit
        np.multiply(rise, -share, out=exponent)
        if power:
            # sin s/sin θ − 1 = 2 sin(δ/2) cos(θ + δ/2)/sin θ
            half *= cosine
            half -= e * sine
            half *= e
            half *= 2.0 / sine
            np.maximum(half, -1.0, out=half)
            np.log1p(half, out=half)
            half *= power
            exponent += half
        np.exp(exponent, out=exponent)
        exponent *= stretch
        mass = weighted(exponent, _WEIGHT)
        exponent *= rise
        first = weighted(exponent, _WEIGHT)
        exponent *= rise
        return mass, first, weighted(exponent, _WEIGHT)

    angle = 2.0 * sine * cosine, (cosine - sine) * (cosine + sine)
    unit = np.maximum(kappa, 1.0)
    found = integrate(integrals, _NODE.size, 5, length, *angle, unit, kappa / unit)
    scale = 4.0 * np.abs(length)
    return scale * found[0], scale * np.abs(found[1]), scale * found[2]


# Moments ----------------------------------------------------------------------------------------


@elementwise(outputs=4)
def moments(kappa: Array, dim: Array) -> tuple[Array, Array, Array, Array]:
    """Return ln Z, A, B and Var cos θ, for κ > 0.

    Z is the integral of e^(κ (cos θ − 1)) over the sphere, A = E cos θ, and B = 1 − A. All are sums
    of positive terms, relative to the mode m: B = 2 E x, and by Stein's identity
    A = 4κ/(d − 1) E[x (1 − x)].
    """
    power = float(dim) - 2.0
    given, kappa = kappa, np.minimum(kappa, _MOST)
    # κ cos² m + (d − 2) cos m = κ
    root = np.hypot(power, 2.0 * kappa)
    mode = 0.5 * power * (1.0 + power / (root + 2.0 * kappa)) / (power + root)
    rest = 1.0 - mode
    below = _integrals(mode, rest, kappa, dim, np.False_)
    above = _integrals(mode, rest, kappa, dim, np.True_)
    mass = below[0] + above[0]
    # x − mode is w/2
    half = 0.5 / np.maximum(kappa, 1.0)
    shift = half * ((above[1] - below[1]) / mass)
    spread = half * (half * ((above[2] + below[2]) / mass))
    mean = mode + shift
    variance = spread - shift * shift
    inside = mean * (1.0 - mean) - variance
    peak = -2.0 * kappa * mode
    if power:
        peak = peak + 0.5 * power * np.log(4.0 * mode * rest)
    constant = math.log(2.0) + 0.5 * (power + 1.0) * math.log(math.pi)
    peak = peak - 0.5 * (power + 1.0) * np.log(given / kappa)
    log = np.log(mass) + peak + (constant - math.lgamma(0.5 * (power + 1.0)))
    return log, 4.0 * kappa / (power + 1.0) * inside, 2.0 * mean, 4.0 * variance


def log_normalizer(kappa: Array, dim: int) -> Array:
    """Return ln Z."""
    return np.asarray(moments(kappa, dim)[0])


def mean_deficit(kappa: Array, dim: int) -> Array:
    """Return B = 1 − E cos θ, to full relative accuracy."""
    return np.asarray(moments(kappa, dim)[2])


@elementwise()
def pathwise(g: Array, kappa: Array, dim: Array) -> Array:
    """Return ∂θ/∂κ at fixed u = F(θ; κ), given g = tan(θ/2): negative, 0 at 0 and π."""
    x, rest = square(g)
    above = 2.0 * x - moments(kappa, dim)[2]
    mass, first, _ = _integrals(x, rest, kappa, dim, above > 0.0)
    ended = (x == 0.0) | (rest == 0.0)
    first = first / np.maximum(kappa, 1.0)
    return np.asarray(np.where(ended, 0.0, -(np.abs(above) * mass + first)))


def divergence(first: Array, second: Array, dim: int) -> tuple[Array, Array]:
    """Return D = ln Z(κ₂) − ln Z(κ₁) + B(κ₁) (κ₂ − κ₁) and ∂D/∂κ₂ = A(κ₂) − A(κ₁).

    D is Kullback and Leibler's divergence of κ₁ from κ₂ at one mean direction. Where it cancels, it
    is ∫ (κ₂ − s) Var_s ds from κ₁ to κ₂, with Var_s the variance of cos θ.
    """
    first, second = np.broadcast_arrays(first, second)
    one, other = moments(first, dim), moments(second, dim)
    step = np.asarray(second - first)
    value, slope = other[0] - one[0] + one[2] * step, one[2] - other[2]
    near = (np.abs(step) < 0.5 * first) | (np.maximum(first, second) < 1.0)
    if not np.any(near):
        return np.asarray(value), np.asarray(slope)
    points = first[..., np.newaxis] + step[..., np.newaxis] * _SMOOTH_NODE
    variances = moments(points, dim)[3] * _SMOOTH_WEIGHT
    near_value = step * step * np.sum(variances * (1.0 - _SMOOTH_NODE), axis=-1)
    near_slope = step * np.sum(variances, axis=-1)
    return np.where(near, near_value, value), np.where(near, near_slope, slope)
