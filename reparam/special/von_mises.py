"""The von Mises distribution around 0: tails, quantiles, and the derivative in its concentration κ.

A point z in (−π, π) is given by g = tan(z/2), which has its digits next to 0 and next to ±π. With
s = sin(t/2) the density is p(t) = exp(−2κ s²)/(2π e^−κ I₀(κ)), and with A = I₁(κ)/I₀(κ)

    ∂F/∂κ = ∫ (cos t − A) p(t) dt = ∫ (B − 2s²) p(t) dt,    B = 1 − A,

from −π, 0 or π, as ∂F/∂κ is 0 at all three. The integrand changes sign once between 0 and π. It is
integrated from the end at which it keeps one sign, from 0 (inside) or from π (outside), and with
w(t) = |cos z − cos t| nothing cancels in

    −∂z/∂κ = ∫ (|B − 2 sin²(z/2)| + w) exp(±κ w) dt.

Both integrals take t = z ± 4 arctan(e), by which sines and cosines are rational functions of e.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import scaled_exp
from reparam.special._elementwise import column, elementwise, integrate, select, weighted
from reparam.special._newton import Members, halley, iterate, unfinished
from reparam.special.along_paths import bends
from reparam.special.circular import log_mean_exp, mean_deficit

__all__ = [
    "entropy",
    "half_tangent",
    "log_tail",
    "pathwise",
    "pathwise2",
    "quantile",
    "sine_and_square",
    "tail",
    "variance",
]

#: What π is more than its nearest double.
_REST_OF_PI = 1.2246467991473532e-16
#: The exponent at which integrals end.
_CUTOFF = 38.0

#: Larger g are not distinguished: z is ±π to 300 digits.
_LARGEST = 1e300


def _composite(edges: tuple[float, ...], order: int) -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes and weights on panels of [0, 1]."""
    point, weight = leggauss(order)
    start, length = np.array(edges[:-1])[:, np.newaxis], np.diff(edges)[:, np.newaxis]
    nodes = start + 0.5 * length * (1.0 + point)
    return nodes.ravel(), (0.5 * length * weight).ravel()


#: Outside the weight falls by up to e^−38; inside it rises by less than 1.8.
_OUTSIDE, _INSIDE = _composite((0.0, 0.22, 0.52, 1.0), 14), _composite((0.0, 1.0), 10)


# Geometry ---------------------------------------------------------------------------------------


def half_tangent(y: Array, loc: Array) -> Array:
    """Return tan(z/2) for z = y − μ, infinite where y is μ ± π to rounding.

    Next to ±π it comes from the distance to there, with the rounding error of y − μ added.
    """
    z = y - loc
    lost = z - y
    error = (y - (z - lost)) - (loc + lost)
    size = np.abs(z)
    rest = (math.pi - size) + (_REST_OF_PI - np.copysign(error, z * error))
    g = np.where(size < 1.5, np.tan(0.5 * size), 1.0 / np.tan(0.5 * np.maximum(rest, 0.0)))
    ended = (y <= loc - math.pi) | (y >= loc + math.pi)
    return np.copysign(np.where(ended, np.inf, g), z)


def sine_and_square(g: Array) -> tuple[Array, Array]:
    """Return sin z and sin²(z/2)."""
    small = np.minimum(np.abs(g), 1.0 / np.abs(g))
    ratio = 1.0 / (1.0 + small * small)
    square = np.where(np.abs(g) < 1.0, small * small, 1.0) * ratio
    return np.copysign(2.0 * small * ratio, g), square


def _half_angle(size: Array) -> tuple[Array, Array]:
    """Return sin(z/2) and cos(z/2) for g ≥ 0."""
    small = np.minimum(size, 1.0 / size)
    long = 1.0 / np.sqrt(1.0 + small * small)
    short = small * long
    inner = size < 1.0
    return np.where(inner, short, long), np.where(inner, long, short)


# Integrals of exp(±κ w) and of w exp(±κ w), from sin(z/2), cos(z/2) and κ -------------------------


