"""The beta-binomial distribution."""

from __future__ import annotations

import math

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.distributions.negative_binomial import NegativeBinomial
from reparam.domains import POSITIVE, Integers
from reparam.parameters import Parameter

__all__ = ["BetaBinomial"]


class BetaBinomial(Discrete):
    """The beta-binomial distribution: binomial, with a probability drawn from Beta(α, β).

    p(y) = n!/(y! (n−y)!) B(y + α, n − y + β)/B(α, β) for y in {0, …, n}. It is differentiable in α
    and β, and not in the number n of trials.
    """

    name = "beta-binomial"
    aliases = ("betabinom", "polya-urn")
    total: Parameter = Parameter(
        "n",
        Integers(0, math.inf),
        10.0,
        (1.0, 20.0),
        ("n", "total_count", "trials"),
        "Number of trials",
        differentiable=False,
    )
    alpha: Parameter = Parameter(
        "α", POSITIVE, 2.0, (0.2, 20.0), ("a", "concentration1"), "Shape at 1 of the beta draw"
    )
    beta: Parameter = Parameter(
        "β", POSITIVE, 2.0, (0.2, 20.0), ("b", "concentration0"), "Shape at 0 of the beta draw"
    )
    about = About(
        density="p(y) = n! / (y! (n − y)!) B(y + α, n − y + β) / B(α, β)",
        score={
            "alpha": "ψ(y + α) − ψ(α) − ψ(n + α + β) + ψ(α + β)",
            "beta": "ψ(n − y + β) − ψ(β) − ψ(n + α + β) + ψ(α + β)",
        },
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 6.2.2",
        scipy="betabinom(total, alpha, beta)",
    )
    alternatives = (
        "draw the probability from beta, which is reparameterized, and score the binomial count"
    )
    _support = Integers(0, "total")

    @staticmethod
    def _log_prob(y: Array, total: Array, alpha: Array, beta: Array) -> Array:
        # negative binomial counts y and n − y with the same probability q, given their sum: with
        # this q the sum is at its mean, and the three logarithms are small where p(y) is not
        size = alpha + beta
        q = size / (total + size)
        of_sum = NegativeBinomial._log_prob(total, size, q)
        of_one = NegativeBinomial._log_prob(y, alpha, q)
        return of_one + NegativeBinomial._log_prob(total - y, beta, q) - of_sum

    @staticmethod
    def _score(y: Array, total: Array, alpha: Array, beta: Array) -> tuple[Array, ...]:
        size = alpha + beta
        q = size / (total + size)
        of_sum, _ = NegativeBinomial._score(total, size, q)
        of_one, _ = NegativeBinomial._score(y, alpha, q)
        of_other, _ = NegativeBinomial._score(total - y, beta, q)
        return of_one - of_sum, of_other - of_sum

    @staticmethod
    def _mean(total: Array, alpha: Array, beta: Array) -> Array:
        return total * (alpha / (alpha + beta))

    @staticmethod
    def _variance(total: Array, alpha: Array, beta: Array) -> Array:
        size = alpha + beta
        return total * (alpha / size) * (beta / size) * ((total + size) / (1.0 + size))

    @classmethod
    def _entropy(cls, total: Array, alpha: Array, beta: Array) -> Array:
        return cls._summed_entropy(total, alpha, beta)
