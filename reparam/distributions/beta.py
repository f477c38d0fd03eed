"""The beta distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distribution import About
from reparam.mechanisms import Implicit
from reparam.parameters import POSITIVE, UNIT, Parameter
from reparam.special import beta as special

__all__ = ["Beta"]


class Beta(Implicit):
    """The beta distribution.

    p(y) = y^(α−1) (1 − y)^(β−1)/B(α, β) for 0 < y < 1. Both derivatives are implicit, on the
    quantile path (Figurnov, Mohamed & Mnih 2018, section 4).
    """

    name = "beta"
    alpha: Parameter = Parameter("α", POSITIVE, 1.0, (0.1, 100.0), ("a",), "First shape")
    beta: Parameter = Parameter("β", POSITIVE, 1.0, (0.1, 100.0), ("b",), "Second shape")
    about = About(
        density="p(y) = y^(α−1) (1 − y)^(β−1) / B(α, β)",
        transform="y = I⁻¹(u; α, β),  I the regularized incomplete beta function",
        derivatives={"alpha": "−(∂I_y(α, β)/∂α) / p(y)", "beta": "−(∂I_y(α, β)/∂β) / p(y)"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
    )
    _support = UNIT

    @staticmethod
    def _icdf(u: Array, alpha: Array, beta: Array) -> Array:
        return special.icdf(u, alpha, beta)

    @staticmethod
    def _pathwise(y: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        return special.pathwise(y, alpha, beta)

    @staticmethod
    def _cdf(y: Array, alpha: Array, beta: Array) -> Array:
        from scipy.special import betainc

        return np.asarray(betainc(alpha, beta, y), dtype=np.float64)

    @staticmethod
    def _sf(y: Array, alpha: Array, beta: Array) -> Array:
        from scipy.special import betaincc

        return np.asarray(betaincc(alpha, beta, y), dtype=np.float64)

    @staticmethod
    def _log_prob(y: Array, alpha: Array, beta: Array) -> Array:
        from scipy.special import betaln, xlog1py, xlogy

        return xlogy(alpha - 1.0, y) + xlog1py(beta - 1.0, -y) - betaln(alpha, beta)

    @staticmethod
    def _score(y: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        from scipy.special import digamma

        total = digamma(alpha + beta)
        return np.log(y) - digamma(alpha) + total, np.log1p(-y) - digamma(beta) + total

    @staticmethod
    def _mean(alpha: Array, beta: Array) -> Array:
        return alpha / (alpha + beta)

    @staticmethod
    def _variance(alpha: Array, beta: Array) -> Array:
        total = alpha + beta
        return (alpha / total) * (beta / total) / (total + 1.0)

    @staticmethod
    def _entropy(alpha: Array, beta: Array) -> Array:
        from scipy.special import betaln, digamma

        total = alpha + beta
        return (
            betaln(alpha, beta)
            - (alpha - 1.0) * digamma(alpha)
            - (beta - 1.0) * digamma(beta)
            + (total - 2.0) * digamma(total)
        )
