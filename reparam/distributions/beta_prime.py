"""The beta-prime distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.distribution import About
from reparam.families import OddsOfBeta, Slopes
from reparam.parameters import POSITIVE, Parameter

__all__ = ["BetaPrime"]


class BetaPrime(OddsOfBeta):
    """The beta-prime distribution, of the odds y = x/(1 − x) of x ~ Beta(α, β).

    p(y) = y^(α−1) (1 + y)^(−α−β)/B(α, β) for y > 0. The mean is infinite for β ≤ 1, the variance
    for 1 < β ≤ 2, and undefined (NaN) for β ≤ 1.
    """

    name = "beta-prime"
    aliases = ("beta2",)
    alpha: Parameter = Parameter("α", POSITIVE, 1.0, (0.1, 100.0), ("a",), "First shape")
    beta: Parameter = Parameter("β", POSITIVE, 3.0, (0.1, 100.0), ("b",), "Second shape")
    about = About(
        density="p(y) = y^(α−1) (1 + y)^(−α−β) / B(α, β)",
        transform="y = x / (1 − x),  x = I⁻¹(u; α, β),  I the regularized incomplete beta function",
        derivatives={"alpha": "−(∂I_x(α, β)/∂α) / p(y)", "beta": "−(∂I_x(α, β)/∂β) / p(y)"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 25",
    )

    @staticmethod
    def _shapes(alpha: Array, beta: Array) -> tuple[Array, Array]:
        return alpha, beta

    @staticmethod
    def _shape_slopes(alpha: Array, beta: Array) -> tuple[Slopes, Slopes]:
        return (1.0, 0.0), (0.0, 1.0)

    @staticmethod
    def _scale(alpha: Array, beta: Array) -> Array:
        return np.asarray(1.0)

    @staticmethod
    def _log_scale(alpha: Array, beta: Array) -> float:
        return 0.0

    @staticmethod
    def _log_scale_slopes(alpha: Array, beta: Array) -> Slopes:
        return 0.0, 0.0

    @staticmethod
    def _mean(alpha: Array, beta: Array) -> Array:
        return np.where(beta > 1.0, alpha / (beta - 1.0), np.inf)

    @staticmethod
    def _variance(alpha: Array, beta: Array) -> Array:
        mean = alpha / (beta - 1.0)
        finite = mean * (mean + 1.0) / (beta - 2.0)
        return np.where(beta > 2.0, finite, np.where(beta > 1.0, np.inf, np.nan))
