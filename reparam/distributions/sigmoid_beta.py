"""The sigmoid-beta (logit-beta) distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.second_order import Triangle, unflattened
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL
from reparam.families import BetaFamily, Slopes
from reparam.parameters import Parameter
from reparam.special import beta as special
from reparam.special import fisher
from reparam.special.beta_score import logit_centred_logs
from reparam.special.bregman import log_quotient
from reparam.special.entropies import logit_entropy
from reparam.special.polygamma import delta_difference

__all__ = ["SigmoidBeta"]


class SigmoidBeta(BetaFamily):
    """The sigmoid-beta (logit-beta, type IV logistic) distribution: of logit x with x ~ Beta(α, β).

    p(y) = e^(αy) (1 + e^y)^(−α−β)/B(α, β). No draw rounds to an endpoint, however small the shapes.
    """

    name = "sigmoid-beta"
    aliases = ("logit-beta",)
    concentration1: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.1, 100.0), ("alpha", "a"), "First shape"
    )
    concentration0: Parameter = Parameter(
        "β", POSITIVE, 1.0, (0.1, 100.0), ("beta", "b"), "Second shape"
    )
    about = About(
        density="p(y) = e^(αy) / ((1 + e^y)^(α+β) B(α, β))",
        transform="y = log(x / (1 − x)),  x = I⁻¹(u; α, β)",
        derivatives={
            "concentration1": "−(∂I_x(α, β)/∂α) / p(y)",
            "concentration0": "−(∂I_x(α, β)/∂β) / p(y)",
        },
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 23",
    )
    _support = REAL
    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _shapes(alpha: Array, beta: Array) -> tuple[Array, Array]:
        return alpha, beta

    @staticmethod
    def _shape_slopes(alpha: Array, beta: Array) -> tuple[Slopes, Slopes]:
        return (1.0, 0.0), (0.0, 1.0)

    @staticmethod
    def _of_point(point: special.Point, alpha: Array, beta: Array) -> Array:
        return point.logit

    @staticmethod
    def _logit(y: Array, alpha: Array, beta: Array) -> Array:
        return y

    @staticmethod
    def _point(y: Array, alpha: Array, beta: Array) -> special.Point:
        return special.from_logit(y)

    @classmethod
    def _jacobian(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Slopes:
        return cls._logit_jacobian(logit, alpha, beta)

    @classmethod
    def _hessian(cls, y: Array, logit: Array, alpha: Array, beta: Array) -> Triangle:
        # logit x is the logarithm of (α/β) times an F variate
        odds = np.exp(logit - log_quotient(alpha, beta))
        found = fisher.log_pathwise2(odds, logit, alpha, beta)
        return unflattened(fisher.bends_of_multiple(found, alpha, beta, 1).log)

    @staticmethod
    def _log_prob(y: Array, alpha: Array, beta: Array) -> Array:
        inner = special.logit_log_weight(y, alpha, beta)
        return np.where(np.isinf(y), -np.inf, inner)

    @staticmethod
    def _shape_scores(y: Array, logit: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
        first, second = logit_centred_logs(np.exp(y), y, alpha, beta)
        return first, second

    @staticmethod
    def _stein_score(y: Array, alpha: Array, beta: Array) -> Array:
        # α (1 − x) − β x, which is 0 at y = 0 for α = β
        near = 0.5 * ((alpha - beta) - (alpha + beta) * np.tanh(0.5 * y))
        far = alpha * special.sigmoid(-y) - beta * special.sigmoid(y)
        return np.where(np.abs(y) < 1.0, near, far)

    @staticmethod
    def _mean(alpha: Array, beta: Array) -> Array:
        # ψ(α) − ψ(β)
        near = np.where(np.abs(alpha - beta) < 0.5 * beta, (alpha - beta) / beta, 0.0)
        log = np.where(near == 0.0, np.log(alpha) - np.log(beta), np.log1p(near))
        return log + delta_difference(beta, alpha)

    @staticmethod
    def _variance(alpha: Array, beta: Array) -> Array:
        from scipy.special import polygamma

        return np.asarray(polygamma(1, alpha) + polygamma(1, beta))

    @staticmethod
    def _entropy(alpha: Array, beta: Array) -> Array:
        return np.asarray(logit_entropy(alpha, beta))