def _outside(sine: Array, cosine: Array, kappa: Array) -> tuple[Array, Array]:
    """From z to π, or to where the exponent reaches its cutoff: t = z + 4 arctan(e)."""
    reach = 0.5 * _CUTOFF / kappa
    whole = cosine * cosine <= reach
    last_sine = np.sqrt(np.minimum(sine * sine + reach, 1.0))
    last_cosine = np.sqrt(np.maximum(cosine * cosine - reach, 0.0))
    # sin and cos of half of what is between
    ending = np.where(whole, cosine, reach / (last_sine * cosine + last_cosine * sine))
    length = ending / (1.0 + np.where(whole, sine, last_cosine * cosine + last_sine * sine))
    node, weight = _OUTSIDE

    def integrals(
        e: Array,
        rise: Array,
        stretch: Array,
        length: Array,
        sine_z: Array,
        cosine_z: Array,
        kappa: Array,
    ) -> tuple[Array, ...]:
        np.multiply(column(node), length, out=e)
        np.multiply(e, e, out=rise)
        np.add(rise, 1.0, out=stretch)
        np.divide(1.0, stretch, out=stretch)
        # sin(z + δ/2) = sin z (1 − e²)/(1 + e²) + cos z 2e/(1 + e²)
        np.subtract(1.0, rise, out=rise)
        rise *= sine_z
        e *= 2.0
        rise += e * cosine_z
        rise *= stretch
        rise *= e
        rise *= stretch
        rise *= 2.0
        np.multiply(rise, -kappa, out=e)
        np.exp(e, out=e)
        e *= stretch
        mass = weighted(e, weight)
        e *= rise
        return mass, weighted(e, weight)

    sine_z, cosine_z = 2.0 * sine * cosine, (cosine - sine) * (cosine + sine)
    mass, first = integrate(integrals, node.size, 3, length, sine_z, cosine_z, kappa)
    return 4.0 * length * mass, 4.0 * length * first


def _inside(sine: Array, cosine: Array, kappa: Array) -> tuple[Array, Array]:
    """From 0 to z, with e = tan(t/4): cos t − cos z = 2 (sin(z/2) − s)(sin(z/2) + s)."""
    end = sine / (1.0 + cosine)
    node, weight = _INSIDE

    def integrals(
        e: Array, stretch: Array, rise: Array, end: Array, kappa: Array
    ) -> tuple[Array, ...]:
        np.multiply(column(node), end, out=e)
        np.multiply(e, e, out=stretch)
        stretch += 1.0
        np.divide(1.0, stretch, out=stretch)
        own = 1.0 / (1.0 + end * end)
        # (a − e)(1 − ae) and (a + e)(1 + ae) of tan(z/4) = a
        np.multiply(e, end, out=rise)
        rise *= rise
        np.subtract(1.0, rise, out=rise)
        rise *= column(1.0 - node * node)
        rise *= 8.0 * (end * own) ** 2
        rise *= stretch
        rise *= stretch
        np.multiply(rise, kappa, out=e)
        np.exp(e, out=e)
        e *= stretch
        mass = weighted(e, weight)
        e *= rise
        return mass, weighted(e, weight)

    mass, first = integrate(integrals, node.size, 3, end, kappa)
    return 4.0 * end * mass, 4.0 * end * first


def _integrals(
    sine: Array, cosine: Array, kappa: Array, outside: NDArray[np.bool_]
) -> tuple[Array, Array]:
    found: tuple[Array, Array] = select(
        outside.astype(np.int8), (_inside, _outside), sine, cosine, kappa, outputs=2
    )
    return found


# Functions ---------------------------------------------------------------------------------------


@elementwise()
def pathwise(g: Array, kappa: Array) -> Array:
    """Return ∂z/∂κ at fixed u = F(z; κ), given g = tan(z/2): of the sign opposite to z.

    The relative error is below 1e-13 for any κ, also next to 0 and ±π.
    """
    sine, cosine = _half_angle(np.abs(g))
    above = 2.0 * sine * sine - mean_deficit(kappa)
    mass, first = _integrals(sine, cosine, np.broadcast_to(kappa, g.shape), above > 0.0)
    return np.asarray(np.copysign(np.abs(above) * mass + first, -g))


