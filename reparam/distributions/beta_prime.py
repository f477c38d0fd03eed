"""The beta-prime distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.domains import POSITIVE
from reparam.families import Bends, OddsOfBeta, Slopes
from reparam.parameters import Parameter
from reparam.special import fisher
from reparam.special.beta import logit_pathwise
from reparam.special.beta_score import logit_centred_logs
from reparam.special.bregman import log_quotient

__all__ = ["BetaPrime"]


class BetaPrime(OddsOfBeta):
    """The beta-prime distribution, of the odds y = x/(1 − x) of x ~ Beta(α, β).

    p(y) = y^(α−1) (1 + y)^(−α−β)/B(α, β) for y > 0. The mean is infinite for β ≤ 1, the variance
    for β ≤ 2.
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
        scipy="betaprime(alpha, beta)",
    )
    _tails = (Tail(power="alpha"), Tail(power="beta"))

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
    def _log_location(alpha: Array, beta: Array) -> Array:
        return log_quotient(alpha, beta)

    @staticmethod
    def _derivatives(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = logit_pathwise(logit, alpha, beta)
        return first, second

    @staticmethod
    def _bends(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Bends, Bends]:
        # (β/α) y is an F variate
        ratio = y * np.exp(-log_quotient(alpha, beta))
        found = fisher.log_pathwise2(ratio, logit, alpha, beta)
        bends = fisher.bends_of_multiple(found, alpha, beta, 1)
        return bends.log, bends.relative

    @staticmethod
    def _shape_scores(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = logit_centred_logs(y, logit, alpha, beta)
        return first, second

    @staticmethod
    def _mean(alpha: Array, beta: Array) -> Array:
        return np.where(beta > 1.0, alpha / (beta - 1.0), np.inf)

    @staticmethod
    def _variance(alpha: Array, beta: Array) -> Array:
        mean = alpha / (beta - 1.0)
        finite = (mean / (beta - 2.0)) * (mean + 1.0)
        return np.where(beta > 2.0, finite, np.inf)
