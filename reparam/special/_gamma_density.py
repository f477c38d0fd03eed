"""The density of the gamma distribution with unit rate, and its tail probabilities.

On the scale of ln x the density is x p. Times the Mills ratio that ``_gamma_integrals`` gives it is
the tail probability.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1pmx
from reparam.special._gamma_integrals import above_mean, log_ratio, mills
from reparam.special.log_gamma import log_gamma_star

__all__ = ["density", "tail", "weight"]


def weight(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """Return w and c with x p(x) = x^α e^−x/Γ(α) = e^w c, w small where the tail is not.

    For α ≥ 1, w = α (ln(x/α) − (x − α)/α) − ln Γ*(α) and c = √(α/2π) (Loader 2000).
    """
    from scipy.special import gammaln

    direct = alpha * log_x - x - gammaln(alpha + 1.0)
    if not np.any(large := alpha >= 1.0):
        return direct, alpha
    shape = np.maximum(alpha, 1.0)
    ratio = (x - shape) / shape
    apart = log_ratio(x, log_x, shape) - ratio
    near = np.where(np.abs(ratio) < 0.5, log1pmx(ratio), apart)
    return (
        np.where(large, shape * near - log_gamma_star(shape), direct),
        np.where(large, np.sqrt(shape / (2.0 * math.pi)), alpha),
    )


def density(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return x p(x)."""
    log, factor = weight(x, log_x, alpha)
    return np.exp(log) * factor


def tail(x: Array, alpha: Array, upper: bool) -> Array:
    """Return P(α, x), or Q(α, x), to full relative accuracy, for flat arrays.

    SciPy's is accurate for moderate shapes; far below the mean of large ones it is not.
    """
    from scipy.special import gammainc, gammaincc

    value = np.asarray((gammaincc if upper else gammainc)(alpha, x))
    value = np.minimum(value, 1.0)  # it may be a rounding above
    alpha = np.broadcast_to(alpha, x.shape)
    large = np.flatnonzero((alpha >= 20.0) & (x > 0.0) & (x < np.inf))
    if large.size:
        at, shape = x[large], alpha[large]
        log_at = np.log(at)
        own = density(at, log_at, shape) * mills(at, log_at, shape)
        value[large] = np.where(above_mean(at, shape) == upper, own, 1.0 - own)
    return value
