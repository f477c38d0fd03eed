"""Closed forms between powers of gamma variates, which many laws are, and their logarithms.

y = m (x/α)^(1/k) with x ~ Gamma(α) is generalized gamma (Stacy 1962), scaled so that E[y^k] = m^k;
its logarithm is ln m + ln(x/α)/k. With r = k_q/k_p and c = k_q ln(m_p/m_q) the divergence is
Bauckhage's (2014), arranged as Bregman divergences of ln Γ and its like at h = r − 1.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.distributions.chi import Chi
from reparam.distributions.chi_square import ChiSquare
from reparam.distributions.exp_gamma import ExpGamma
from reparam.distributions.exponential import Exponential
from reparam.distributions.frechet import Frechet
from reparam.distributions.gamma import Gamma
from reparam.distributions.generalized_gamma import GeneralizedGamma
from reparam.distributions.gumbel import Gumbel
from reparam.distributions.half_normal import HalfNormal
from reparam.distributions.inverse_gamma import InverseGamma
from reparam.distributions.maxwell import Maxwell
from reparam.distributions.moyal import Moyal
from reparam.distributions.nakagami import Nakagami
from reparam.distributions.rayleigh import Rayleigh
from reparam.distributions.weibull import Weibull
from reparam.divergences._images import Image, Monomial, register_images
from reparam.divergences._registry import Terms
from reparam.special._accurate import bend, log1pmx, product_difference
from reparam.special.bregman import (
    excess,
    itakura_saito_squares,
    log_quotient,
    loggamma_excess,
    relative_excess,
    trigamma_excess,
)
from reparam.special.polygamma import delta, delta_difference, digamma_difference

__all__: list[str] = []


def gamma(alpha_p: Array, rate_p: Array, alpha_q: Array, rate_q: Array) -> Terms:
    """α_q (w − 1 − ln w) + B_f(α_q, α_p), with w the means' ratio and f = ln Γ(x) − x ln x + x."""
    cross = product_difference(alpha_p, rate_q, alpha_q, rate_p) / rate_p
    d = cross / alpha_q  # w − 1
    w = (alpha_p / alpha_q) * (rate_q / rate_p)
    log = np.select(
        [np.abs(d) < 0.5, (w > 1e-290) & (w < np.inf)],
        [np.log1p(d), np.log(w)],
        log_quotient(alpha_p, alpha_q) + log_quotient(rate_q, rate_p),
    )
    step = alpha_q - alpha_p
    of_shape, slope = loggamma_excess(alpha_q, alpha_p, step)
    of_mean = np.where(np.abs(d) < 0.3, alpha_q * excess(d, log), cross - alpha_q * log)
    return (
        of_mean + of_shape,
        (cross / alpha_p - step * trigamma_excess(alpha_p), -cross / rate_p),
        (slope - log, cross / rate_q),
    )


def _mean_of_power(alpha: Array, r: Array, h: Array, of_steps: Array, rise: Array) -> Array:
    """Return ln E[(x/α)^r] = ln Γ(α+r) − ln Γ(α) − r ln α, which is 0 at r = 0 and 1.

    That is B_lnΓ(α+r, α+1) + h (ψ(α+1) − ln α), whose two terms are given, or next to r = 0
    B_lnΓ(α+r, α) − r (ln α − ψ(α)).
    """
    near = r < 0.5 * np.minimum(alpha, 1.0)
    from_zero = loggamma_excess(alpha + r, alpha, r)[0] + alpha * relative_excess(r / alpha)
    return np.where(near, from_zero - r * delta(alpha), of_steps + h * rise)