@elementwise()
def pathwise2(g: Array, kappa: Array) -> Array:
    """Return ∂²z/∂κ² at fixed u, given g = tan(z/2), with a relative error below 1e-11.

    By differences of λ = ∂ln g/∂κ = cosh(ln g) ∂z/∂κ, which is smooth next to 0 and to ±π.
    """
    centre = (g == 0.0) | (np.abs(g) == np.inf)
    log = np.log(np.where(centre, 1.0, np.abs(g)))

    def speeds(_: Any, log: Array, kappa: Array) -> tuple[Array]:
        return (np.cosh(log) * pathwise(np.exp(log), kappa),)

    ((turn,),) = bends(speeds, log, [kappa], [kappa], [kappa], smooth=True)
    (speed,) = speeds(None, log, kappa)
    bent = (turn - np.tanh(log) * speed * speed) / np.cosh(log)
    return np.where(centre, 0.0, np.copysign(1.0, g) * bent)


def _parts(g: Array, kappa: Array) -> tuple[NDArray[np.bool_], Array, Array, Array, Array]:
    """Return whether z is outside, the integral of p(t)/p(z) there, ln p(z), sin and cos of z/2."""
    sine, cosine = _half_angle(np.abs(g))
    outside = 2.0 * sine * sine > mean_deficit(kappa)
    mass, _ = _integrals(sine, cosine, np.broadcast_to(kappa, g.shape), outside)
    log = -2.0 * kappa * sine * sine - math.log(2.0 * math.pi) - log_mean_exp(kappa)
    return outside, mass, log, sine, cosine


@elementwise()
def tail(g: Array, kappa: Array, upper: Array) -> Array:
    """Return P(Z > z) where `upper` is 1, P(Z ≤ z) where it is 0, to full relative accuracy."""
    outside, mass, log, _, _ = _parts(g, kappa)
    part = scaled_exp(log, mass)
    part = np.where(mass > 0.0, part, 0.0)
    smaller = np.where(outside, part, 0.5 - part)
    return np.where((g > 0.0) == (upper == 1.0), smaller, 1.0 - smaller)


@elementwise()
def log_tail(g: Array, kappa: Array, upper: Array) -> Array:
    """Return the logarithm of that, also where the probability underflows or rounds to 1."""
    outside, mass, log, _, _ = _parts(g, kappa)
    log_part = log + np.log(mass)
    part = np.exp(np.minimum(log_part, 0.0))
    log_smaller = np.where(outside, log_part, np.log(0.5 - np.where(outside, 0.0, part)))
    smaller = np.where(outside, part, 0.5 - part)
    return np.where((g > 0.0) == (upper == 1.0), log_smaller, np.log1p(-smaller))


@elementwise()
def quantile(u: Array, other: Array, kappa: Array) -> Array:
    """Return g = tan(z/2) with P(Z ≤ z) = u, where `other` = 1 − u; the smaller has its digits.

    Halley's method in ln |g|, in which the logarithms of the probability between 0 and z, and of
    that beyond z, are nearly linear at both endpoints; kept between points on both sides of the
    root.
    """
    kappa, other = np.broadcast_to(kappa, u.shape), np.broadcast_to(other, u.shape)
    beyond = np.minimum(u, other)
    between = 0.5 - beyond
    size = np.select([beyond <= 0.0, between <= 0.0], [np.inf, 0.0], np.nan)
    active = np.flatnonzero((beyond > 0.0) & (between > 0.0) & (kappa > 0.0))
    size[active] = _start(beyond[active], between[active], kappa[active])
    active = active[size[active] < _LARGEST]
    state = size, np.zeros(u.shape), np.full(u.shape, np.inf)
    wanted = between, beyond
    iterate(lambda members: _improve(state, members, wanted, kappa), active)
    _improve(state, active, wanted, kappa)
    return np.where(u < other, -size, size)


