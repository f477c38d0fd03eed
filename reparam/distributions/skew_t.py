"""The skew t distribution of Jones and Faddy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle, unflattened
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import beta_draws
from reparam.parameters import Parameter
from reparam.special import beta as special
from reparam.special import fisher
from reparam.special._accurate import product_difference
from reparam.special.beta_score import logit_centred_logs
from reparam.special.bregman import log_quotient
from reparam.special.entropies import logit_entropy
from reparam.special.log_gamma import log_half_step
from reparam.special.polygamma import digamma_difference

__all__ = ["SkewT"]


class SkewT(LocationScale):
    """The skew t distribution of Jones and Faddy.

    z = √(α + β) sinh(½ logit x) with x ~ Beta(α, β), and y = μ + σ z. For α = β it is Student's t
    with 2α degrees of freedom. Its tails fall like those of Student's t with 2α degrees of freedom
    below, and 2β above: the mean is infinite if one of α and β is at most ½ and undefined (NaN)
    if both are, and the variance is infinite if one of them is at most 1.
    """

    name = "skew-t"
    aliases = ("jf-skew-t",)
    alpha: Parameter = Parameter("α", POSITIVE, 4.0, (0.3, 50.0), ("a",), "Shape of the lower tail")
    beta: Parameter = Parameter("β", POSITIVE, 2.0, (0.3, 50.0), ("b",), "Shape of the upper tail")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = 4 x^(α+½) (1−x)^(β+½) / (B(α, β) √(α+β) σ),"
        "  x = ½ (1 + z/√(α+β+z²)),  z = (y − μ)/σ",
        transform="y = μ + σ √(α+β) sinh(½ logit x),  x the quantile of Beta(α, β)",
        derivatives={
            "alpha": "½ σ (z/(α+β) + √(α+β+z²) ∂logit x/∂α)",
            "beta": "½ σ (z/(α+β) + √(α+β+z²) ∂logit x/∂β)",
            "loc": "1",
            "scale": "z",
        },
        source="Jones & Faddy (2003), A skew extension of the t-distribution, with applications",
        scipy="jf_skew_t(alpha, beta, loc, scale)",
    )
    _tails = (Tail(power="2*alpha"), Tail(power="2*beta"))
    path = "field"
    _substreams = (NORMAL, UNIFORM, NORMAL, UNIFORM)

    @staticmethod
    def _standard_sampler(
        z: Array, u: Array, other_z: Array, other_u: Array, alpha: Array, beta: Array
    ) -> tuple[Array, ...]:
        return (_of_logit(beta_draws(z, u, other_z, other_u, alpha, beta)[2], alpha, beta),)

    @staticmethod
    def _standard_icdf(u: Array, alpha: Array, beta: Array) -> Array:
        return _of_logit(special.quantile_point(u, 1.0 - u, alpha, beta).logit, alpha, beta)

    @classmethod
    def _standard_isf(cls, v: Array, alpha: Array, beta: Array) -> Array:
        return _of_logit(special.quantile_point(1.0 - v, v, alpha, beta).logit, alpha, beta)

    @staticmethod
    def _standard_pathwise(z: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        size = _root_of_sum(alpha, beta)
        slopes = special.logit_pathwise(2.0 * np.arcsinh(z / size), alpha, beta)
        reach, far = np.hypot(size, z), np.isinf(z)
        own = z / reach / size / size
        return tuple(
            np.where(far, limit, 0.5 * reach * (own + slope))
            for slope, limit in zip(slopes, (np.inf, -np.inf), strict=True)
        )

    @staticmethod
    def _standard_pathwise2(z: Array, alpha: Array, beta: Array) -> Triangle:
        # z = ½ (P − Q) with P² = (α + β) o, Q² = (α + β)/o and the odds o = x/(1 − x), which are
        # α/β times an F variate
        size, point = _root_of_sum(alpha, beta), _point(z, alpha, beta)
        ratio = np.exp(point.logit - log_quotient(alpha, beta))
        found = fisher.log_pathwise2(ratio, point.logit, alpha, beta)
        (up, of_up), (down, of_down) = (
            [fisher.bends_of_multiple(found, alpha, beta, power, k) for power in (k, 0)]
            for k in (1, -1)
        )
        total = alpha + beta
        tilt, bend = _of_sum(up.first[0], of_up.first[0], up.log[0], of_up.log[0], alpha, beta)
        other, other_bend = _of_sum(
            down.first[1], of_down.first[1], down.log[2], of_down.log[2], beta, alpha
        )
        mixed, inverse = up.log[1], 1.0 / total
        rising = (
            0.5 * up.relative[0] - 0.25 * tilt * tilt,
            0.5 * (mixed - inverse * inverse) - 0.25 * (up.first[0] + inverse) * other,
            0.5 * other_bend + 0.25 * other * other,
        )
        falling = (
            0.5 * bend + 0.25 * tilt * tilt,
            -0.5 * (mixed + inverse * inverse) - 0.25 * tilt * (down.first[1] + inverse),
            0.5 * down.relative[2] - 0.25 * other * other,
        )
        most = np.hypot(size, z) + np.abs(z)
        least, below = size * (size / most), z < 0.0
        p, q = np.where(below, least, most), np.where(below, most, least)
        return unflattened(
            [0.5 * (p * up - q * down) for up, down in zip(rising, falling, strict=True)]
        )

    @staticmethod
    def _standard_cdf(z: Array, alpha: Array, beta: Array) -> Array:
        return special.tail(_point(z, alpha, beta), alpha, beta, upper=False)

    @staticmethod
    def _standard_sf(z: Array, alpha: Array, beta: Array) -> Array:
        return special.tail(_point(z, alpha, beta), alpha, beta, upper=True)

    @staticmethod
    def _standard_log_cdf(z: Array, alpha: Array, beta: Array) -> Array:
        return special.log_tail(_point(z, alpha, beta), alpha, beta, upper=False)

    @staticmethod
    def _standard_log_sf(z: Array, alpha: Array, beta: Array) -> Array:
        return special.log_tail(_point(z, alpha, beta), alpha, beta, upper=True)

    @staticmethod
    def _standard_log_prob(z: Array, alpha: Array, beta: Array) -> Array:
        # that of logit x, of which dz is ½ √(α + β + z²)
        size = _root_of_sum(alpha, beta)
        of_logit = special.logit_log_weight(2.0 * np.arcsinh(z / size), alpha, beta)
        return np.asarray(of_logit + math.log(2.0) - np.log(np.hypot(size, z)))

    @staticmethod
    def _standard_score(z: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        point = _point(z, alpha, beta)
        gap, tilt = _gap(point, alpha, beta), point.x - point.rest
        first, second = logit_centred_logs(_odds(point), point.logit, alpha, beta)
        common = (gap * tilt + 2.0 * point.x * point.rest) / (alpha + beta)
        slope = (2.0 * gap - tilt) / np.hypot(_root_of_sum(alpha, beta), z)
        return slope, first - common, second - common

    @staticmethod
    def _standard_excess(z: Array, slope: Array, alpha: Array, beta: Array) -> Array:
        # 1 + z slope: in both tails what is left of 1 is nothing
        point = _point(z, alpha, beta)
        tilt = point.x - point.rest
        return 4.0 * point.x * point.rest + 2.0 * _gap(point, alpha, beta) * tilt

    @staticmethod
    def _standard_moments(alpha: Array, beta: Array) -> tuple[Any, Any, Any]:
        least, total = np.minimum(alpha, beta), alpha + beta
        apart = (alpha - beta) / total
        # E z = ½ (α − β) √(α+β) Γ(α−½) Γ(β−½)/(Γ(α) Γ(β))
        a, b = np.maximum(alpha - 0.5, 0.0), np.maximum(beta - 0.5, 0.0)
        fall = log_half_step(a) + log_half_step(b)
        mean = 0.5 * apart * total * np.exp(-fall) * np.sqrt(total / a / b)
        mean = np.where(least > 0.5, mean, np.copysign(np.inf, apart))
        # E z² = ¼ (α+β) ((α−β)² + α + β − 2)/((α−1) (β−1)), of which (E z)² takes all but a share
        a, b = np.maximum(alpha - 1.0, 0.0), np.maximum(beta - 1.0, 0.0)
        share = -np.expm1(2.0 * (log_half_step(a) + log_half_step(b)))
        variance = 0.25 * (total / a) * ((total - 2.0) + (alpha - beta) ** 2 * share) / b
        variance = np.where(least > 1.0, variance, np.inf)
        undefined = np.maximum(alpha, beta) <= 0.5
        logs = digamma_difference(alpha, beta) + digamma_difference(beta, alpha)  # −E ln x(1 − x)
        entropy = logit_entropy(alpha, beta) + 0.5 * (np.log(total) + logs) - math.log(4.0)
        return np.where(undefined, np.nan, mean), np.where(undefined, np.nan, variance), entropy


def _root_of_sum(alpha: Array, beta: Array) -> Array:
    """Return √(α + β), also where the sum overflows."""
    return np.hypot(np.sqrt(alpha), np.sqrt(beta))


def _of_sum(
    slope: Array, flat_slope: Array, log: Array, flat_log: Array, own: Array, other: Array
) -> tuple[Array, Array]:
    """Return ∂ ln(o/s) and −∂² ln(o s), s = α + β, in a shape: both are small if that is large.

    Parameters
    ----------
    slope, log
        ∂ ln o and ∂² ln o.
    flat_slope, flat_log
        Those of o divided by the shape.
    own, other
        The shape, and the other one.
    """
    inverse = 1.0 / (own + other)
    gap, small = other / own * inverse, own < 1.0  # 1/own − 1/s
    return (
        np.where(small, slope - inverse, flat_slope + gap),
        np.where(small, -log - inverse * inverse, gap * (1.0 / own + inverse) - flat_log),
    )


def _of_logit(logit: Array, alpha: Array, beta: Array) -> Array:
    return _root_of_sum(alpha, beta) * np.sinh(0.5 * logit)


def _point(z: Array, alpha: Array, beta: Array) -> special.Point:
    """Return x, of which the odds are (s + √(1 + s²))² with s = z/√(α + β)."""
    sine = z / _root_of_sum(alpha, beta)
    grown = (np.abs(sine) + np.hypot(1.0, sine)) ** 2
    return special.from_odds(np.where(sine < 0.0, 1.0 / grown, grown), 2.0 * np.arcsinh(sine))


def _gap(point: special.Point, alpha: Array, beta: Array) -> Array:
    """Return α (1 − x) − β x, whose own rounding is added."""
    return product_difference(alpha, point.rest, beta, point.x)


def _odds(point: special.Point) -> Array:
    return np.exp(np.clip(point.logit, -690.0, 690.0))
