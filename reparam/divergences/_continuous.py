"""The closed forms, arranged so that no terms cancel: p and q may be as near as numbers are.

Each is a sum of terms that are not negative, Bregman divergences mostly, in parameters that are
orthogonal for p's family: mean and shape of a gamma, mean and total of a beta.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.distribution import Distribution
from reparam.distributions.beta import Beta
from reparam.distributions.beta_prime import BetaPrime
from reparam.distributions.chi import Chi
from reparam.distributions.chi_square import ChiSquare
from reparam.distributions.exponential import Exponential
from reparam.distributions.gamma import Gamma
from reparam.distributions.gaussian import Gaussian
from reparam.distributions.inverse_gamma import InverseGamma
from reparam.distributions.laplace import Laplace
from reparam.distributions.logistic import Logistic
from reparam.divergences._registry import Terms, register_kl
from reparam.mechanisms import LocationScale
from reparam.special._accurate import LARGEST, bend, product_difference
from reparam.special.bregman import (
    excess,
    generalized_kl,
    itakura_saito,
    itakura_saito_squares,
    log_quotient,
    loggamma_excess,
    loggamma_shift,
    relative_excess,
    trigamma_excess,
)

__all__: list[str] = []

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


@register_kl(LocationScale, Gaussian)  # type: ignore[type-abstract]
def location_scale_gaussian(p: LocationScale, q: Gaussian) -> Terms | None:
    """½ (v/σ² − 1 − ln v/σ²) + ½ (m − μ)²/σ² + J, with mean m, variance v and negentropy J of p."""
    if len(p.parameters) > 2:
        return None  # moments depend on a shape
    loc, scale = p._theta
    mean, variance, entropy = type(p)._standard_moments()
    spread = np.sqrt(variance)
    negentropy = _HALF_LOG_TWO_PI + 0.5 + np.log(spread) - entropy
    ratio, square = itakura_saito_squares(spread * scale, q.scale)
    z = (loc + mean * scale - q.loc) / q.scale
    return (
        0.5 * ratio + 0.5 * z * z + negentropy,
        (z / q.scale, square / scale + mean * (z / q.scale)),
        (-z / q.scale, -(square + z * z) / q.scale),
    )


@register_kl(Laplace, Laplace)
def laplace(p: Laplace, q: Laplace) -> Terms:
    """r − 1 − ln r + r (s + e^−s − 1), with r the scales' ratio and s = |μ_p − μ_q|/b_p."""
    apart, r = p.loc - q.loc, p.scale / q.scale
    s = np.minimum(np.abs(apart) / p.scale, LARGEST)
    fall = np.expm1(-s)
    near = s < 0.5
    bent = np.where(near, r * bend(-np.minimum(s, 1.0)), np.abs(apart) / q.scale + r * fall)
    lost = np.where(near, np.exp(-s) * bend(np.minimum(s, 1.0)), -fall - s * np.exp(-s))
    in_loc = -np.sign(apart) * fall / q.scale
    return (
        itakura_saito(p.scale, q.scale) + bent,
        (in_loc, ((p.scale - q.scale) / p.scale - lost) / q.scale),
        (-in_loc, ((q.scale - p.scale) / q.scale - bent) / q.scale),
    )


def _gaussian_distance(t: Array) -> tuple[Array, Array]:
    from scipy.special import erf

    density = np.exp(-0.5 * t * t - _HALF_LOG_TWO_PI)
    return 2.0 * (density - t * Gaussian._standard_cdf(-t)), erf(t / math.sqrt(2.0))


def _logistic_distance(t: Array) -> tuple[Array, Array]:
    return 2.0 * np.log1p(np.exp(-t)), np.tanh(0.5 * t)


#: For symmetric standard distributions: E|z + t| − t for t ≥ 0, and the derivative of E|z + t|.
_DISTANCES: Mapping[type[LocationScale], Callable[[Array], tuple[Array, Array]]] = {
    Gaussian: _gaussian_distance,
    Logistic: _logistic_distance,
}


