"""Closed forms of distributions on (0, 1), beta and continuous Bernoulli, against others.

A beta distribution of large β is nearly a gamma distribution on a small scale, and both nearly
exponential for α = 1: with s = α + β its divergence from Gamma(κ, λ) is that of Gamma(α, s), and
(α − κ) δ(s) + M with δ(s) = ln s − ψ(s) and its divergence M from Gamma(α, s), about α/s².
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.beta import Beta
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.distributions.exponential import Exponential
from reparam.distributions.gamma import Gamma
from reparam.distributions.uniform import Uniform
from reparam.divergences._powers_of_gamma import gamma
from reparam.divergences._registry import Terms, register_kl
from reparam.special import tilted
from reparam.special._accurate import product_difference
from reparam.special._constants import BERNOULLI, STIRLING
from reparam.special.bregman import (
    excess,
    itakura_saito,
    log_quotient,
    loggamma_excess,
    trigamma_excess,
)
from reparam.special.entropies import beta_entropy
from reparam.special.log_gamma import reduced_log_gamma
from reparam.special.negentropy import accurate_delta, beta_negentropy
from reparam.special.polygamma import delta_step, digamma_difference, trigamma_excess_step

__all__: list[str] = []

#: From here on the asymptotic series are accurate to an ulp.
_LARGE = 10.0
#: Up to this |η| continuous Bernoulli distributions are compared with the uniform distribution.
_SMALL = 2.0


def _falls(x: Array, h: Array) -> tuple[Array, Array, Array]:
    """Return the falls from x ≥ 10 to x + h of ln Γ*(x), δ(x) − 1/2x and ψ₁(x) − 1/x − 1/2x²."""
    log = np.log1p(h / x)
    of_gamma = of_delta = of_trigamma = np.zeros_like(log)
    for k in range(len(STIRLING), 0, -1):
        lower, even, upper = (-np.expm1(-n * log) for n in (2 * k - 1, 2 * k, 2 * k + 1))
        power, number = x ** (-2.0 * k), BERNOULLI[k - 1]
        of_gamma = of_gamma + STIRLING[k - 1] * power * x * lower
        of_delta = of_delta + number * power * even
        of_trigamma = of_trigamma + 2 * k * number * power / x * upper
    return of_gamma, of_delta, of_trigamma


def _from_gamma(alpha: Array, beta: Array) -> Array:
    """Return M = ln(s/β) + f(s) − f(β) − (β − 1) (δ(β) − δ(s)), f = ln Γ(x) − x ln x + x."""
    total, log = alpha + beta, np.log1p(alpha / beta)
    fall = delta_step(beta, alpha)
    bent = loggamma_excess(total, beta, alpha)[0] - alpha * accurate_delta(beta)
    rise = np.where(alpha < beta, bent, reduced_log_gamma(total) - reduced_log_gamma(beta))
    near = log + rise - (beta - 1.0) * fall
    large = np.maximum(beta, _LARGE)
    of_gamma, of_delta, _ = _falls(large, alpha)
    far = 0.5 * excess(-alpha / total, -log) + 0.5 * alpha / total / beta
    far = far - of_gamma - (large - 1.0) * of_delta
    return np.where(beta >= _LARGE, far, near)


def _in_beta(alpha: Array, beta: Array) -> Array:
    """Return the derivative of KL in β where q is Gamma(α, s).

    It is (β − 1) (t(β) − t(s)) − α/βs with t = ψ₁ − 1/x, whose terms cancel for large β.
    """
    total = alpha + beta
    near = (beta - 1.0) * trigamma_excess_step(beta, alpha) - alpha / beta / total
    large = np.maximum(beta, _LARGE)
    lead = 0.5 * alpha / beta / total * (alpha / total + (2.0 + alpha / beta) / total)
    far = (large - 1.0) * _falls(large, alpha)[2] - lead
    return np.where(beta >= _LARGE, far, near)


def _to_gamma(alpha: Array, beta: Array, shape: Array, rate: Array) -> Terms:
    total, apart = alpha + beta, alpha - shape
    value, _, (_, in_rate) = gamma(alpha, total, shape, rate)
    common, inverse = trigamma_excess(total), 1.0 / total
    cross = product_difference(alpha, rate, shape, total) * inverse * inverse
    rise = digamma_difference(np.minimum(alpha, shape), np.abs(apart))
    rest = accurate_delta(total)
    return (
        value + apart * rest + _from_gamma(alpha, beta),
        (
            cross * (beta / alpha)
            + apart * trigamma_excess_step(alpha, beta)
            + (inverse - (beta - 1.0) * common),
            _in_beta(alpha, beta) - cross - apart * common,
        ),
        (-np.copysign(rise, apart) + log_quotient(total, rate) - rest, in_rate),
    )


@register_kl(Beta, Gamma)
def beta_gamma(p: Beta, q: Gamma) -> Terms:
    """M + KL(Gamma(α, s)‖q) + (α − κ) δ(s), s = α + β and q's shape κ."""
    return _to_gamma(p.alpha, p.beta, q.alpha, q.rate)


