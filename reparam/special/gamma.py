"""The gamma distribution with unit rate: quantile and pathwise derivative in the shape α.

F(x; α) = P(α, x), the regularized lower incomplete gamma function (DLMF 8.2.4).
"""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.special import _quadrature

__all__ = ["icdf", "pathwise"]


def icdf(u: Array, alpha: Array) -> Array:
    """Return the quantile x with P(α, x) = u, from the smaller of u and 1 − u."""
    from scipy.special import gammainccinv, gammaincinv

    return np.where(u < 0.5, gammaincinv(alpha, u), gammainccinv(alpha, 1.0 - u))


def pathwise(x: Array, alpha: Array) -> Array:
    """Return ∂x/∂α at fixed u = P(α, x): −(∂P/∂α)/p.

    The family is exponential with statistic ln t, so ∂P/∂α = ∫₀ˣ (ln t − ψ(α)) p(t) dt. The
    integrand changes sign once; integrated from the end of the support where it doesn't, with
    t = x e^(∓s), nothing cancels::

        x ∫₀^∞ (ψ(α) − ln x + s) exp(−αs − x expm1(−s)) ds     from below, ln x < ψ(α)
        x ∫₀^∞ (ln x − ψ(α) + s) exp(αs − x expm1(s)) ds       from above, ln x > ψ(α)

    Below the mean the first is taken at α + 1, where the weight decays even for tiny α, and
    brought back by P(α, x) = P(α+1, x) + x^α e^−x/Γ(α+1) (DLMF 8.8.5): two positive terms, since
    ln α < ψ(α+1) (DLMF 5.4).
    """
    from scipy.special import digamma

    below = x < np.maximum(alpha, 0.5)
    sign = np.where(below, 1.0, -1.0)
    shape = np.where(below, alpha + 1.0, alpha)
    psi = digamma(shape)
    distance = sign * (psi - np.log(x))

    def exponent(s: Array) -> tuple[Array, Array]:
        decay = np.expm1(-sign * s)
        return sign * shape * s + x * decay, sign * (shape - x - x * decay)

    # The exponent is at least |shape − x| s, and from above at least x s²/2.
    farthest = 40.0 / np.abs(shape - x)
    farthest = np.where(below, farthest, np.minimum(farthest, 9.0 / np.sqrt(x)))
    length = _quadrature.cutoff(exponent, farthest)
    integral = np.zeros_like(length)
    for node, weight in _quadrature.nodes():
        s = length * node
        integral += weight * (distance + s) * np.exp(-exponent(s)[0])
    integral *= length * x
    return np.where(below, x / alpha * (integral + distance), integral)
