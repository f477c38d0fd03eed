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
from reparam.base.distribution import Distribution
from reparam.base.mechanisms import LocationScale
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
from reparam.distributions.uniform import Uniform
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sizes import of_any_size
from reparam.special._accurate import LARGEST, bend, product_difference
from reparam.special.bregman import (
    excess,
    itakura_saito,
    itakura_saito_squares,
    log_quotient,
    loggamma_excess,
    trigamma_excess,
)
from reparam.special.log_beta import log_beta_divergence

__all__: list[str] = []

_HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


def _to_gaussian(
    moments: tuple[Array | float, ...], loc: Array, scale: Array, mu: Array, sigma: Array
) -> Terms:
    mean, variance, entropy = moments
    spread = np.sqrt(variance)
    negentropy = _HALF_LOG_TWO_PI + 0.5 + np.log(spread) - entropy
    ratio, square = itakura_saito_squares(spread * scale, sigma)
    z = (loc + mean * scale - mu) / sigma
    return (
        0.5 * ratio + 0.5 * z * z + negentropy,
        (z / sigma, square / scale + mean * (z / sigma)),
        (-z / sigma, -(square + z * z) / sigma),
    )


@register_kl(LocationScale, Gaussian)  # type: ignore[type-abstract]
def location_scale_gaussian(p: LocationScale, q: Gaussian) -> Terms | None:
    """½ (v/σ² − 1 − ln v/σ²) + ½ (m − μ)²/σ² + J, with mean m, variance v and negentropy J of p."""
    if len(p.parameters) > 2:
        return None  # moments depend on a shape
    moments = type(p)._standard_moments()
    if not math.isfinite(moments[1]):
        return None
    formula = partial(_to_gaussian, moments)
    return of_any_size(formula, *p._theta, *q._theta)


def _laplace(loc: Array, scale: Array, mu: Array, b: Array) -> Terms:
    apart, r = loc - mu, scale / b
    s = np.minimum(np.abs(apart) / scale, LARGEST)
    fall = np.expm1(-s)
    near = s < 0.5
    bent = np.where(near, r * bend(-np.minimum(s, 1.0)), np.abs(apart) / b + r * fall)
    lost = np.exp(-s) * bend(np.minimum(s, 1.0))  # 1 − (1 + s) e^−s
    in_scale = np.where(
        near, ((scale - b) / scale - lost) / b, (1.0 + s) * np.exp(-s) / b - 1.0 / scale
    )
    in_loc = -np.sign(apart) * fall / b
    return (
        itakura_saito(scale, b) + bent,
        (in_loc, in_scale),
        (-in_loc, ((b - scale) / b - bent) / b),
    )


@register_kl(Laplace, Laplace)
def laplace(p: Laplace, q: Laplace) -> Terms:
    """r − 1 − ln r + r (s + e^−s − 1), with r the scales' ratio and s = |μ_p − μ_q|/b_p."""
    return of_any_size(_laplace, *p._theta, *q._theta)


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


def _to_laplace(
    family: type[LocationScale], loc: Array, scale: Array, mu: Array, b: Array
) -> Terms:
    apart = loc - mu
    t = np.minimum(np.abs(apart) / scale, LARGEST)
    beyond, slope = _DISTANCES[family](t)
    distance = np.abs(apart) + scale * beyond
    entropy = family._standard_moments()[2]
    in_loc = np.sign(apart) * slope / b
    in_scale = beyond + 2.0 * t * family._standard_cdf(-t)
    return (
        itakura_saito(distance, b) + log_quotient(2.0 * distance, scale) - entropy + 1.0,
        (in_loc, in_scale / b - 1.0 / scale),
        (-in_loc, (b - distance) / b / b),
    )


@register_kl(Gaussian, Laplace)
@register_kl(Logistic, Laplace)
def symmetric_laplace(p: LocationScale, q: Laplace) -> Terms:
    """E/b − 1 − ln E/b + ln 2E − H + 1, with E = E_p|y − μ| and the entropy H of p."""
    family = next(base for base in type(p).__mro__ if base in _DISTANCES)
    return of_any_size(partial(_to_laplace, family), *p._theta, *q._theta)


@register_kl(Uniform, Uniform)
def uniform(p: Uniform, q: Uniform) -> Terms:
    """ln(1 + (what q reaches beyond p)/(b − a)); infinite elsewhere, where p reaches beyond q."""
    width_p, width_q = p.high - p.low, q.high - q.low
    beyond = ((q.high - p.high) + (p.low - q.low)) / width_p
    value = np.where(beyond < np.inf, np.log1p(beyond), q.entropy - p.entropy)
    slope_p, slope_q = 1.0 / width_p, 1.0 / width_q
    return value, (slope_p, -slope_p), (-slope_q, slope_q)


@register_kl(Uniform, Gaussian)
def uniform_gaussian(p: Uniform, q: Gaussian) -> Terms:
    """½ (v/σ² − 1 − ln v/σ²) + ½ (m − μ)²/σ² + ½ ln(πe/6), with mean m and variance v of p."""
    spread = (p.high - p.low) / math.sqrt(12.0)
    ratio, square = itakura_saito_squares(spread, q.scale)
    z = (p.mean - q.loc) / q.scale
    in_mean, in_high = z / q.scale, square / spread / math.sqrt(12.0)
    return (
        0.5 * ratio + 0.5 * z * z + 0.5 * (1.0 + math.log(math.pi / 6.0)),
        (0.5 * in_mean - in_high, 0.5 * in_mean + in_high),
        (-in_mean, -(square + z * z) / q.scale),
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
    """The Bregman divergence of ln B, B the beta function, at q's shapes from p's."""
    return log_beta_divergence(alpha_q, beta_q, alpha_p, beta_p)


#: A parameter of an image: a number, or the name of the distribution's parameter and a factor.
Source: TypeAlias = float | tuple[str, float]


@dataclass(frozen=True)
class Image:
    """A family's distribution of g(y), for a g that does not depend on the parameters.

    KL doesn't change when y does, one to one: that of two such distributions is the family's.
    """

    kind: type[Distribution]
    sources: tuple[Source, ...]

    def values(self, theta: tuple[Array, ...]) -> tuple[Array, ...]:
        """Return the family's parameters, from those of the distribution in declared order."""
        by_name = dict(zip(self.kind.parameters, theta, strict=True))
        return tuple(
            source[1] * by_name[source[0]] if isinstance(source, tuple) else np.asarray(source)
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
    def formula(*theta: Array) -> Terms:
        of_p, of_q = theta[: len(p._theta)], theta[len(p._theta) :]
        value, in_p, in_q = family(*image_p.values(of_p), *image_q.values(of_q))
        return value, image_p.chained(in_p), image_q.chained(in_q)

    return of_any_size(formula, *p._theta, *q._theta)


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