def _of_powers(
    alpha_p: Array, alpha_q: Array, r: Array, h: Array, log: Array, c: Array
) -> tuple[Array, ...]:
    """Return the divergence, its derivatives in α_p, in α_q less bend(ln w), and in r, and ln w.

    With w = e^c E[(x/α_p)^r] and B_f the divergence of f = ln Γ(x) − x ln x + x, it is
    α_q (w − 1 − ln w) + α_q B_lnΓ(α_p + r, α_p + 1), and B_f(α_q, α_p) + h − ln r
    + h (α_q − α_p)/α_p, which for small shapes is put together otherwise: with v = α_q r/α_p, as
    v − 1 − ln v, the divergence of ln Γ(1 + x), less that of x ln x.
    """
    from scipy.special import digamma

    step, next_p = alpha_q - alpha_p, alpha_p + 1.0
    apart, part = step / alpha_p, h / next_p
    of_steps = loggamma_excess(alpha_p + r, next_p, h)[0] + next_p * relative_excess(part)
    above = np.where(
        alpha_p > 10.0, 1.0 / alpha_p - delta(alpha_p), digamma(next_p) - np.log(alpha_p)
    )
    log_w = c + _mean_of_power(alpha_p, r, h, of_steps, above)
    of_shapes, slope = loggamma_excess(alpha_q, alpha_p, step)
    large = of_shapes + excess(h, log) + apart * h
    beyond = np.where(r < 0.5, alpha_q * r - alpha_p, step + alpha_q * h)
    of_next = loggamma_excess(alpha_q + 1.0, next_p, step)[0]
    of_next = of_next + next_p * relative_excess(step / next_p)
    small = excess(beyond / alpha_p, log_quotient(alpha_q, alpha_p) + log)
    small = small + (of_next - alpha_p * relative_excess(apart))
    over = np.expm1(log_w)
    # ψ(α_p + r) − ψ(α_p + 1), and the same less h/α_p, which is ψ(α_p + r) − ψ(α_p) − r/α_p
    rise = np.copysign(digamma_difference(np.minimum(next_p, alpha_p + r), np.abs(h)), h)
    from_one = log1pmx(part) - part / alpha_p + delta_difference(next_p, alpha_p + r)
    from_zero = log1pmx(r / alpha_p) + delta_difference(alpha_p, alpha_p + r)
    less = np.where(r < 0.5, from_zero, from_one)
    return (
        alpha_q * (bend(log_w) + of_steps) + np.where(alpha_p < 1.0, small, large),
        alpha_q * (1.0 + over) * less - beyond * trigamma_excess(alpha_p),
        of_steps + np.where(r < 0.5, r / alpha_p - above - delta(alpha_q), h / alpha_p + slope),
        alpha_q * (over * (rise + above) + rise) + apart + h / r,
        log_w,
    )


def _of_scales(
    alpha_p: Array, n_p: Array, alpha_q: Array, n_q: Array, r: Array, h: Array, log: Array, c: Array
) -> tuple[Array, ...]:
    """Return the divergence and its derivatives where c is of scales m/α^(n/k), n = 0 or 1."""
    log_p, log_q = np.log(alpha_p), np.log(alpha_q)
    same = -n_p * log_quotient(alpha_q, alpha_p)
    shift = n_p * h * log_p + np.where(n_p == n_q, same, n_p * log_p - n_q * log_q)
    value, in_alpha_p, in_alpha_q, in_r, log_w = _of_powers(alpha_p, alpha_q, r, h, log, c + shift)
    in_c = alpha_q * np.expm1(log_w)
    return (
        value,
        in_alpha_p + n_p * in_c * (r / alpha_p),
        in_alpha_q + np.where(n_q == 1.0, -log_w, bend(log_w)),
        in_r + n_p * in_c * log_p,
        in_c,
    )


def powers(*theta: Array) -> Terms:
    """Of shape α, scale s = m/α^(n/k), power k, and n: of p, then of q."""
    alpha_p, s_p, k_p, n_p, alpha_q, s_q, k_q, n_q = theta
    r, h, apart = k_q / k_p, (k_q - k_p) / k_p, log_quotient(s_p, s_q)
    value, in_alpha_p, in_alpha_q, in_r, in_c = _of_scales(
        alpha_p, n_p, alpha_q, n_q, r, h, log_quotient(k_q, k_p), k_q * apart
    )
    return (
        value,
        (in_alpha_p, in_c * (k_q / s_p), -in_r * (r / k_p), n_p),
        (in_alpha_q, -in_c * (k_q / s_q), in_r / k_p + in_c * apart, n_q),
    )


