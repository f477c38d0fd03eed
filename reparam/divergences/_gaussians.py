"""Closed forms between multivariate Gaussian distributions, however their covariance is given.

The value is a sum of terms that are not negative, which vanish with the square of p's distance
from q. Derivatives are taken in A, A Aᵀ = Σ, and pulled back to what each was given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.distributions.gaussian import Gaussian
from reparam.distributions.logistic_normal import LogisticNormal
from reparam.distributions.low_rank_gaussian import LowRankMultivariateGaussian
from reparam.distributions.matrix_gaussian import MatrixGaussian
from reparam.distributions.multivariate_gaussian import MultivariateGaussian
from reparam.distributions.stick_breaking_normal import StickBreakingNormal
from reparam.divergences._registry import Terms, register_kl
from reparam.families.simplex_gaussian import SimplexGaussian
from reparam.special.bregman import excess, itakura_saito_squares, log_quotient
from reparam.special.matrices import (
    apply,
    cholesky,
    diagonal,
    diagonally,
    inverse,
    lower_factor,
    scalars,
    transposed,
)
from reparam.transforms.independent import Independent

__all__: list[str] = []


class _Dense(NamedTuple):
    """A Gaussian by μ, A and A⁻¹, and how derivatives in μ and A become those in θ."""

    loc: Array
    factor: Array
    inverse: Array
    pulled_back: Callable[[Array, Array], Any]


def _dense(d: Distribution) -> _Dense:
    if isinstance(d, MultivariateGaussian | SimplexGaussian):
        loc, factor, inverted = d._ready
        return _Dense(loc, factor, inverted, lambda *entries: d._in_theta(entries))
    if isinstance(d, Independent):
        loc, scale = (
            np.stack(np.broadcast_arrays(*(law[name] for law in d.laws)), axis=-1)
            for name in ("loc", "scale")
        )
        return _Dense(loc, diagonally(scale), diagonally(1.0 / scale), _by_entry)
    assert isinstance(d, LowRankMultivariateGaussian)
    loc, w = np.asarray(d.loc), np.asarray(d.cov_factor)
    factor = cholesky(d.covariance)
    inverted = inverse(factor)

    def pulled_back(in_loc: Array, in_factor: Array) -> tuple[Array, ...]:
        in_covariance = 0.5 * in_factor @ inverted  # ∂/∂A = 2 ∂/∂Σ A
        in_covariance = 0.5 * (in_covariance + transposed(in_covariance))
        return in_loc, 2.0 * in_covariance @ w, np.diagonal(in_covariance, axis1=-2, axis2=-1)

    return _Dense(loc, factor, inverted, pulled_back)


def _by_entry(in_loc: Array, in_factor: Array) -> tuple[Array, ...]:
    """Return derivatives in the mean and the scale of each entry."""
    pairs = np.stack(np.broadcast_arrays(in_loc, diagonal(in_factor)), axis=-1)
    return tuple(np.moveaxis(pairs.reshape(*pairs.shape[:-2], -1), -1, 0))


@register_kl(Independent, MultivariateGaussian)
@register_kl(Independent, LowRankMultivariateGaussian)
@register_kl(MultivariateGaussian, Independent)
@register_kl(LowRankMultivariateGaussian, Independent)
def with_independent(p: Distribution, q: Distribution) -> Terms | None:
    """That of Gaussian vectors, if all entries of the product are Gaussian."""
    laws = [law for d in (p, q) if isinstance(d, Independent) for law in d.laws]
    return gaussians(p, q) if all(type(law) is Gaussian for law in laws) else None


@register_kl(LogisticNormal, LogisticNormal)  # a map that is one to one leaves KL as it is
@register_kl(StickBreakingNormal, StickBreakingNormal)
@register_kl(MultivariateGaussian, MultivariateGaussian)
@register_kl(MultivariateGaussian, LowRankMultivariateGaussian)
@register_kl(LowRankMultivariateGaussian, MultivariateGaussian)
@register_kl(LowRankMultivariateGaussian, LowRankMultivariateGaussian)
def gaussians(p: Distribution, q: Distribution) -> Terms:
    """½ (‖M‖² − K − 2 ln det M + |δ|²), M = A_q⁻¹ A_p and δ = A_q⁻¹ (μ_p − μ_q)."""
    of_p, of_q = _dense(p), _dense(q)
    own, other = lower_factor(of_p.factor), lower_factor(of_q.factor)
    diagonals = [np.diagonal(each, axis1=-2, axis2=-1) for each in (own, other)]
    spread, _ = itakura_saito_squares(*diagonals)
    back = of_q.inverse if other is of_q.factor else inverse(other)
    strictly_below = np.tril(back @ own, -1)
    delta = apply(of_q.inverse, of_p.loc - of_q.loc)
    value = 0.5 * (
        np.sum(spread, axis=-1)
        + np.sum(strictly_below * strictly_below, axis=(-2, -1))
        + np.sum(delta * delta, axis=-1)
    )
    m, across = of_q.inverse @ of_p.factor, transposed(of_q.inverse)
    in_loc = apply(across, delta)
    in_p = across @ m - transposed(of_p.inverse)
    outer = delta[..., :, np.newaxis] * delta[..., np.newaxis, :]
    in_q = -across @ (m @ transposed(m) - np.eye(m.shape[-1]) + outer)
    return (
        np.asarray(value),
        tuple(of_p.pulled_back(in_loc, in_p)),
        tuple(of_q.pulled_back(-in_loc, in_q)),
    )


@register_kl(MatrixGaussian, MatrixGaussian)
def matrix_gaussian(p: MatrixGaussian, q: MatrixGaussian) -> Terms:
    """½ (‖C‖² ‖D‖² − NK − 2K ln det C − 2N ln det D + ‖W‖²).

    With C = A_q⁻¹ A_p and D = B_q⁻¹ B_p, lower triangular, and W = A_q⁻¹ (M_p − M_q) B_q⁻ᵀ.
    """
    (loc, a, b, *_), (other, rows, columns, rows_back, columns_back) = p._ready, q._ready
    c, d = rows_back @ a, columns_back @ b
    w = rows_back @ (loc - other) @ transposed(columns_back)
    (off, of_c, steps, logs), (off_columns, of_d, more, more_logs) = (
        _shares(*pair) for pair in ((c, a, rows), (d, b, columns))
    )
    steps, logs = steps[..., :, np.newaxis], logs[..., :, np.newaxis]
    more, more_logs = more[..., np.newaxis, :], more_logs[..., np.newaxis, :]
    # (c_i d_j)² − 1 of diagonal entries, of (c_i)² − 1 and (d_j)² − 1
    spread = np.sum(excess(steps + more + steps * more, logs + more_logs), axis=(-2, -1))
    beyond = off * of_d + (of_c - off) * off_columns
    value = 0.5 * (spread + beyond + np.sum(w * w, axis=(-2, -1)))
    in_loc = transposed(rows_back) @ w @ columns_back
    of_c, of_d = scalars(of_c), scalars(of_d)
    (n, k), across, along = w.shape[-2:], transposed(rows_back), transposed(columns_back)
    in_p = (
        in_loc,
        of_d * (across @ c) - k * transposed(inverse(a)),
        of_c * (along @ d) - n * transposed(inverse(b)),
    )
    in_q = (
        -in_loc,
        -across @ (of_d * (c @ transposed(c)) - k * np.eye(n) + w @ transposed(w)),
        -along @ (of_c * (d @ transposed(d)) - n * np.eye(k) + transposed(w) @ w),
    )
    return np.asarray(value), tuple(p._in_theta(in_p)), tuple(q._in_theta(in_q))


def _shares(c: Array, own: Array, other: Array) -> tuple[Array, Array, Array, Array]:
    """Return Σ c_ij² off the diagonal and everywhere, c_ii² − 1, and its ln(1 + ·)."""
    off = np.sum(np.tril(c, -1) ** 2, axis=(-2, -1))
    x, y = diagonal(own), diagonal(other)
    _, squares = itakura_saito_squares(x, y)
    return off, np.sum(c * c, axis=(-2, -1)), squares, 2.0 * log_quotient(x, y)
