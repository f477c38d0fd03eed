"""The hypergeometric distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.distributions.binomial import Binomial
from reparam.domains import Integers
from reparam.parameters import Parameter

__all__ = ["Hypergeometric"]

_COUNTS = Integers(0, math.inf)


class Hypergeometric(Discrete):
    """The hypergeometric distribution, of successes among N drawn from M without replacement.

    p(y) = C(n, y) C(M − n, N − y)/C(M, N) with n successes in the population of M, for y from
    max(0, N + n − M) to min(N, n). Its parameters are integers, so that it has no score.
    """

    name = "hypergeometric"
    aliases = ("hypergeom",)
    population: Parameter = Parameter(
        "M",
        _COUNTS,
        20.0,
        (60.0, 120.0),
        ("M",),
        "Size of the population",
        differentiable=False,
    )
    successes: Parameter = Parameter(
        "n", _COUNTS, 7.0, (5.0, 50.0), ("n",), "Successes in it", differentiable=False
    )
    draws: Parameter = Parameter(
        "N", _COUNTS, 12.0, (5.0, 50.0), ("N",), "How many are drawn", differentiable=False
    )
    about = About(
        density="p(y) = C(n, y) C(M − n, N − y) / C(M, N)",
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 6.2.1;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
        scipy="hypergeom(population, successes, draws)",
    )
    alternatives = "draw from binomial, the limit of a large population, which has a score"
    _support = Integers("least", "most")
    _not_above = (("successes", "population"), ("draws", "population"))

    @classmethod
    def _bounds(cls, *theta: Any) -> tuple[Any, Any]:
        population, successes, draws = theta
        least = np.maximum(draws - (population - successes), 0.0)
        return least, np.minimum(draws, successes)

    @staticmethod
    def _log_prob(y: Array, population: Array, successes: Array, draws: Array) -> Array:
        # binomial counts of both kinds with one probability, given their sum: Loader's saddle point
        p = draws / np.maximum(population, 1.0)
        others = Binomial._log_prob(draws - y, population - successes, p)
        return (
            Binomial._log_prob(y, successes, p) + others - Binomial._log_prob(draws, population, p)
        )

    @staticmethod
    def _score(y: Array, population: Array, successes: Array, draws: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _mean(population: Array, successes: Array, draws: Array) -> Array:
        return draws * (successes / np.maximum(population, 1.0))

    @staticmethod
    def _variance(population: Array, successes: Array, draws: Array) -> Array:
        size = np.maximum(population, 1.0)
        kept = (population - draws) / np.maximum(population - 1.0, 1.0)
        return draws * (successes / size) * ((population - successes) / size) * kept

    @classmethod
    def _entropy(cls, population: Array, successes: Array, draws: Array) -> Array:
        return cls._summed_entropy(population, successes, draws)
