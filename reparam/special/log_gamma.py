"""The logarithm of the gamma function, less what is large in it."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special._accurate import log1pmx
from reparam.special._constants import STEP_TERMS, STIRLING
from reparam.special._served import served
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = [
    "half_step_fall",
    "log_gamma_one_plus",
    "log_gamma_rise",
    "log_gamma_star",
    "log_half_step",
    "reduced_log_gamma",
]

#: From here on ln(Γ(α+½)/(Γ(α) √α)) is −1/8α to the last bit: the next term is 1/192α³.
_ONE_TERM = 1e9

#: Coefficients of α^−3, α^−5, … in that logarithm, −1/8α + …, and from where on they suffice.
_HALF_STEP = (1 / 192, -1 / 640, 17 / 14336, -31 / 18432, 691 / 180224)
_HALF_STEP_FROM = 16.0

#: 1 − γ, with Euler's constant γ.
_ONE_LESS_EULER = 0.42278433509846713

#: (−1)^k (ζ(k) − 1)/k for k = 2, 3, … in ln Γ(1 + α), up to α = ½.
_ZETA = (
    0.3224670334241132,
    -0.0673523010531981,
    0.020580808427784546,
    -0.007385551028673986,
    0.0028905103307415234,
    -0.001192753911703261,
    0.0005096695247430425,
    -0.00022315475845357939,
    9.945751278180853e-05,
    -4.492623673813314e-05,
    2.050721277567069e-05,
    -9.439488275268397e-06,
    4.374866789907488e-06,
    -2.039215753801366e-06,
    9.55141213040742e-07,
    -4.492469198764566e-07,
    2.1207184805554665e-07,
    -1.0043224823968099e-07,
    4.7698101693639804e-08,
    -2.2711094608943164e-08,
    1.0838659214896955e-08,
    -5.183475041970047e-09,
    2.4836745438024785e-09,
    -1.1921401405860912e-09,
    5.731367241678862e-10,
)


def log_gamma_one_plus(alpha: Array) -> Array:
    """Return ln Γ(1 + α) for α > −1, to full relative accuracy for small α (DLMF 5.7.3)."""
    from scipy.special import gammaln

    small = np.clip(alpha, -0.5, 0.5)
    series = np.zeros_like(small)
    for coefficient in reversed(_ZETA):
        series = (series + coefficient) * small
    near_zero = (series + _ONE_LESS_EULER) * small - np.log1p(small)
    return np.where(np.abs(alpha) <= 0.5, near_zero, gammaln(1.0 + alpha))


def reduced_log_gamma(alpha: Array) -> Array:
    """Return ln Γ(α) − α ln α + α for α > 0, about ½ ln 2π/α or −ln α."""
    large, small = np.maximum(alpha, 1.0), np.minimum(alpha, 1.0)
    far = HALF_LOG_TWO_PI - 0.5 * np.log(large) + log_gamma_star(large)
    near = log_gamma_one_plus(small) - (1.0 + small) * np.log(small) + small
    return np.where(alpha < 1.0, near, far)


def log_gamma_star(alpha: Array) -> Array:
    """Return ln Γ*(α) = ln Γ(α) − (α − ½) ln α + α − ½ ln 2π for α ≥ 1 (DLMF 5.11.1).

    Below 8 it is carried up: with s = 1/(2α + 1), ln Γ*(α) = ln Γ*(α+1) + atanh(s)/s − 1, whose
    series Σ s^2k/(2k+1) has no cancellation. Of equal shapes, which quantiles and tails repeat for
    all points, it is computed once.
    """
    flat = np.asarray(alpha, np.float64).ravel()
    one = flat.size > 1 and np.all(flat == flat[0])
    each = flat[:1] if one else flat
    (found,) = served("log_gamma_star", _log_gamma_star, (each,), np.empty(each.size))
    return np.full(alpha.shape, found) if one else found.reshape(alpha.shape)


def _log_gamma_star(alpha: Array) -> tuple[Array]:
    carried: Array | float = 0.0
    if np.any(low := alpha < 8.0):
        carried, alpha = np.zeros_like(alpha), np.array(alpha)
        carried[low], alpha[low] = _carried_up(alpha[low])
    inverse = 1.0 / alpha
    square = inverse * inverse
    series = np.zeros_like(alpha)
    for coefficient in reversed(STIRLING):
        series = series * square + coefficient
    return (carried + series * inverse,)


def _carried_up(alpha: Array) -> tuple[Array, Array]:
    """Return ln Γ*(α) − ln Γ*(α+n), and α + n ≥ 8, the least of these, for 1 ≤ α < 8."""
    carried = np.zeros_like(alpha)
    for terms in STEP_TERMS:
        square = np.where(alpha < 8.0, (1.0 / (2.0 * alpha + 1.0)) ** 2, 0.0)
        step = np.zeros_like(alpha)
        for k in range(terms, 0, -1):
            step += 1.0 / (2 * k + 1)
            step *= square
        carried += step
        alpha = np.where(alpha < 8.0, alpha + 1.0, alpha)
    return carried, alpha


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


def log_gamma_rise(alpha: Array, halves: int) -> Array:
    """Return ln Γ(α + n/2) − ln Γ(α) for n halves, a sum of logarithms: n is small."""
    total = np.zeros_like(alpha)
    if halves % 2:
        total = total + (0.5 * np.log(alpha) + log_half_step(alpha))
        alpha = alpha + 0.5
    for k in range(halves // 2):
        total = total + np.log(alpha + float(k))
    return total


def half_step_fall(alpha: Array, step: Array) -> Array:
    """Return the rise of :func:`log_half_step` from α to α + step, both positive: see there.

    For large α it is the difference of 1/8α, which is exact, and those of a few small terms.
    """
    end = alpha + step
    rise = 0.125 * (step / alpha) / end
    for power, coefficient in enumerate(_HALF_STEP):
        exponent = -3.0 - 2.0 * power
        rise = rise + coefficient * (end**exponent - alpha**exponent)
    direct = log_half_step(end) - log_half_step(alpha)
    return np.where(alpha >= _HALF_STEP_FROM, rise, direct)
