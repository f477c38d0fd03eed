"""Closed forms within families whose quantiles are closed: see ``_continuous``.

Each value is a sum of terms that are not negative, which vanish with the square of p's distance
from q.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.cauchy import Cauchy
from reparam.distributions.gumbel import Gumbel
from reparam.distributions.half_cauchy import HalfCauchy
from reparam.distributions.half_normal import HalfNormal
from reparam.distributions.pareto import Pareto
from reparam.distributions.weibull import Weibull
from reparam.divergences._registry import Terms, register_kl
from reparam.divergences._sizes import of_any_size
from reparam.special._accurate import bend
from reparam.special.bregman import (
    itakura_saito,
    itakura_saito_squares,
    log_quotient,
    loggamma_excess,
    relative_excess,
)
from reparam.special.log_gamma import log_gamma_one_plus
from reparam.special.polygamma import digamma_difference

__all__: list[str] = []


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


def _half_normal(scale: Array, sigma: Array) -> Terms:
    ratio, square = itakura_saito_squares(scale, sigma)
    return 0.5 * ratio, (square / scale,), (-square / sigma,)


@register_kl(HalfNormal, HalfNormal)
def half_normal(p: HalfNormal, q: HalfNormal) -> Terms:
    """½ (r² − 1 − ln r²), with r the scales' ratio."""
    return of_any_size(_half_normal, *p._theta, *q._theta)


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


def _extreme_values(r: Array, h: Array, d: Array) -> tuple[Array, ...]:
    """Return KL of two Gumbel distributions, and what its derivatives are made of.

    With r the scales' ratio, h = r − 1, and d the difference of the locations over q's scale, it is
    e^x − 1 − x + ln Γ(r) + γ (r − 1) with x = ln Γ(1 + r) − d: two Bregman divergences. The
    derivatives are made of e^x − 1, ψ(1 + r) and ψ(r) + γ.
    """
    from scipy.special import digamma

    one = np.ones_like(r)
    of_scales = loggamma_excess(r, one, h)[0] + relative_excess(h)
    near = of_scales - np.euler_gamma * h + np.log1p(h)
    x = np.where(np.abs(h) < 0.5, near, log_gamma_one_plus(r)) - d
    above = np.copysign(digamma_difference(np.minimum(r, 1.0), np.abs(h)), h)
    return bend(x) + of_scales, np.expm1(x), digamma(1.0 + r), above


def _gumbel(loc: Array, scale: Array, mu: Array, beta: Array) -> Terms:
    r, d = scale / beta, (loc - mu) / beta
    value, moved, slope, above = _extreme_values(r, (scale - beta) / beta, d)
    return (
        value,
        (-moved / beta, (moved * slope + above) / beta),
        (moved / beta, (moved * (d - r * slope) - r * above) / beta),
    )


@register_kl(Gumbel, Gumbel)
def gumbel(p: Gumbel, q: Gumbel) -> Terms:
    """e^x − 1 − x + ln Γ(r) + γ (r − 1), r = β_p/β_q, x = ln Γ(1 + r) − (μ_p − μ_q)/β_q."""
    return of_any_size(_gumbel, *p._theta, *q._theta)


def _weibull(scale: Array, k: Array, other: Array, c: Array) -> Terms:
    r, apart = c / k, log_quotient(other, scale)
    value, moved, slope, above = _extreme_values(r, (c - k) / k, c * apart)
    return (
        value,
        (moved * (c / scale), -(r / k) * (moved * slope + above)),
        (-moved * (c / other), moved * (slope / k - apart) + above / k),
    )


@register_kl(Weibull, Weibull)
def weibull(p: Weibull, q: Weibull) -> Terms:
    """That of the Gumbel distributions of −ln y, whose scales are 1/k."""
    return of_any_size(_weibull, *p._theta, *q._theta)