def logarithms(*theta: Array) -> Terms:
    """Of the logarithms of these: shape, location ln s, scale 1/k, and n."""
    alpha_p, loc_p, scale_p, n_p, alpha_q, loc_q, scale_q, n_q = theta
    r, h, c = scale_p / scale_q, (scale_p - scale_q) / scale_q, (loc_p - loc_q) / scale_q
    value, in_alpha_p, in_alpha_q, in_r, in_c = _of_scales(
        alpha_p, n_p, alpha_q, n_q, r, h, log_quotient(scale_p, scale_q), c
    )
    in_loc = in_c / scale_q
    return (
        value,
        (in_alpha_p, in_loc, in_r / scale_q, n_p),
        (in_alpha_q, -in_loc, -(in_r * r + in_c * c) / scale_q, n_q),
    )


def squares(alpha_p: Array, m_p: Array, alpha_q: Array, m_q: Array) -> Terms:
    """Of y = m √(x/α): α_q (w − 1 − ln w) + B_f(α_q, α_p), w = m_p²/m_q²."""
    of_means, square = itakura_saito_squares(m_p, m_q)
    step, pull = alpha_q - alpha_p, 2.0 * alpha_q * square
    of_shapes, slope = loggamma_excess(alpha_q, alpha_p, step)
    return (
        alpha_q * of_means + of_shapes,
        (-step * trigamma_excess(alpha_p), pull / m_p),
        (of_means + slope, -pull / m_q),
    )


_SCALE, _RECIPROCAL = Monomial(scale=1), Monomial(scale=-1)
_ALPHA, _HALF_DF = Monomial(alpha=1), Monomial(0.5, df=1)
_CONCENTRATION = Monomial(concentration=1)
_ROOT_TWO, _ROOT_THREE = math.sqrt(2.0), math.sqrt(3.0)

register_images(
    powers,
    Image(Gamma, (_ALPHA, Monomial(rate=-1), 1.0, 1.0)),
    Image(ChiSquare, (_HALF_DF, 2.0, 1.0, 1.0)),
    Image(Exponential, (1.0, Monomial(rate=-1), 1.0, 0.0)),
    Image(Weibull, (1.0, _SCALE, _CONCENTRATION, 0.0)),
    Image(GeneralizedGamma, (_CONCENTRATION, _SCALE, Monomial(power=1), 1.0)),
    Image(Chi, (_HALF_DF, _ROOT_TWO, 2.0, 1.0)),
    Image(HalfNormal, (0.5, _SCALE, 2.0, 0.0)),
    Image(Rayleigh, (1.0, Monomial(_ROOT_TWO, scale=1), 2.0, 0.0)),
    Image(Maxwell, (1.5, Monomial(_ROOT_THREE, scale=1), 2.0, 0.0)),
    Image(Nakagami, (_CONCENTRATION, _SCALE, 2.0, 0.0)),
)
register_images(  # g = 1/y
    powers,
    Image(InverseGamma, (_ALPHA, _RECIPROCAL, 1.0, 1.0)),
    Image(Frechet, (1.0, _RECIPROCAL, _CONCENTRATION, 0.0)),
)
register_images(logarithms, Image(ExpGamma, (_CONCENTRATION, Monomial(loc=1), _SCALE, 1.0)))
register_images(  # g = −y
    logarithms,
    Image(Gumbel, (1.0, Monomial(-1.0, loc=1), _SCALE, 0.0)),
    Image(Moyal, (0.5, Monomial(-1.0, loc=1), _SCALE, 0.0)),
)
# where both have one power, the quotient of the means is exact next to 1
register_images(
    gamma,
    Image(Gamma, (_ALPHA, Monomial(rate=1))),
    Image(ChiSquare, (_HALF_DF, 0.5)),
    Image(Exponential, (1.0, Monomial(rate=1))),
)
register_images(gamma, Image(InverseGamma, (_ALPHA, _SCALE)))
register_images(
    squares,
    Image(HalfNormal, (0.5, _SCALE)),
    Image(Rayleigh, (1.0, Monomial(_ROOT_TWO, scale=1))),
    Image(Maxwell, (1.5, Monomial(_ROOT_THREE, scale=1))),
    Image(Nakagami, (_CONCENTRATION, _SCALE)),
)
register_images(gamma, Image(Chi, (_HALF_DF, 0.5)))
