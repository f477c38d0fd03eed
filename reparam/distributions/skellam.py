"""The Skellam distribution."""

from __future__ import annotations

import math

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.domains import NON_NEGATIVE, Integers
from reparam.parameters import Parameter
from reparam.special import skellam

__all__ = ["Skellam"]


class Skellam(Discrete):
    """The Skellam distribution, of the difference of two independent Poisson counts.

    p(y) = exp(−λ₁−λ₂) (λ₁/λ₂)^(y/2) I_|y|(2√(λ₁λ₂)) for all integers y, I the modified Bessel
    function.
    """

    name = "skellam"
    rate1: Parameter = Parameter(
        "λ₁", NON_NEGATIVE, 1.0, (0.2, 8.0), ("mu1",), "Rate of what counts up"
    )
    rate2: Parameter = Parameter(
        "λ₂", NON_NEGATIVE, 1.0, (0.2, 8.0), ("mu2",), "Rate of what counts down"
    )
    about = About(
        density="p(y) = exp(−λ₁ − λ₂) (λ₁/λ₂)^(y/2) I_|y|(2√(λ₁λ₂))",
        score={"rate1": "p(y − 1)/p(y) − 1", "rate2": "p(y + 1)/p(y) − 1"},
        source="Skellam (1946), The frequency distribution of the difference between two Poisson"
        " variates belonging to different populations; DLMF 10.41",
        scipy="skellam(rate1, rate2)",
    )
    alternatives = (
        "the differences ∂E[J(y)]/∂λ₁ = E[J(y + 1) − J(y)] and ∂E[J(y)]/∂λ₂ = E[J(y − 1) − J(y)]"
    )
    _support = Integers(-math.inf, math.inf)

    @staticmethod
    def _log_prob(y: Array, rate1: Array, rate2: Array) -> Array:
        return skellam.log_skellam(y, rate1, rate2)

    @staticmethod
    def _score(y: Array, rate1: Array, rate2: Array) -> tuple[Array, ...]:
        return skellam.score(y, rate1, rate2)

    @staticmethod
    def _mean(rate1: Array, rate2: Array) -> Array:
        return rate1 - rate2

    @staticmethod
    def _variance(rate1: Array, rate2: Array) -> Array:
        return rate1 + rate2

    @classmethod
    def _entropy(cls, rate1: Array, rate2: Array) -> Array:
        return cls._summed_entropy(rate1, rate2)
