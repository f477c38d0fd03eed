"""Closed forms between distributions of vectors and of matrices."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distributions.dirichlet import Dirichlet
from reparam.distributions.dirichlet import divergence as _dirichlet
from reparam.distributions.inverse_wishart import InverseWishart
from reparam.distributions.lkj_cholesky import LKJCholesky
from reparam.distributions.lkj_cholesky import divergence as _lkj
from reparam.distributions.multinomial import Multinomial
from reparam.distributions.one_hot_categorical import OneHotCategorical
from reparam.distributions.wishart import Wishart
from reparam.divergences._registry import Terms, register_kl
from reparam.families.weighted import Weighted
from reparam.special._accurate import log1pmx
from reparam.special.bregman import (
    generalized_kl,
    log_quotient,
    loggamma_excess,
    trigamma_excess,
)
from reparam.special.matrices import (
    diagonal,
    diagonally,
    scalars,
    solve,
    solve_transposed,
    transposed,
)

__all__: list[str] = []


@register_kl(Dirichlet, Dirichlet)
def dirichlet(p: Dirichlet, q: Dirichlet) -> Terms:
    """Σ_j of the divergences of Beta(α_j, Σ_{i>j} α_i), each entry's share of what is left."""
    value, in_p, in_q = _dirichlet(*p._theta, *q._theta)
    return value, (in_p,), (in_q,)


@register_kl(LKJCholesky, LKJCholesky)
def lkj_cholesky(p: LKJCholesky, q: LKJCholesky) -> Terms:
    """Σ_i of the divergences of the beta variates 1 − y_ii²: of one number of rows."""
    value, in_p, in_q = _lkj(p.event_shape[0], p.concentration, q.concentration)
    return value, (in_p,), (in_q,)


def _weighted(p: Weighted, q: Weighted, total: Array) -> Terms:
    """Return n Σ_k K(p_k, q_k), K(x, y) = x ln(x/y) − x + y."""
    first, second = p._theta[-1], q._theta[-1]
    shares, others = np.exp(p._log_p(first)), np.exp(q._log_p(second))
    n = np.asarray(total)[..., np.newaxis]
    terms = np.where(shares == 0.0, others, generalized_kl(shares, others))
    each = np.sum(terms, axis=-1, keepdims=True)
    apart = n * (log_quotient(shares, others) - each)
    in_p = _in_weights(p, first, shares, apart)
    return (
        (n * each)[..., 0],
        (in_p,),
        (_in_weights(q, second, others, n * (1.0 - shares / others)),),
    )


def _in_weights(law: Weighted, weights: Array, shares: Array, slope: Array) -> Array:
    """Return derivatives in logits or weights from those in shares, centred."""
    if law._choice == ("logits",):
        return np.where(shares == 0.0, 0.0, shares * slope)
    return np.asarray(slope / np.sum(weights, axis=-1, keepdims=True))


@register_kl(OneHotCategorical, OneHotCategorical)
def one_hot_categorical(p: OneHotCategorical, q: OneHotCategorical) -> Terms:
    """Σ_k p_k ln(p_k/q_k), as a sum of terms that are not negative."""
    return _weighted(p, q, np.ones(()))


@register_kl(Multinomial, Multinomial)
def multinomial(p: Multinomial, q: Multinomial) -> Terms:
    """That of the categorical distributions, n times: infinite if p and q don't have one n."""
    value, (in_p,), (in_q,) = _weighted(p, q, p.total_count)
    same = np.asarray(p.total_count == q.total_count)
    in_p, in_q = (np.where(same[..., np.newaxis], each, np.nan) for each in (in_p, in_q))
    return np.where(same, value, np.inf), (in_p,), (in_q,)


def _less(x: Array, y: Array, h: Array, k: Array) -> Array:
    """Return B(x − k, y − k) − B(x, y) ≥ 0 for B(x, y) = x ln(x/y) − x + y, h = x − y, k ≥ 0."""
    cross = (k / x) * (h / (y - k))
    tail = (k * h / x) * (k * h / y) / (y - k)
    return np.asarray((x - k) * log1pmx(cross) - k * log1pmx(h / y) + tail)


def _bartlett(
    df: Array, other: Array, left: Array, right: Array
) -> tuple[Array, Array, Array, Array, Array]:
    """Return KL of degrees of freedom ν from μ, and derivatives in these and in factors L and R.

    With C = L⁻¹R, which makes p's matrices of q's, x = μ/2, y = ν/2 and the excess
    f(x) = ln Γ(x) − x ln x + x, it is Σ_i [B_f(x − i/2, y − i/2) + B(x − i/2, y − i/2) − B(x, y)]
    + ½ Σ_i B(μ, ν c_ii²) + ½ ν Σ_{i>j} c_ij², with the divergences B_f and B of x ln x: no term is
    negative, and each vanishes with the square of p's distance from q.
    """
    d = left.shape[-1]
    less = 0.5 * np.arange(float(d))
    y, x = (0.5 * np.asarray(each)[..., np.newaxis] for each in (df, other))
    h = x - y
    shape, target = np.broadcast_arrays(y - less, x - less)
    of_shapes, in_target = loggamma_excess(target, shape, np.broadcast_to(h, shape.shape))
    c = solve(left, right)
    roots = diagonal(c)
    ratio = generalized_kl(2.0 * x + 0.0 * roots, 2.0 * y * roots * roots)
    below = np.sum(np.tril(c, -1) ** 2, axis=(-2, -1))
    value = np.sum(of_shapes + _less(x, y, h, less) + 0.5 * ratio, axis=-1) + 0.5 * df * below
    # ln(x − i/2) − ln(y − i/2) is the rest of ψ(x − i/2) − ψ(y − i/2)
    steps = np.log1p(h / shape)
    in_df = -h * (trigamma_excess(shape) + 1.0 / shape) + (roots - 1.0) * (roots + 1.0)
    in_other = in_target + steps - 2.0 * np.log(roots)
    of_c = scalars(df) * c - diagonally(np.asarray(other)[..., np.newaxis] / roots)
    return (
        value,
        0.5 * (np.sum(in_df, axis=-1) + below),
        0.5 * np.sum(in_other, axis=-1),
        -solve_transposed(left, of_c @ transposed(c)),
        solve_transposed(left, of_c),
    )


@register_kl(Wishart, Wishart)
def wishart(p: Wishart, q: Wishart) -> Terms:
    """Σ_i of divergences of the gamma function, and of the matrices R⁻¹L of factors L and R."""
    (df, factor), (other, right) = p._ready, q._ready
    value, in_df, in_other, in_right, in_factor = _bartlett(df, other, right, factor)
    return value, tuple(p._in_theta((in_df, in_factor))), tuple(q._in_theta((in_other, in_right)))


@register_kl(InverseWishart, InverseWishart)
def inverse_wishart(p: InverseWishart, q: InverseWishart) -> Terms:
    """That of the inverses, whose distributions are Wishart's: of the matrix L⁻¹R."""
    (df, factor), (other, right) = p._ready, q._ready
    value, in_df, in_other, in_factor, in_right = _bartlett(df, other, factor, right)
    return value, tuple(p._in_theta((in_df, in_factor))), tuple(q._in_theta((in_other, in_right)))