@register_kl(Gaussian, Laplace)
@register_kl(Logistic, Laplace)
def symmetric_laplace(p: LocationScale, q: Laplace) -> Terms:
    """E/b − 1 − ln E/b + ln 2E − H + 1, with E = E_p|y − μ| and the entropy H of p."""
    family = next(base for base in type(p).__mro__ if base in _DISTANCES)
    loc, scale = p._theta
    apart = loc - q.loc
    t = np.minimum(np.abs(apart) / scale, LARGEST)
    beyond, slope = _DISTANCES[family](t)
    distance = np.abs(apart) + scale * beyond
    entropy = type(p)._standard_moments()[2]
    in_loc = np.sign(apart) * slope / q.scale
    in_scale = beyond + 2.0 * t * type(p)._standard_cdf(-t)
    return (
        itakura_saito(distance, q.scale) + log_quotient(2.0 * distance, scale) - entropy + 1.0,
        (in_loc, in_scale / q.scale - 1.0 / scale),
        (-in_loc, (q.scale - distance) / q.scale / q.scale),
    )


def gamma(alpha_p: Array, rate_p: Array, alpha_q: Array, rate_q: Array) -> Terms:
    """α_q (w − 1 − ln w) + B_f(α_q, α_p), with w the means' ratio and f = ln Γ(x) − x ln x + x."""
    cross = product_difference(alpha_p, rate_q, alpha_q, rate_p) / rate_p
    d = cross / alpha_q  # w − 1
    w = (alpha_p / alpha_q) * (rate_q / rate_p)
    log = np.select(
        [np.abs(d) < 0.5, (w > 1e-290) & (w < np.inf)],
        [np.log1p(d), np.log(w)],
        log_quotient(alpha_p, alpha_q) + log_quotient(rate_q, rate_p),
    )
    step = alpha_q - alpha_p
    of_shape, slope = loggamma_excess(alpha_q, alpha_p, step)
    of_mean = np.where(np.abs(d) < 0.3, alpha_q * excess(d, log), cross - alpha_q * log)
    return (
        of_mean + of_shape,
        (cross / alpha_p - step * trigamma_excess(alpha_p), -cross / rate_p),
        (slope - log, cross / rate_q),
    )


def beta(alpha_p: Array, beta_p: Array, alpha_q: Array, beta_q: Array) -> Terms:
    """KL of beta distributions: where α or β is below 1 in both, another sum than elsewhere."""
    lows = np.maximum(alpha_p, alpha_q), np.maximum(beta_p, beta_q)
    mirrored = lows[1] < lows[0]
    p = np.where(mirrored, beta_p, alpha_p), np.where(mirrored, alpha_p, beta_p)
    q = np.where(mirrored, beta_q, alpha_q), np.where(mirrored, alpha_q, beta_q)
    small = np.minimum(*lows) < 1.0
    terms = _large_beta(*p, *q)
    if np.any(small):
        pairs = zip(_flat(_small_beta(*p, *q)), _flat(terms), strict=True)
        value, *slopes = (np.where(small, one, other) for one, other in pairs)
        terms = value, (slopes[0], slopes[1]), (slopes[2], slopes[3])
    value, *gradients = terms
    in_p, in_q = (
        (np.where(mirrored, second, first), np.where(mirrored, first, second))
        for first, second in gradients
    )
    return value, in_p, in_q


def _flat(terms: Terms) -> tuple[Array, ...]:
    return terms[0], *terms[1], *terms[2]


def _large_beta(alpha_p: Array, beta_p: Array, alpha_q: Array, beta_q: Array) -> Terms:
    """Σ_q D(m_q‖m_p) + B_f(α_q, α_p) + B_f(β_q, β_p) − B_f(Σ_q, Σ_p), f as of gamma.

    Σ = α + β, m = α/Σ, and D is the divergence of two coins.
    """
    total_p, total_q = alpha_p + beta_p, alpha_q + beta_q
    in_alpha, in_beta = alpha_q - alpha_p, beta_q - beta_p
    in_total = in_alpha + in_beta
    cross = product_difference(alpha_q, beta_p, alpha_p, beta_q) / total_q
    heads, tails = cross / alpha_p, -cross / beta_p  # m_q/m_p − 1, and of 1 − m
    coins = (total_q / total_p) * (
        alpha_p * relative_excess(heads) + beta_p * relative_excess(tails)
    )
    of_alpha, alpha_slope = loggamma_excess(alpha_q, alpha_p, in_alpha)
    of_beta, beta_slope = loggamma_excess(beta_q, beta_p, in_beta)
    of_total, total_slope = loggamma_excess(total_q, total_p, in_total)
    common = in_total * trigamma_excess(total_p)
    moved = cross * (total_q / total_p)
    return (
        coins + of_alpha + of_beta - of_total,
        (
            common - in_alpha * trigamma_excess(alpha_p) - moved / alpha_p,
            common - in_beta * trigamma_excess(beta_p) + moved / beta_p,
        ),
        (
            _log_one_plus(heads, alpha_q, total_q, alpha_p, total_p) + alpha_slope - total_slope,
            _log_one_plus(tails, beta_q, total_q, beta_p, total_p) + beta_slope - total_slope,
        ),
    )


