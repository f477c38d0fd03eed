"""The closed forms, arranged so that no terms cancel: p and q may be as near as numbers are.

Each is a sum of terms that are not negative, Bregman divergences mostly, in parameters that are
orthogonal for p's family: mean and shape of a gamma, mean and total of a beta.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.base.mechanisms import LocationScale
from reparam.distributions.beta import Beta
from reparam.distributions.beta_prime import BetaPrime
from reparam.distributions.gaussian import Gaussian
from reparam.distributions.laplace import Laplace
from reparam.distributions.logistic import Logistic
from reparam.distributions.sigmoid_beta import SigmoidBeta
from reparam.distributions.uniform import Uniform
from reparam.divergences._images import Image, Monomial, register_images
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sizes import of_any_size
from reparam.special._accurate import LARGEST, bend
from reparam.special.bregman import itakura_saito, itakura_saito_squares, log_quotient
from reparam.special.log_beta import log_beta_divergence
from reparam.special.normal import HALF_LOG_TWO_PI

__all__: list[str] = []


def _to_gaussian(
    moments: tuple[Array | float, ...], loc: Array, scale: Array, mu: Array, sigma: Array
) -> Terms:
    mean, variance, entropy = moments
    spread = np.sqrt(variance)
    negentropy = HALF_LOG_TWO_PI + 0.5 + np.log(spread) - entropy
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

    density = np.exp(-0.5 * t * t - HALF_LOG_TWO_PI)
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


def beta(alpha_p: Array, beta_p: Array, alpha_q: Array, beta_q: Array) -> Terms:
    """The Bregman divergence of ln B, B the beta function, at q's shapes from p's."""
    return log_beta_divergence(alpha_q, beta_q, alpha_p, beta_p)


_BETA = (Monomial(alpha=1), Monomial(beta=1))
_CONCENTRATIONS = (Monomial(concentration1=1), Monomial(concentration0=1))

register_images(beta, Image(Beta, _BETA))
register_images(beta, Image(BetaPrime, _BETA))  # g = y/(1 + y)
register_images(beta, Image(SigmoidBeta, _CONCENTRATIONS))  # g = 1/(1 + e^−y)
