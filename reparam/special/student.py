"""Student's t distribution: the derivative in the degrees of freedom ν, and quantiles.

With y = ν/(ν + t²) ~ Beta(ν/2, ½) for the absolute value, tails and quantiles are the beta
distribution's; the derivative D = ∂ln|t|/∂ν at fixed u is not, since y → t brings in ν again, and
what remains for large ν is O(1/ν²). It is the integral of the score in ν,

    ∂ log p/∂ν = ½ (c − ln(1 + q) + (1 + 1/ν) q/(1 + q)),   q = t²/ν,
    c = ψ((ν+1)/2) − ψ(ν/2) − 1/ν,

which changes sign once for t > 0: D = −∫₀ᵗ … p/(t p(t)) inside, ∫ₜ^∞ … p/(t p(t)) outside. With
s = q/(1+q) the score is ½ (c + (log(1−s) + s) + s/ν), three small terms for large ν.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.special import beta, normal
from reparam.special._accurate import half, log1pmx
from reparam.special._elementwise import (
    column,
    elementwise,
    integrate,
    select,
    weighted,
)
from reparam.special._point import Point, from_odds
from reparam.special._rules import STUDENT_CENTRE, STUDENT_TAIL
from reparam.special._served import served
from reparam.special.along_paths import bends, scale_of
from reparam.special.log_gamma import log_half_step
from reparam.special.polygamma import digamma_half_excess

__all__ = [
    "cdf",
    "log_cdf",
    "log_size_cdf",
    "pathwise",
    "pathwise2",
    "quantile",
    "size_cdf",
    "size_quantile",
]

#: From here on the score is computed from its small terms.
_LARGE = 64.0
#: Beyond it t overflows.
_LOG_LARGEST = 709.0
#: From here on t is normal to the last bit: what is left of ln t is (z² + 1)/4ν.
_NORMAL = 1e20
#: Up to this t²/ν the density is that at 0 to the last bit.
_FLAT = 1e-18
#: Where the two integrals meet: near the root of the score, for ν ≥ 1.
_SEAM = 1.55

# Regimes: each returns D = ∂ln|t|/∂ν ---------------------------------------------------------


def _score(share: Array, log_rest: Array, nu: Array, constant: Array) -> Array:
    """Return twice the score in ν, from s, which is overwritten, and log(1 − s)."""
    # s next to 1 has lost the digits of 1 − s, which log(1 − s) has
    if some := np.any(large := (nu >= _LARGE) & (share < 0.5)):
        exact = log1pmx(-share)
        exact += share / nu
        exact += constant
    share *= 1.0 + 1.0 / nu
    share += log_rest
    share += constant
    if some:
        np.copyto(share, exact, where=large)
    return share


def _centre(t: Array, nu: Array) -> Array:
    """|t| ≤ 1.55, ν ≥ 1: t′ = t τ √((1−σ²)/(1−σ²τ²)), σ² = s(t); 9 fixed nodes, error 1e-14."""
    node, weight = np.array(STUDENT_CENTRE)
    ratio = t * t / nu

    def integrals(
        share: Array,
        log_rest: Array,
        density: Array,
        end: Array,
        log: Array,
        power: Array,
        nu: Array,
        constant: Array,
    ) -> tuple[Array, ...]:
        np.multiply(column(node * node), end, out=share)
        np.log1p(np.negative(share, out=log_rest), out=log_rest)
        np.add(log_rest, log, out=density)
        density *= power
        np.exp(density, out=density)
        density *= _score(share, log_rest, nu, constant)
        return (weighted(density, weight),)

    constant = digamma_half_excess(0.5 * nu)
    end, log = ratio / (1.0 + ratio), np.log1p(ratio)
    arrays = end, log, 0.5 * nu - 1.0, nu, constant
    (integral,) = integrate(integrals, node.size, 3, *arrays)
    return -0.5 * (1.0 + ratio) * integral


def _tail(t: Array, nu: Array) -> Array:
    """|t| > 1.55, ν ≥ 1: 1 + q′ = (1 + q) e^(2ρ/ν); 15 fixed nodes, error 1e-14."""
    node, weight = np.array(STUDENT_TAIL)
    weight = weight * np.exp(-node)
    root = np.abs(t) / np.sqrt(nu)
    ratio = root * root
    log = np.where(root < 1e8, np.log1p(ratio), 2.0 * np.log(root))
    share = np.where(root < 1e8, ratio / (1.0 + ratio), 1.0)

    def integrals(
        lost: Array,
        share: Array,
        log_rest: Array,
        share_at_t: Array,
        rest_at_t: Array,
        inverse: Array,
        log: Array,
        rate: Array,
        nu: Array,
        constant: Array,
    ) -> tuple[Array, ...]:
        np.multiply(column(node), rate, out=log_rest)
        np.expm1(log_rest, out=lost)
        log_rest -= log
        np.multiply(lost, rest_at_t, out=share)
        np.subtract(share_at_t, share, out=share)
        score = _score(share, log_rest, nu, constant)
        lost *= inverse
        np.subtract(1.0, lost, out=lost)
        score /= np.sqrt(lost, out=lost)
        return (weighted(score, weight),)

    constant = digamma_half_excess(0.5 * nu)
    arrays = share, 1.0 / (1.0 + ratio), 1.0 / ratio, log, -2.0 / nu, nu, constant
    (integral,) = integrate(integrals, node.size, 3, *arrays)
    return 0.5 * integral / (nu * share)


def _through_beta(t: Array, nu: Array) -> Array:
    """ν < 1: from logit y = ln(ν/t²), D = ½ (1/ν − ½ ∂logit y/∂α) at (ν/2, ½)."""
    first, _ = beta.logit_pathwise(np.log(nu) - 2.0 * np.log(np.abs(t)), half(nu), 0.5)
    slope = 0.5 * (1.0 / nu - 0.5 * first)
    return np.where(first == np.inf, -np.inf, slope)


_REGIMES = (_centre, _tail, _through_beta)


def _log_derivative(t: Array, nu: Array) -> tuple[Array]:
    choice = (np.abs(t) > _SEAM).astype(np.int8)
    choice = np.where(nu < 1.0, np.int8(2), choice)
    return (np.asarray(select(choice, _REGIMES, t, nu)),)


# Functions ------------------------------------------------------------------------------------


@elementwise()
def pathwise(t: Array, nu: Array) -> Array:
    """Return ∂t/∂ν at fixed u = F(t; ν): −(∂F/∂ν)/p(t), 0 at t = 0.

    Parameters
    ----------
    t
        The point.
    nu
        The degrees of freedom, positive.

    Returns
    -------
    ndarray
        Of the sign opposite to t, with a relative error below 1e-13.
    """
    (slope,) = served("student", _log_derivative, (t, nu), np.empty(t.size))
    found = t * slope
    return found if np.all(t) else np.where(t == 0.0, 0.0, found)


@elementwise()
def pathwise2(t: Array, nu: Array) -> Array:
    """Return ∂²t/∂ν² at fixed u, 0 at t = 0: by differences of D on the scale of ln t.

    With a relative error below 1e-11.
    """
    size = np.where(t == 0.0, 1.0, np.abs(t))

    def speeds(_: Any, log: Array, nu: Array) -> tuple[Array]:
        return _log_derivative(np.exp(log), nu)

    log = np.log(size)
    room = np.minimum(scale_of(log), np.maximum(_LOG_LARGEST - log, 0.1))
    ((turn,),) = bends(speeds, log, [nu], [nu], [nu], room, smooth=True)
    (slope,) = _log_derivative(size, nu)
    return np.asarray(t * (turn + slope * slope))


@elementwise()
def cdf(t: Array, nu: Array) -> Array:
    """Return F(t; ν), to full relative accuracy.

    The probability of a larger absolute value is that of a smaller ν/(ν + t²).
    """
    outside = beta.tail(_point(t, nu), 0.5 * nu, 0.5, upper=False)
    value = np.where(t < 0.0, 0.5 * outside, 1.0 - 0.5 * outside)
    return np.where(nu > _NORMAL, normal.cdf(t), value) if np.any(nu > _NORMAL) else value


@elementwise()
def log_cdf(t: Array, nu: Array) -> Array:
    """Return ln F(t; ν), also where F underflows or rounds to 1."""
    outside = beta.log_tail(_point(t, nu), half(nu), 0.5, upper=False) - math.log(2.0)
    value = np.where(t < 0.0, outside, np.log1p(-np.exp(outside)))
    return np.where(nu > _NORMAL, normal.log_cdf(t), value) if np.any(nu > _NORMAL) else value


def _point(t: Array, nu: Array) -> Point:
    """Return the point y = ν/(ν + t²)."""
    logit = np.log(nu) - 2.0 * np.log(np.abs(t))
    return from_odds(t * (t / nu), -logit).mirrored


@elementwise()
def quantile(u: Array, nu: Array) -> Array:
    """Return t with F(t; ν) = u, for 0 ≤ u ≤ 1.

    From y = ν/(ν + t²), whose tail at t is 2 min(u, 1 − u) and whose other tail is
    ``|2u − 1|``: both are exact.
    """
    tail = 2.0 * np.minimum(u, 1.0 - u)
    t = np.copysign(_size_at(tail, np.abs(2.0 * u - 1.0), nu), u - 0.5)
    return np.where(nu > _NORMAL, normal.icdf(u), t) if np.any(nu > _NORMAL) else t


@elementwise()
def size_cdf(t: Array, nu: Array) -> Array:
    """Return P(|T| ≤ t) for t ≥ 0, to full relative accuracy."""
    from scipy.special import erf

    value = beta.tail(_point(t, nu), half(nu), 0.5, upper=True)
    value = np.where(t * t < _FLAT * nu, _height(nu) * t, value)
    far = nu > _NORMAL
    return np.where(far, erf(math.sqrt(0.5) * t), value) if np.any(far) else value


@elementwise()
def log_size_cdf(t: Array, nu: Array) -> Array:
    """Return ln P(|T| ≤ t) for t ≥ 0, also where it underflows or rounds to 0."""
    from scipy.special import erf

    value = beta.log_tail(_point(t, nu), half(nu), 0.5, upper=True)
    far = nu > _NORMAL
    if not np.any(far):
        return value
    limit = np.where(t < 1.0, np.log(erf(math.sqrt(0.5) * t)), np.log1p(-2.0 * normal.sf(t)))
    return np.where(far, limit, value)


@elementwise()
def size_quantile(u: Array, v: Array, nu: Array) -> Array:
    """Return t with P(|T| ≤ t) = u = 1 − v, of which the smaller has its digits."""
    from scipy.special import erfinv

    v = np.broadcast_to(v, u.shape)
    t, near = _size_at(v, u, nu), u / _height(nu)
    t = np.where(near * near < _FLAT * nu, near, t)
    if not np.any(far := nu > _NORMAL):
        return t
    limit = np.where(u < v, math.sqrt(2.0) * erfinv(u), -normal.icdf(0.5 * v))
    return np.where(far, limit, t)


def _height(nu: Array) -> Array:
    """Return the density of |T| at 0."""
    return math.sqrt(2.0 / math.pi) * np.exp(log_half_step(half(nu)))


def _size_at(tail: Array, rest: Array, nu: Array) -> Array:
    """Return |t| with P(|T| > |t|) = tail = 1 − rest."""
    point = beta.quantile_point(tail, rest, half(nu), np.full_like(tail, 0.5))
    plain = (point.x > 1e-150) & (point.rest > 1e-150) & (nu < 1e150)
    return np.where(
        plain, np.sqrt(nu * (point.rest / point.x)), np.sqrt(nu) * np.exp(-0.5 * point.logit)
    )
