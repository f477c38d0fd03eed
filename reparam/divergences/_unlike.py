"""Closed forms of KL between different families: sums that stay away from 0, as these KL do.

For Gumbel's distribution as q, with w the logarithm of E_p exp(−(y − μ)/β), e^w − 1 − w is a term.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.exponential import Exponential
from reparam.distributions.gamma import Gamma
from reparam.distributions.gaussian import Gaussian
from reparam.distributions.gumbel import Gumbel
from reparam.distributions.pareto import Pareto
from reparam.distributions.uniform import Uniform
from reparam.divergences._registry import Terms, register_kl
from reparam.special._accurate import bend
from reparam.special.bregman import excess, itakura_saito_squares, log_quotient
from reparam.special.log_gamma import reduced_log_gamma
from reparam.special.negentropy import gamma_negentropy
from reparam.special.normal import HALF_LOG_TWO_PI
from reparam.special.polygamma import delta

__all__: list[str] = []


@register_kl(Gaussian, Gumbel)
def gaussian_gumbel(p: Gaussian, q: Gumbel) -> Terms:
    """½ (r² − 1 − ln r²) + 1 − ½ ln 2π + e^w − 1 − w, with r = σ/β and w = ½ r² − (m − μ)/β."""
    r, z = p.scale / q.scale, (p.loc - q.loc) / q.scale
    w = 0.5 * r * r - z
    grown, power = np.expm1(w) / q.scale, np.exp(w)
    return (
        0.5 * itakura_saito_squares(p.scale, q.scale)[0] + (1.0 - HALF_LOG_TWO_PI) + bend(w),
        (-grown, power * r / q.scale - 1.0 / p.scale),
        (grown, (power * (z - r * r) - z + 1.0) / q.scale),
    )


@register_kl(Exponential, Gumbel)
def exponential_gumbel(p: Exponential, q: Gumbel) -> Terms:
    """1/c + ln c − ln(1 + 1/c) + e^w − 1 − w, with c = λβ and w = μ/β − ln(1 + 1/c)."""
    c, z = p.rate * q.scale, q.loc / q.scale
    log = np.log1p(1.0 / c)
    w = z - log
    grown, slope = np.expm1(w), 1.0 / (c * (1.0 + c))
    in_c = (1.0 - 1.0 / c) / c + (1.0 + grown) * slope
    return (
        1.0 / c + np.log(c) - log + bend(w),
        (in_c * q.scale,),
        (grown / q.scale, in_c * p.rate - grown * z / q.scale),
    )


@register_kl(Gamma, Gumbel)
def gamma_gumbel(p: Gamma, q: Gumbel) -> Terms:
    """α (1/c − l) + ½ ln(c²/α) + ½ − ½ ln 2π + J(α) + e^w − 1 − w, with l = ln(1 + 1/c).

    And c = λβ, w = μ/β − α l, and the negentropy J of p.
    """
    alpha, c, z = p.alpha, p.rate * q.scale, q.loc / q.scale
    negentropy, in_shape = gamma_negentropy(alpha)
    inverse = 1.0 / c
    log = np.log1p(inverse)
    w, more = z - alpha * log, excess(inverse, log)
    grown = np.expm1(w)
    in_c = (1.0 + alpha / (1.0 + c) * (grown - inverse)) / c
    shapeless = 0.5 * log_quotient(c, alpha / c) + (0.5 - HALF_LOG_TWO_PI)
    return (
        alpha * more + shapeless + negentropy + bend(w),
        (more - 0.5 / alpha + in_shape - grown * log, in_c * q.scale),
        (grown / q.scale, in_c * p.rate - grown * z / q.scale),
    )


@register_kl(Uniform, Gumbel)
def uniform_gumbel(p: Uniform, q: Gumbel) -> Terms:
    """1 + ln S/h + e^w − 1 − w, of p's width βh: S = sinh(h/2)/(h/2), w = ln S − (m − μ)/β."""
    width = p.high - p.low
    h, low, z = width / q.scale, (p.low - q.loc) / q.scale, (p.mean - q.loc) / q.scale
    near, small = h < 1.0, np.minimum(h, 1.0)
    rest = np.log(-np.expm1(-h)) - np.log(h)  # ln S − h/2
    square, excess = 0.25 * small * small, np.zeros_like(small)
    for product in (156.0, 110.0, 72.0, 42.0, 20.0, 6.0):  # of sinh x/x − 1
        excess = square / product * (1.0 + excess)
    log = np.where(near, np.log1p(excess), rest + 0.5 * h)
    w = np.where(near, log - z, rest - low)
    fraction = np.full_like(square, 17.0)  # of coth x − 1/x = x/(3 + x²/(5 + x²/(7 + …)))
    for odd in (15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        fraction = odd + square / fraction
    slope = np.where(near, 0.25 * small / fraction - 0.5, 1.0 / np.expm1(h) - 1.0 / h)
    power = np.exp(w)
    return (
        1.0 + log - np.log(h) + bend(w),
        (
            (0.5 + 1.0 / h - power * (1.0 + slope)) / q.scale,
            (0.5 - 1.0 / h + power * slope) / q.scale,
        ),
        (np.expm1(w) / q.scale, (power * (low - h * slope) - z + 1.0) / q.scale),
    )


@register_kl(Uniform, Exponential)
def uniform_exponential(p: Uniform, q: Exponential) -> Terms:
    """λm − 1 − ln λm + 1 + ln m/(b − a), with mean m of p."""
    mean, width = 0.5 * (p.low + p.high), p.high - p.low
    product = mean * q.rate
    value = product - np.log(product) + log_quotient(mean, width)
    return (
        value,
        (0.5 * q.rate + 1.0 / width, 0.5 * q.rate - 1.0 / width),
        ((product - 1.0) / q.rate,),
    )


@register_kl(Pareto, Gamma)
def pareto_gamma(p: Pareto, q: Gamma) -> Terms:
    """κ (d(λm, κ) − 1/α − ln(1 − 1/α)) + ln α − 1 + ln Γ(κ) − κ ln κ + κ, with mean m of p.

    It is infinite for α ≤ 1; κ is q's shape, and d(x, y) = x/y − 1 − ln(x/y).
    """
    return _pareto_gamma(p, q.alpha, q.rate)


@register_kl(Pareto, Exponential)
def pareto_exponential(p: Pareto, q: Exponential) -> Terms:
    """That of Pareto‖Gamma, of shape 1."""
    value, in_p, (_, in_rate) = _pareto_gamma(p, np.ones_like(q.rate), q.rate)
    return value, in_p, (in_rate,)


def _pareto_gamma(p: Pareto, shape: Array, rate: Array) -> Terms:
    finite = p.alpha > 1.0
    alpha = np.where(finite, p.alpha, 2.0)
    less, part = alpha - 1.0, -1.0 / alpha
    mean, spread = p.scale * (alpha / less), excess(part, -np.log1p(1.0 / less))
    apart, log = rate * mean - shape, log_quotient(mean, shape / rate)
    value = shape * (excess(apart / shape, log) + spread)
    value = value + (np.log(alpha) + (reduced_log_gamma(shape) - 1.0))
    return (
        np.where(finite, value, np.inf),
        (apart / p.scale, (1.0 - shape * part - rate * mean / less) / alpha),
        (spread - delta(shape) - log, mean - shape / rate),
    )
