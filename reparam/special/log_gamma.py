"""The logarithm of the gamma function, less what is large in it."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1pmx

__all__ = ["STIRLING", "log_gamma_star", "log_half_step"]

#: B_2k/(2k(2k−1)) for k = 1, 2, … in ln Γ*(α) ~ Σ (B_2k/(2k(2k−1))) α^(1−2k), for α ≥ 8.
STIRLING = (
    1 / 12,
    -1 / 360,
    1 / 1260,
    -1 / 1680,
    1 / 1188,
    -691 / 360360,
    1 / 156,
    -3617 / 122400,
)

#: From here on ln(Γ(α+½)/(Γ(α) √α)) is −1/8α to the last bit: the next term is 1/192α³.
_ONE_TERM = 1e9


def log_gamma_star(alpha: Array) -> Array:
    """Return ln Γ*(α) = ln Γ(α) − (α − ½) ln α + α − ½ ln 2π for α ≥ 1 (DLMF 5.11.1).

    Below 8 it is carried up: with s = 1/(2α + 1), ln Γ*(α) = ln Γ*(α+1) + atanh(s)/s − 1, whose
    series Σ s^2k/(2k+1) has no cancellation.
    """
    carried = np.zeros_like(alpha)
    while np.any(low := alpha < 8.0):
        square = (1.0 / (2.0 * alpha + 1.0)) ** 2
        step = np.zeros_like(alpha)
        for k in range(16, 0, -1):
            step = (step + 1.0 / (2 * k + 1)) * square
        carried += np.where(low, step, 0.0)
        alpha = np.where(low, alpha + 1.0, alpha)
    inverse = 1.0 / alpha
    square = inverse * inverse
    series = np.zeros_like(alpha)
    for coefficient in reversed(STIRLING):
        series = series * square + coefficient
    return carried + series * inverse


def log_half_step(alpha: Array) -> Array:
    """Return ln(Γ(α+½)/(Γ(α) √α)) < 0, about −1/8α, without its cancellation for large α."""
    from scipy.special import gammaln

    shape = np.maximum(np.asarray(alpha), 1.0)
    half = 0.5 / shape
    large = shape * log1pmx(half) + log_gamma_star(shape + 0.5) - log_gamma_star(shape)
    large = np.where(shape > _ONE_TERM, -0.125 / shape, large)  # its square underflows in the end
    # Γ(α) overflows for subnormal α: Γ(α+1)/α is put in
    small = gammaln(alpha + 0.5) - gammaln(alpha + 1.0) + 0.5 * np.log(alpha)
    return np.where(alpha >= 1.0, large, small)
