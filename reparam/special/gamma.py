"""The gamma distribution with unit rate: derivatives in the shape α, and quantiles.

The mathematics is in the modules ``_gamma_integrals``, ``_gamma_density`` and ``_gamma_quantile``.
"""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.special._elementwise import elementwise
from reparam.special._gamma_bends import second_derivatives
from reparam.special._gamma_density import density, log_tail, tail, weight
from reparam.special._gamma_integrals import log_derivative, log_ratio
from reparam.special._gamma_quantile import quantile_logs
from reparam.special.log_gamma import log_gamma_star
from reparam.special.polygamma import delta

__all__ = [
    "cdf",
    "cdf_derivative",
    "centred_log",
    "log_cdf",
    "log_entropy",
    "log_pathwise",
    "log_pathwise2",
    "log_point_cdf",
    "log_point_sf",
    "log_quantile",
    "log_sf",
    "log_weight",
    "pathwise",
    "quantile",
    "quantile_logs",
    "sf",
]


@elementwise(quiet=True)
def log_pathwise(log_x: Array, alpha: Array) -> Array:
    """Return ∂ln x/∂α at fixed u = P(α, x), given ln x: also where x underflows.

    Parameters
    ----------
    log_x
        The natural logarithm of the point.
    alpha
        The shape, positive.

    Returns
    -------
    ndarray
        −(∂P(α, x)/∂α) / (x p(x)) > 0, with a relative error below 1e-13.
    """
    return log_derivative(None, log_x, alpha)


@elementwise(outputs=3)
def log_pathwise2(x: Array, log_x: Array, alpha: Array) -> tuple[Array, Array, Array]:
    """Return h = ∂ln x/∂α, ∂h/∂α and ∂h/∂α + h² = (∂²x/∂α²)/x at fixed u.

    The last two with a relative error below 1e-11, or 20 times what the rounding of x forces.
    """
    return second_derivatives(x, log_x, alpha)


@elementwise()
def pathwise(x: Array, alpha: Array) -> Array:
    """Return ∂x/∂α at fixed u = P(α, x): −(∂P(α, x)/∂α) / p(x), 0 at x = 0.

    Parameters
    ----------
    x
        The point, positive.
    alpha
        The shape, positive.

    Returns
    -------
    ndarray
        With a relative error below 1e-13 (Figurnov, Mohamed & Mnih 2018, equation 6).
    """
    return np.where(x == 0.0, 0.0, x * log_derivative(x, np.log(x), alpha))


@elementwise()
def cdf_derivative(x: Array, alpha: Array) -> Array:
    """Return ∂P(α, x)/∂α: the derivative of the cdf itself, at fixed x.

    It is −x p(x) h. See :func:`log_pathwise`.
    """
    log_x = np.log(x)
    return -density(x, log_x, alpha) * log_derivative(x, log_x, alpha)


@elementwise()
def quantile(u: Array, alpha: Array) -> Array:
    """Return x with P(α, x) = u, for 0 ≤ u ≤ 1; 0 where x underflows.

    The error is at most four times what half an ulp of u and of α forces.
    """
    return quantile_logs(u, 1.0 - u, alpha)[0]


@elementwise()
def log_quantile(u: Array, alpha: Array) -> Array:
    """Return ln x with P(α, x) = u: finite for u > 0 where x itself underflows."""
    return quantile_logs(u, 1.0 - u, alpha)[1]


@elementwise()
def cdf(x: Array, alpha: Array) -> Array:
    """Return P(α, x), to full relative accuracy."""
    return tail(x, np.log(x), alpha, upper=False)


@elementwise()
def sf(x: Array, alpha: Array) -> Array:
    """Return Q(α, x) = 1 − P(α, x), to full relative accuracy."""
    return tail(x, np.log(x), alpha, upper=True)


@elementwise()
def log_point_cdf(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return P(α, x), given ln x as well: also where x underflows."""
    return tail(x, log_x, alpha, upper=False)


@elementwise()
def log_point_sf(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return Q(α, x), given ln x as well."""
    return tail(x, log_x, alpha, upper=True)


@elementwise()
def log_cdf(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return ln P(α, x), given ln x as well: also where P underflows or rounds to 1."""
    return log_tail(x, log_x, alpha, upper=False)


@elementwise()
def log_sf(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return ln Q(α, x), given ln x as well: also where Q underflows or rounds to 1."""
    return log_tail(x, log_x, alpha, upper=True)


@elementwise()
def log_weight(x: Array, alpha: Array) -> Array:
    """Return ln(x p(x)) = ln(x^α e^−x/Γ(α)), without its cancellation for large α."""
    log, factor = weight(x, np.log(x), alpha)
    return log + np.log(factor)


@elementwise()
def centred_log(x: Array, log_x: Array, alpha: Array) -> Array:
    """Return ln x − ψ(α), the score in α: next to the mean from x − α, which is exact there."""
    from scipy.special import digamma

    far = log_x - digamma(alpha)
    return np.where(np.abs(x - alpha) < 0.5 * alpha, log_ratio(x, log_x, alpha) + delta(alpha), far)


@elementwise()
def log_entropy(alpha: Array) -> Array:
    """Return the entropy of ln x: ln Γ(α) − α ψ(α) + α, without its cancellation for large α."""
    from scipy.special import digamma, gammaln

    shape = np.maximum(alpha, 1.0)
    large = 0.5 * np.log(2.0 * math.pi / shape) + log_gamma_star(shape) + shape * delta(shape)
    # Γ(α) and ψ(α) overflow for subnormal α; Γ(α+1)/α and ψ(α+1) − 1/α are put in
    small = gammaln(alpha + 1.0) - np.log(alpha) - alpha * digamma(alpha + 1.0) + 1.0 + alpha
    return np.where(alpha >= 1.0, large, small)
