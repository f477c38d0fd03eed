"""Entropies of the beta distribution and of its logit, without the cancellation for any shapes.

They are sums of ln Γ(z) and z ψ(z). What is large in these, and all but cancels, is taken out and
put into one logarithm: what is left, t(z) for large z and s(z) for small z, is never above 2.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import SCALE, VAST
from reparam.special._elementwise import elementwise
from reparam.special.bregman import loggamma_excess, relative_excess
from reparam.special.log_gamma import log_gamma_star
from reparam.special.normal import LOG_TWO_PI
from reparam.special.polygamma import delta, digamma_difference

__all__ = ["beta_entropy", "logit_entropy"]

#: Within this of (1, 1) the entropy of a beta distribution is small, and minus a divergence.
_NEARLY_UNIFORM = 0.5


def _large(z: Array) -> Array:
    """Return t(z) = ln Γ(z) − z ψ(z) + z − ½ ln(2π/z) for z ≥ 1: ½ + 1/6z + …."""
    shape = np.clip(z, 1.0, 1e30)  # from where on it is ½
    return log_gamma_star(shape) + shape * delta(shape)


def _small(z: Array) -> Array:
    """Return s(z) = ln Γ(z) − z ψ(z) + z + ln z − 1 for z ≤ 2, from Γ(z+1) and ψ(z+1)."""
    from scipy.special import digamma, gammaln

    shape = np.minimum(z, 2.0)
    return np.asarray(gammaln(shape + 1.0) + shape * (1.0 - digamma(shape + 1.0)))


def _logit_entropy(alpha: Array, beta: Array) -> Array:
    low, high = np.minimum(alpha, beta), np.maximum(alpha, beta)
    ratio = low / high
    # (α+β)/αβ, whose parts may overflow where it doesn't
    both = np.log1p(ratio) - np.log(low)
    large = 0.5 * (LOG_TWO_PI + both) + (_large(low) - (_large(low + high) - _large(high)))
    # the same logarithm in one, where it may cancel ln 2π
    scaled = (2.0 * math.pi / low) * (1.0 + ratio)
    large = np.where(
        (scaled > 0.1) & (scaled < 10.0),
        0.5 * np.log(scaled) + (_large(low) - (_large(low + high) - _large(high))),
        large,
    )
    mixed = (
        1.0
        - np.log(low)
        + _small(low)
        + (0.5 * np.log1p(ratio) + _large(high) - _large(low + high))
    )
    small = 1.0 + both + _small(low) + (_small(high) - _small(low + high))
    return np.where(low >= 1.0, large, np.where(high >= 1.0, mixed, small))


def _smaller(alpha: Array, beta: Array) -> tuple[Array, Array, Array]:
    """Return vast shapes scaled down, so that sums don't overflow, and by how much entropy is less.

    The distributions are normal, with variances inversely proportional to the shapes.
    """
    scale = np.where(np.minimum(alpha, beta) > VAST, SCALE, 1.0)
    return alpha * scale, beta * scale, 0.5 * np.log(scale)


@elementwise()
def logit_entropy(alpha: Array, beta: Array) -> Array:
    """Return the entropy of logit x: ln B(α, β) − α ψ(α) − β ψ(β) + (α+β) ψ(α+β)."""
    alpha, beta, shift = _smaller(alpha, beta)
    return _logit_entropy(alpha, beta) + shift


@elementwise()
def beta_entropy(alpha: Array, beta: Array) -> Array:
    """Return the entropy of x: that of logit x, and E[ln x + ln(1 − x)].

    It is minus the divergence from the uniform distribution, which vanishes with the square of
    the distance from (1, 1): near there it is computed as such, with f(x) = ln Γ(x) − x ln x + x,
    B_f its Bregman divergence and heads and tails the means' ratios less 1.
    """
    alpha, beta, shift = _smaller(alpha, beta)
    gaps = digamma_difference(alpha, beta) + digamma_difference(beta, alpha)
    far = _logit_entropy(alpha, beta) - gaps + shift
    near = np.maximum(np.abs(alpha - 1.0), np.abs(beta - 1.0)) < _NEARLY_UNIFORM
    if not np.any(near):
        return far
    a, b = (np.where(near, shape, 1.0) for shape in (alpha, beta))
    total, two = a + b, np.full_like(a + b, 2.0)
    cross = 0.5 * (b - a)
    coins = (2.0 / total) * (a * relative_excess(cross / a) + b * relative_excess(-cross / b))
    parts = [
        loggamma_excess(top, shape, step)[0]
        for top, shape, step in (
            (np.ones_like(total), a, 1.0 - a),
            (np.ones_like(total), b, 1.0 - b),
            (two, total, (1.0 - a) + (1.0 - b)),
        )
    ]
    return np.where(near, parts[2] - parts[1] - parts[0] - coins, far)
