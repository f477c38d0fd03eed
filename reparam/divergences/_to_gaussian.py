"""Closed forms against a Gaussian: ½ d(v, σ²) + ½ (m − μ)²/σ² + J with d(x, y) = x/y − 1 − ln(x/y).

With mean m, variance v and negentropy J = ½ ln 2πev − H of p, no term is negative. Gradients in p's
parameters come from those of m, ln v and J.
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.beta import Beta
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.distributions.exponential import Exponential
from reparam.distributions.gamma import Gamma
from reparam.distributions.gaussian import Gaussian
from reparam.distributions.pareto import Pareto
from reparam.divergences._registry import Terms, register_kl
from reparam.special import tilted
from reparam.special.bregman import itakura_saito_squares
from reparam.special.negentropy import beta_negentropy, gamma_negentropy
from reparam.special.normal import HALF_LOG_TWO_PI

__all__: list[str] = []


def _against(
    q: Gaussian,
    mean: Array,
    spread: Array,
    negentropy: Array | float,
    *slopes: tuple[Array | float, Array | float, Array | float],
) -> Terms:
    """Return the terms, given derivatives of m, ln v and J for each parameter of p."""
    ratio, square = itakura_saito_squares(spread, q.scale)
    z = (mean - q.loc) / q.scale
    return (
        0.5 * ratio + 0.5 * z * z + negentropy,
        tuple(z / q.scale * of_m + 0.5 * square * of_v + of_j for of_m, of_v, of_j in slopes),
        (-z / q.scale, -(square + z * z) / q.scale),
    )


@register_kl(Exponential, Gaussian)
def exponential_gaussian(p: Exponential, q: Gaussian) -> Terms:
    """J = ½ ln 2π − ½."""
    inverse = 1.0 / p.rate
    slopes = (-inverse * inverse, -2.0 * inverse, 0.0)
    return _against(q, inverse, inverse, HALF_LOG_TWO_PI - 0.5, slopes)


@register_kl(Gamma, Gaussian)
def gamma_gaussian(p: Gamma, q: Gaussian) -> Terms:
    """J is that of the shape, about 1/3α: see ``negentropy``."""
    mean, (negentropy, in_alpha) = p.alpha / p.rate, gamma_negentropy(p.alpha)
    return _against(
        q,
        mean,
        np.sqrt(p.alpha) / p.rate,
        negentropy,
        (1.0 / p.rate, 1.0 / p.alpha, in_alpha),
        (-mean / p.rate, -2.0 / p.rate, 0.0),
    )


@register_kl(Beta, Gaussian)
def beta_gaussian(p: Beta, q: Gaussian) -> Terms:
    """J is that of the shapes: see ``negentropy``."""
    alpha, beta = p.alpha, p.beta
    total, (negentropy, in_alpha, in_beta) = alpha + beta, beta_negentropy(alpha, beta)
    mean, other, apart = alpha / total, beta / total, (beta - alpha) / total
    least = 1.0 / (total + 1.0)
    return _against(
        q,
        mean,
        np.sqrt(mean * other * least),
        negentropy,
        (other / total, apart / alpha - least, in_alpha),
        (-mean / total, -apart / beta - least, in_beta),
    )


@register_kl(Pareto, Gaussian)
def pareto_gaussian(p: Pareto, q: Gaussian) -> Terms:
    """J = ½ ln 2π − ½ − 1/α − ln(1 − 1/α) − ½ ln(1 − 2/α), for α > 2: else KL is infinite."""
    finite = p.alpha > 2.0
    alpha = np.where(finite, p.alpha, 3.0)
    less, twice = alpha - 1.0, alpha - 2.0
    mean, part = p.scale * (alpha / less), -1.0 / alpha
    spread = mean / np.sqrt(alpha * twice)
    negentropy = (HALF_LOG_TWO_PI - 0.5) + (part - np.log1p(part)) - 0.5 * np.log1p(2.0 * part)
    # with what the term −1/(α − 2) of ln v's derivative adds: next to 2 it all but cancels J's
    rest = part / alpha / less - 0.5 * (part + (spread / q.scale) ** 2 / twice)
    value, in_p, in_q = _against(
        q,
        mean,
        spread,
        negentropy,
        (mean / p.scale, 2.0 / p.scale, 0.0),
        (-mean / (alpha * less), -part - 2.0 / less, rest),
    )
    return np.where(finite, value, np.inf), in_p, in_q


@register_kl(ContinuousBernoulli, Gaussian)
def continuous_bernoulli_gaussian(p: ContinuousBernoulli, q: Gaussian) -> Terms:
    """J = ½ ln 2πev − H ≥ ½ ln πe/6, with derivative v′/2v + ηv."""
    eta = p.logits
    variance = tilted.variance(eta)
    negentropy = (HALF_LOG_TWO_PI + 0.5) + 0.5 * np.log(variance) - tilted.entropy(eta)
    in_log = tilted.third_cumulant(eta) / variance
    slopes = (variance, in_log, 0.5 * in_log + eta * variance)
    return _against(q, tilted.mean(eta), np.sqrt(variance), negentropy, slopes)
