"""Closed forms within families of their own: see ``_continuous``.

Each value is a sum of terms that are not negative, which vanish with the square of p's distance
from q.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.cauchy import Cauchy
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.distributions.half_cauchy import HalfCauchy
from reparam.distributions.inverse_gaussian import InverseGaussian
from reparam.distributions.log_uniform import LogUniform
from reparam.distributions.pareto import Pareto
from reparam.distributions.von_mises import VonMises
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sizes import of_any_size
from reparam.special import von_mises_fisher
from reparam.special.bregman import itakura_saito, log_quotient

__all__: list[str] = []

#: A concentration that is 0 up to rounding.
_NONE = 1e-300


def _cauchy(loc: Array, scale: Array, mu: Array, gamma: Array) -> Terms:
    apart, apart_scales, total = loc - mu, scale - gamma, scale + gamma
    squares = total * total + apart * apart
    between = apart_scales * total  # of the squares of the scales
    in_loc = 2.0 * (apart / squares)
    return (
        np.log1p((apart_scales * apart_scales + apart * apart) / (4.0 * scale * gamma)),
        (in_loc, (between - apart * apart) / squares / scale),
        (-in_loc, -(between + apart * apart) / squares / gamma),
    )


@register_kl(Cauchy, Cauchy)
def cauchy(p: Cauchy, q: Cauchy) -> Terms:
    """ln(1 + ((γ_p − γ_q)² + (μ_p − μ_q)²)/4γ_pγ_q) (Chyzak & Nielsen 2019)."""
    return of_any_size(_cauchy, *p._theta, *q._theta)


def _half_cauchy(scale: Array, gamma: Array) -> Terms:
    zero = 0.0 * scale
    value, (_, in_p), (_, in_q) = _cauchy(zero, scale, zero, gamma)
    return value, (in_p,), (in_q,)


@register_kl(HalfCauchy, HalfCauchy)
def half_cauchy(p: HalfCauchy, q: HalfCauchy) -> Terms:
    """That of the Cauchy distributions around 0, of which both are one half."""
    return of_any_size(_half_cauchy, *p._theta, *q._theta)


def _pareto(scale: Array, alpha: Array, low: Array, beta: Array) -> Terms:
    beyond, apart = log_quotient(scale, low), (alpha - beta) / alpha
    return (
        itakura_saito(beta, alpha) + beta * beyond,
        (beta / scale, apart / alpha),
        (-beta / low, beyond - apart / beta),
    )


@register_kl(Pareto, Pareto)
def pareto(p: Pareto, q: Pareto) -> Terms:
    """r − 1 − ln r + α_q ln(m_p/m_q), r = α_q/α_p; infinite elsewhere, where m_p < m_q."""
    return of_any_size(_pareto, *p._theta, *q._theta)


def _inverse_gaussian(mean: Array, size: Array, mu: Array, target: Array) -> Terms:
    apart = (mean - mu) / mu
    between = (apart / mean) * apart  # of the means, times λ_q what they add
    return (
        0.5 * (itakura_saito(target, size) + target * between),
        (
            0.5 * target * (apart / mean) * ((mean + mu) / mean / mu),
            0.5 * (size - target) / size / size,
        ),
        (-target * (apart / mu) / mu, 0.5 * ((target - size) / size / target + between)),
    )


@register_kl(InverseGaussian, InverseGaussian)
def inverse_gaussian(p: InverseGaussian, q: InverseGaussian) -> Terms:
    """½ (r − 1 − ln r) + λ_q (μ_p − μ_q)²/(2 μ_p μ_q²), r = λ_q/λ_p."""
    return of_any_size(_inverse_gaussian, *p._theta, *q._theta)


def _log_uniform(low: Array, high: Array, first: Array, last: Array) -> Terms:
    width, other = log_quotient(high, low), log_quotient(last, first)
    beyond = log_quotient(last, high) + log_quotient(low, first)
    return (
        np.log1p(beyond / width),
        (1.0 / width / low, -1.0 / width / high),
        (-1.0 / other / first, 1.0 / other / last),
    )


@register_kl(LogUniform, LogUniform)
def log_uniform(p: LogUniform, q: LogUniform) -> Terms:
    """That of ln y, which is uniform; infinite elsewhere, where p reaches beyond q."""
    return of_any_size(_log_uniform, *p._theta, *q._theta)


@register_kl(VonMises, VonMises)
def von_mises(p: VonMises, q: VonMises) -> Terms:
    """That of the concentrations; infinite elsewhere, where the means and so the intervals differ.

    On the circle, where y and y + 2π are one, ``VonMisesFisher`` has it for any means.
    """
    (_, kappa), (_, target) = p._theta, q._theta
    _, _, _, variance = von_mises_fisher.moments(kappa, 2)
    value, slope = von_mises_fisher.divergence(kappa, target, 2)
    none = np.zeros(())
    return value, (none, variance * (kappa - target)), (none, slope)


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def continuous_bernoulli(p: ContinuousBernoulli, q: ContinuousBernoulli) -> Terms:
    """That of 2y − 1, the cosine of von Mises and Fisher's on the sphere with κ = η/2."""
    (eta,), (other,) = p._theta, q._theta
    kappa, target = (np.maximum(0.5 * np.abs(each), _NONE) for each in (eta, other))
    apart = np.where(np.sign(eta) * np.sign(other) < 0.0, 2.0, 0.0)  # 1 − cos of the means
    falls = np.where(other == 0.0, eta, other) < 0.0
    _, length, _, variance = von_mises_fisher.moments(kappa, 3)
    value, slope = von_mises_fisher.divergence(kappa, target, 3)
    return (
        value + target * length * apart,
        (0.25 * variance * (eta - other),),
        (np.where(falls, -0.5, 0.5) * (slope + length * apart),),
    )
