"""The density of the gamma distribution with unit rate, and its tail probabilities.

On the scale of ln x the density is x p. Times the Mills ratio that ``_gamma_integrals`` gives it is
the tail probability.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.special._accurate import (
    SCALE,
    VAST,
    log1mexp,
    log1pmx,
    power,
    scaled_exp,
    unscaled_log,
)
from reparam.special._elementwise import select
from reparam.special._gamma_integrals import above_mean, log_ratio, mills
from reparam.special.log_gamma import log_gamma_one_plus, log_gamma_star

__all__ = ["density", "log_lower", "log_tail", "series_serves", "tail", "weight"]


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


def log_lower(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array]:
    """Return L and r with P(α, x) = e^L (1 + r), for α ≤ 1 and x ≤ 1 (DLMF 8.7.1).

    L = α ln x − ln Γ(1 + α) and r = α Σ (−x)^k/(k! (α + k)) over k ≥ 1, both negative: for small α
    both are small, and so is 1 − P.
    """
    total = np.zeros_like(x)
    for k in range(18, 0, -1):
        total = (total + 1.0 / (alpha + float(k))) * (x / -float(k))
    return alpha * log_x - log_gamma_one_plus(alpha), alpha * total


def series_serves(x: Array, alpha: Array) -> NDArray[np.bool_]:
    """Return where :func:`log_lower` applies: below the mean, where P may be next to 1."""
    return (alpha <= 1.0) & ~above_mean(x, alpha)


def _from_series(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    log, ratio = log_lower(x, log_x, alpha)
    if upper:
        return np.asarray(-np.expm1(log) - np.exp(log) * ratio)
    # the power by itself is exact to an ulp, where its logarithm is rounded far from 0
    direct = power(x, alpha) * np.exp(-log_gamma_one_plus(alpha))
    return np.where(x > 1e-290, direct, np.exp(log)) * (1.0 + ratio)


def _from_integral(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    """The density times the Mills ratio is the tail on the point's own side of the mean.

    Vast shapes are scaled down with x, so that products don't overflow: no number but the mean has
    a tail other than 0 and 1.
    """
    if np.any(vast := alpha > VAST):
        x, alpha = (np.where(vast, value * SCALE, value) for value in (x, alpha))
        log_x = np.where(vast, np.log(x), log_x)
    log, factor = weight(x, log_x, alpha)
    own = np.where(x == np.inf, 0.0, scaled_exp(log, factor * mills(x, log_x, alpha)))
    own = np.minimum(own, 1.0)  # it may be a rounding above
    return np.where(above_mean(x, alpha) == upper, own, 1.0 - own)


def tail(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    """Return P(α, x), or Q(α, x), to full relative accuracy, for flat arrays."""
    choice = np.asarray(series_serves(x, alpha)).astype(np.int8)
    formulas = (partial(_from_integral, upper=upper), partial(_from_series, upper=upper))
    return np.asarray(select(choice, formulas, x, log_x, alpha))


def _log_from_series(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    log, ratio = log_lower(x, log_x, alpha)
    lower = log + np.log1p(ratio)
    if not upper:
        return np.asarray(lower)
    rest = -np.expm1(log) - np.exp(log) * ratio
    return np.where(rest < 0.5, np.log(rest), log1mexp(lower))


def _log_from_integral(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    if np.any(vast := alpha > VAST):
        x, alpha = (np.where(vast, value * SCALE, value) for value in (x, alpha))
        log_x = np.where(vast, np.log(x), log_x)
    log, factor = weight(x, log_x, alpha)
    own = np.where(x == np.inf, -np.inf, log + np.log(factor * mills(x, log_x, alpha)))
    own = unscaled_log(np.minimum(own, 0.0), vast)
    return np.where(above_mean(x, alpha) == upper, own, log1mexp(own))


def log_tail(x: Array, log_x: Array, alpha: Array, upper: bool) -> Array:
    """Return ln P(α, x), or ln Q(α, x), also where these underflow or round to 1."""
    choice = np.asarray(series_serves(x, alpha)).astype(np.int8)
    formulas = (partial(_log_from_integral, upper=upper), partial(_log_from_series, upper=upper))
    return np.asarray(select(choice, formulas, x, log_x, alpha))