@register_kl(Beta, Exponential)
def beta_exponential(p: Beta, q: Exponential) -> Terms:
    """That of Beta‖Gamma, of shape 1."""
    value, in_p, (_, in_rate) = _to_gamma(p.alpha, p.beta, np.ones_like(q.rate), q.rate)
    return value, in_p, (in_rate,)


def _less_entropy(alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return the derivatives of −H of a beta distribution, by those of its variance if large."""
    total = alpha + beta
    _, *slopes = beta_negentropy(alpha, beta)
    common = 1.0 + (total - 2.0) * trigamma_excess(total) - 2.0 / total

    def in_shape(x: Array, y: Array, slope: Array) -> Array:
        far = slope + 0.5 * (1.0 / (total + 1.0) - (y - x) / x / total)
        near = (x - 1.0) / x + (x - 1.0) * trigamma_excess(x) - common
        return np.where(x >= _LARGE, far, near)

    return in_shape(alpha, beta, slopes[0]), in_shape(beta, alpha, slopes[1])


@register_kl(Beta, Uniform)
def beta_uniform(p: Beta, q: Uniform) -> Terms:
    """−H + ln(b − a), where a ≤ 0 and b ≥ 1."""
    width = q.high - q.low
    value = np.log1p((q.high - 1.0) - q.low) - beta_entropy(p.alpha, p.beta)
    return value, _less_entropy(p.alpha, p.beta), (-1.0 / width, 1.0 / width)


@register_kl(Beta, ContinuousBernoulli)
def beta_continuous_bernoulli(p: Beta, q: ContinuousBernoulli) -> Terms:
    """−H − ηm + ln (e^η − 1)/η; for η < −2 that against an exponential distribution, cut at 1."""
    eta, alpha, beta = q.logits, p.alpha, p.beta
    total = alpha + beta
    mean, rest, small = alpha / total, beta / total, np.abs(eta) < _SMALL
    near = -beta_entropy(alpha, beta) - tilted.log_density(mean, rest, np.where(small, eta, 0.0))
    in_alpha, in_beta = _less_entropy(alpha, beta)
    rate, rises = np.maximum(np.abs(eta), _SMALL), eta > 0.0
    first, second = np.where(rises, beta, alpha), np.where(rises, alpha, beta)
    value, (one, other), _ = _to_gamma(first, second, np.ones_like(rate), rate)
    pull = eta / total
    return (
        np.where(small, near, value + np.log1p(-np.exp(-rate))),
        (
            np.where(small, in_alpha - pull * rest, np.where(rises, other, one)),
            np.where(small, in_beta + pull * mean, np.where(rises, one, other)),
        ),
        (-tilted.distance_from_mean(mean, rest, eta),),
    )


@register_kl(ContinuousBernoulli, Uniform)
def continuous_bernoulli_uniform(p: ContinuousBernoulli, q: Uniform) -> Terms:
    """−H + ln(b − a), where a ≤ 0 and b ≥ 1."""
    width = q.high - q.low
    value = np.log1p((q.high - 1.0) - q.low) - tilted.entropy(p.logits)
    return value, (p.logits * tilted.variance(p.logits),), (-1.0 / width, 1.0 / width)


@register_kl(ContinuousBernoulli, Exponential)
def continuous_bernoulli_exponential(p: ContinuousBernoulli, q: Exponential) -> Terms:
    """d(λm, 1) + 1 + ln m − H, with mean m and entropy H of p, which is exponential as η → −∞."""
    eta, mean = p.logits, tilted.mean(p.logits)
    fall = np.maximum(-eta, _SMALL)
    missing = fall / np.expm1(fall)
    far = -excess(-missing, np.log1p(-missing)) - np.log1p(-np.exp(-fall))
    near = 1.0 + np.log(mean) - tilted.entropy(eta)
    return (
        itakura_saito(mean, 1.0 / q.rate) + np.where(eta < -_SMALL, far, near),
        ((q.rate + eta) * tilted.variance(eta),),
        (mean - 1.0 / q.rate,),
    )
