"""Closed forms of a uniform distribution on (a, b) against others, from means of logarithms.

With w = b − a and the mean L of log q over (a, b), KL is −ln w − L, and its derivatives are
(1 − L + log q(a))/w in a and (L − log q(b) − 1)/w in b: for narrow intervals the differences are
means of ln(y/a) and ln(b/y), which don't cancel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.distributions.beta import Beta
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.distributions.gamma import Gamma
from reparam.distributions.pareto import Pareto
from reparam.distributions.uniform import Uniform
from reparam.divergences._registry import Terms, register_kl
from reparam.special import tilted
from reparam.special.bregman import excess, generalized_kl, log_quotient, relative_excess
from reparam.special.log_beta import log_beta_divergence
from reparam.special.log_gamma import reduced_log_gamma
from reparam.special.polygamma import delta, delta_step

__all__: list[str] = []

#: 1/2k(2k + 1) for k = 1, …, 15: what ln m exceeds the mean of ln y by, in powers of (w/2m)².
_GAP = tuple(1.0 / (2 * k * (2 * k + 1)) for k in range(1, 16))
#: Up to this w/2m the series is taken.
_NARROW = 0.3


class _Means(NamedTuple):
    """Means over (a, b), 0 ≤ a, none negative: of ln(y/a), ln(b/y), 1 − ln(b/y) and ln(m/y)."""

    up: Array
    down: Array
    rest: Array
    gap: Array


def _means(low: Array, high: Array, width: Array) -> _Means:
    half = 0.5 * width / (0.5 * (low + high))
    square, gap = np.minimum(half, _NARROW) ** 2, np.zeros_like(half)
    for coefficient in reversed(_GAP):
        gap = (gap + coefficient) * square
    above, inside = low / width, low > 0.0
    growth = np.where(inside, width / low, np.inf)
    up = np.where(inside, above * relative_excess(growth), np.inf)
    down = high / width * relative_excess(-width / high)
    far = np.log1p(-0.5 * width / high) + down
    rest = np.where(inside, above * np.log1p(growth), 0.0)
    return _Means(up, down, rest, np.where(half < _NARROW, gap, far))


def _times(factor: Array, mean: Array) -> Array:
    """Return the product, 0 where the factor is: also with an infinite mean."""
    return np.where(factor == 0.0, 0.0, factor * mean)


def _log_width(p: Uniform) -> Array:
    """Return ln w for an interval within (0, 1): of wide ones from what is missing."""
    missing = p.low + (1.0 - p.high)
    far = np.log(p.high - p.low)
    return np.where(missing < 0.5, np.log1p(-np.minimum(missing, 0.5)), far)


def _log_ratio(x: Array, y: Array, apart: Array) -> Array:
    """Return ln(x/y), given x − y."""
    near = np.abs(apart) < 0.5 * y
    return np.where(near, np.log1p(np.where(near, apart / y, 0.0)), log_quotient(x, y))


@register_kl(Uniform, ContinuousBernoulli)
def uniform_continuous_bernoulli(p: Uniform, q: ContinuousBernoulli) -> Terms:
    """−ln w − log q(m), with mean m of p."""
    width, eta, mean = p.high - p.low, q.logits, 0.5 * (p.low + p.high)
    rest = 0.5 * ((1.0 - p.low) + (1.0 - p.high))
    return (
        -_log_width(p) - tilted.log_density(mean, rest, eta),
        (1.0 / width - 0.5 * eta, -1.0 / width - 0.5 * eta),
        (-tilted.distance_from_mean(mean, rest, eta),),
    )


@register_kl(Uniform, Gamma)
def uniform_gamma(p: Uniform, q: Gamma) -> Terms:
    """α d(λm, α) + (α − 1) g + ln(m/w) + ln Γ(α) − α ln α + α, with g the mean of ln(m/y)."""
    width, mean, alpha = p.high - p.low, 0.5 * (p.low + p.high), q.alpha
    means = _means(p.low, p.high, width)
    over = (q.rate * mean - alpha) / alpha
    log, less = log_quotient(q.rate * mean, alpha), alpha - 1.0
    return (
        alpha * excess(over, log)
        + less * means.gap
        + (np.log(mean / width) + reduced_log_gamma(alpha)),
        (
            (1.0 - _times(less, means.up)) / width + 0.5 * q.rate,
            0.5 * q.rate - (alpha * means.down + means.rest) / width,
        ),
        (means.gap - delta(alpha) - log, mean - alpha / q.rate),
    )


@register_kl(Uniform, Pareto)
def uniform_pareto(p: Uniform, q: Pareto) -> Terms:
    """ln(a/αw) + α ln(a/s) + (α + 1) A, with A the mean of ln(y/a); infinite where a < s."""
    width, alpha, more = p.high - p.low, q.alpha, q.alpha + 1.0
    up, down, rest, _ = _means(np.maximum(p.low, 0.0), p.high, width)
    beyond = log_quotient(p.low, q.scale)
    return (
        log_quotient(p.low / width, alpha) + alpha * beyond + more * up,
        ((1.0 + more * up) / width, (alpha * down - rest) / width),
        (-alpha / q.scale, beyond + up - 1.0 / alpha),
    )


@register_kl(Uniform, Beta)
def uniform_beta(p: Uniform, q: Beta) -> Terms:
    """−ln w + (α − 1) G + (β − 1) G′ + ln B(α, β), with the means G, G′ of −ln y and −ln(1 − y).

    Next to the uniform distribution that is KL of it on (0, 1), and (α − 1) (G − 1) and the like;
    for large shapes n d of the means, as for a binomial distribution, and what is left of ln B.
    """
    alpha, beta, low, high = q.alpha, q.beta, p.low, p.high
    width, less, fewer = high - low, alpha - 1.0, beta - 1.0
    lower, upper = 1.0 - high, 1.0 - low
    means, others = _means(low, high, width), _means(lower, upper, width)
    mean, other, total = 0.5 * (low + high), 0.5 * (lower + upper), alpha + beta
    one = np.ones_like(total)
    near = log_beta_divergence(alpha, beta, one, one)[0] - _log_width(p)
    near = near - less * (means.rest + np.log(high)) - fewer * (others.rest + np.log(upper))
    heads, tails = alpha / total, beta / total
    apart = np.where(mean < 0.5, heads - mean, other - tails)
    far = total * (generalized_kl(heads, mean) + generalized_kl(tails, other))
    far = far + (less * means.gap + fewer * others.gap + np.log(mean * other / width))
    far = far + (reduced_log_gamma(alpha) + reduced_log_gamma(beta) - reduced_log_gamma(total))
    small = (alpha <= 2.0) & (beta <= 2.0)
    return (
        np.where(small, near, far),
        (
            (beta * others.down + others.rest - _times(less, means.up)) / width,
            (_times(fewer, others.up) - alpha * means.down - means.rest) / width,
        ),
        (
            means.gap + _log_ratio(heads, mean, apart) - delta_step(alpha, beta),
            others.gap + _log_ratio(tails, other, -apart) - delta_step(beta, alpha),
        ),
    )
