"""The beta distribution: quantile and pathwise derivatives in both shapes.

F(x; α, β) = I_x(α, β), the regularized incomplete beta function (DLMF 8.17.2).
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special import _quadrature

__all__ = ["icdf", "pathwise"]


def icdf(u: Array, alpha: Array, beta: Array) -> Array:
    """Return the quantile x with I_x(α, β) = u, from the smaller of u and 1 − u."""
    from scipy.special import betainccinv, betaincinv

    return np.where(u < 0.5, betaincinv(alpha, beta, u), betainccinv(alpha, beta, 1.0 - u))


def pathwise(x: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂x/∂α and ∂x/∂β at fixed u = I_x(α, β): −(∂I/∂θ)/p.

    Below the mean both are computed from the lower tail; above it they are the mirror image's,
    1 − x ~ Beta(β, α).
    """
    below = x * (alpha + beta) <= alpha
    lower = np.where(below, x, 1.0 - x)
    first, second = _from_lower_tail(
        lower, np.where(below, alpha, beta), np.where(below, beta, alpha)
    )
    return np.where(below, first, -second), np.where(below, second, -first)


def _from_lower_tail(x: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return ∂x/∂α and ∂x/∂β for x ≤ α/(α + β).

    The family is exponential with statistics ln t and ln(1 − t). With logit t = logit x − s, and
    L = log1p(x expm1(−s)) ≤ 0, ln t = ln x − s − L, ln(1 − t) = ln(1 − x) − L, and

        ∂x/∂α = x(1−x) ∫₀^∞ (ψ(α) − ψ(α+β) − ln x + s + L) W(s) ds
        ∂x/∂β = x(1−x) ∫₀^∞ (ψ(β) − ψ(α+β) − ln(1−x) + L) W(s) ds
        W(s)  = exp(−αs − (α+β)L)

    These are taken at α + 1, where W decays even for tiny α, and brought back by
    I_x(α, β) = I_x(α+1, β) + x^α (1−x)^β/(α B(α, β)) (DLMF 8.17.20), which adds terms of the
    same sign: ln m < ψ(α+1) − ψ(α+β) and ln(1−m) > ψ(β) − ψ(α+β) at the mean m.
    """
    from scipy.special import digamma

    shape = alpha + 1.0
    total = shape + beta
    log_x, log_rest = np.log(x), np.log1p(-x)
    first = digamma(shape) - digamma(total) - log_x
    second = digamma(beta) - digamma(total) - log_rest

    def exponent(s: Array) -> tuple[Array, Array]:
        decay = x * np.expm1(-s)
        value = shape * s + total * np.log1p(decay)
        return value, shape - total * (x + decay) / (1.0 + decay)

    length = _quadrature.cutoff(exponent, 40.0 / (shape - total * x))
    integrals = [np.zeros_like(length), np.zeros_like(length)]
    for node, weight in _quadrature.nodes():
        s = length * node
        fall = np.log1p(x * np.expm1(-s))
        density = weight * np.exp(-shape * s - total * fall)
        integrals[0] += (first + s + fall) * density
        integrals[1] += (second + fall) * density
    carried = x * (alpha + beta) / alpha * x * (1.0 - x) * length
    boundary = x * (1.0 - x) / alpha
    step = digamma(alpha + beta)
    return (
        carried * integrals[0] + boundary * (digamma(shape) - step - log_x),
        carried * integrals[1] - boundary * (log_rest - digamma(beta) + step),
    )