def _start(beyond: Array, between: Array, kappa: Array) -> Array:
    """Return a first guess of |g|: of a wrapped Cauchy or a normal law, or a uniform one at ±π."""
    from scipy.special import ndtri

    turn = np.where(beyond < 0.25, 1.0 / np.tan(math.pi * beyond), np.tan(math.pi * between))
    deficit = mean_deficit(kappa)
    cauchy = deficit / (2.0 - deficit) * turn
    sine = -0.5 * ndtri(beyond) / np.sqrt(kappa)
    near = np.minimum(sine, 0.95)
    normal = near / np.sqrt(1.0 - near * near)
    end = np.exp(-2.0 * kappa - math.log(math.pi) - log_mean_exp(kappa)) / beyond
    guess = np.where(kappa < 1.0, cauchy, np.where(sine < 0.95, normal, np.maximum(end, 3.0)))
    return np.clip(guess, 5e-324, _LARGEST)


def _improve(
    state: tuple[Array, Array, Array], members: Members, wanted: tuple[Array, Array], kappa: Array
) -> NDArray[np.bool_]:
    """Take one step at some elements, and return which of them need another."""
    size, low, high = state
    at, own = size[members], kappa[members]
    outside, mass, log, sine, cosine = _parts(at, own)
    goal = np.where(outside, wanted[1][members], wanted[0][members])
    # of the quotient, since logarithms of tiny probabilities have lost digits
    ratio = goal / (np.exp(log) * mass)
    normal = (log > -700.0) & (goal > 1e-307) & (ratio > 0.0) & (ratio < np.inf)
    residual = np.where(normal, np.log(ratio), np.log(goal) - log - np.log(mass))
    farther = (residual > 0.0) != outside  # whether the root is farther from 0 than this point
    least = np.where(farther, np.maximum(low[members], at), low[members])
    most = np.where(farther, high[members], np.minimum(high[members], at))
    low[members], high[members] = least, most
    sine_z, cosine_z = 2.0 * sine * cosine, (cosine - sine) * (cosine + sine)
    step, bent = halley(residual, mass / sine_z, cosine_z - own * sine_z * sine_z, outside)
    moved = at + at * np.expm1(np.clip(step, -4.0, 4.0))
    halfway = np.sqrt(least) * np.sqrt(most)
    lost = ~((moved >= least) & (moved <= most)) & (halfway > 0.0) & (halfway < np.inf)
    size[members] = np.where(lost, halfway, moved)
    return unfinished(residual, step, bent)


@elementwise()
def variance(kappa: Array) -> Array:
    """Return E[z²], of z between −π and π."""

    def integrals(angle: Array, stretch: Array, length: Array, kappa: Array) -> tuple[Array, ...]:
        np.multiply(column(node), length, out=angle)
        np.multiply(angle, angle, out=stretch)
        stretch += 1.0
        density = angle / stretch
        density *= density
        density *= -8.0 * kappa
        np.exp(density, out=density)
        density /= stretch
        mass = weighted(density, weight)
        np.arctan(angle, out=angle)
        density *= angle
        density *= angle
        return mass, weighted(density, weight)

    node, weight = _OUTSIDE
    sine = np.sqrt(np.minimum(0.5 * _CUTOFF / kappa, 1.0))
    length = sine / (1.0 + np.sqrt((1.0 - sine) * (1.0 + sine)))
    mass, second = integrate(integrals, node.size, 2, length, kappa)
    return np.asarray(16.0 * second / mass)


@elementwise()
def entropy(kappa: Array) -> Array:
    """Return ln(2π I₀(κ)) − κ A(κ) = ln(2π e^−κ I₀(κ)) + κ (1 − A(κ))."""
    of_density = math.log(2.0 * math.pi) + log_mean_exp(kappa)
    return np.asarray(of_density + kappa * mean_deficit(kappa))