def _small_beta(alpha_p: Array, beta_p: Array, alpha_q: Array, beta_q: Array) -> Terms:
    """B(α_q, α_p) + (B(β_q, β_p) − B(Σ_q, Σ_p)) with B of ln Γ: the difference is small with α."""
    total_p, total_q = alpha_p + beta_p, alpha_q + beta_q
    in_alpha, in_beta = alpha_q - alpha_p, beta_q - beta_p
    in_total = in_alpha + in_beta
    of_alpha, alpha_slope = loggamma_excess(alpha_q, alpha_p, in_alpha)
    _, total_slope = loggamma_excess(total_q, total_p, in_total)
    less, slope, curvature = loggamma_shift(beta_q, beta_p, in_beta, alpha_q, alpha_p, in_alpha)
    total_curvature = trigamma_excess(total_p) + 1.0 / total_p
    grown = in_total / total_p
    of_total = np.where(np.abs(grown) < 0.5, np.log1p(grown), log_quotient(total_q, total_p))
    return (
        of_alpha + generalized_kl(alpha_q, alpha_p) + less,
        (
            in_total * total_curvature - in_alpha * (trigamma_excess(alpha_p) + 1.0 / alpha_p),
            in_alpha * total_curvature - in_beta * curvature,
        ),
        (
            log_quotient(alpha_q, alpha_p) + alpha_slope - of_total - total_slope,
            slope,
        ),
    )


def _log_one_plus(d: Array, part_q: Array, total_q: Array, part_p: Array, total_p: Array) -> Array:
    """Return ln(1 + d) = ln((part_q/total_q)/(part_p/total_p))."""
    far = log_quotient(part_q, part_p) - log_quotient(total_q, total_p)
    return np.where(np.abs(d) < 0.5, np.log1p(d), far)


#: A parameter of an image: a number, or the name of the distribution's parameter and a factor.
Source: TypeAlias = float | tuple[str, float]


@dataclass(frozen=True)
class Image:
    """A family's distribution of g(y), for a g that does not depend on the parameters.

    KL doesn't change when y does, one to one: that of two such distributions is the family's.
    """

    kind: type[Distribution]
    sources: tuple[Source, ...]

    def values(self, distribution: Distribution) -> tuple[Array, ...]:
        """Return the family's parameters."""
        return tuple(
            source[1] * getattr(distribution, source[0])
            if isinstance(source, tuple)
            else np.asarray(source)
            for source in self.sources
        )

    def chained(self, gradient: tuple[Array, ...]) -> tuple[Array, ...]:
        """Return the derivatives in the distribution's parameters, from those in the family's."""
        by_name = {
            source[0]: source[1] * entry
            for source, entry in zip(self.sources, gradient, strict=True)
            if isinstance(source, tuple)
        }
        return tuple(by_name[name] for name in self.kind.parameters)


def _of_images(
    family: Callable[..., Terms], image_p: Image, image_q: Image, p: Any, q: Any
) -> Terms:
    value, in_p, in_q = family(*image_p.values(p), *image_q.values(q))
    return value, image_p.chained(in_p), image_q.chained(in_q)


def register_images(family: Callable[..., Terms], *images: Image) -> None:
    """Register a family's formula for all pairs of distributions with the same g."""
    for first in images:
        for second in images:
            formula = partial(_of_images, family, first, second)
            register_kl(first.kind, second.kind)(formula)


register_images(
    gamma,
    Image(Gamma, (("alpha", 1.0), ("rate", 1.0))),
    Image(ChiSquare, (("df", 0.5), 0.5)),
    Image(Exponential, (1.0, ("rate", 1.0))),
)
register_images(gamma, Image(InverseGamma, (("alpha", 1.0), ("scale", 1.0))))  # g = 1/y
register_images(gamma, Image(Chi, (("df", 0.5), 0.5)))  # g = y²
register_images(beta, Image(Beta, (("alpha", 1.0), ("beta", 1.0))))
register_images(beta, Image(BetaPrime, (("alpha", 1.0), ("beta", 1.0))))  # g = y/(1 + y)
