"""The Poisson distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.domains import NON_NEGATIVE, Integers
from reparam.parameters import Parameter
from reparam.special import count_quantile, counts
from reparam.special._elementwise import elementwise

__all__ = ["Poisson"]


class Poisson(Discrete):
    """The Poisson distribution, of the number of independent events at a rate λ.

    p(y) = λ^y exp(−λ)/y! for y in {0, 1, …}. At rate 0 it is 0, surely.
    """

    name = "poisson"
    rate: Parameter = Parameter(
        "λ", NON_NEGATIVE, 1.0, (0.1, 60.0), ("lambda", "lam", "mu", "mean"), "Rate and mean"
    )
    about = About(
        density="p(y) = λ^y exp(−λ) / y!",
        score={"rate": "(y − λ) / λ"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 4;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
        scipy="poisson(rate)",
    )
    alternatives = (
        "the difference ∂E[J(y)]/∂λ = E[J(y + 1) − J(y)], a measure-valued derivative"
        " (Mohamed et al. 2020)"
    )
    _support = Integers(0, math.inf)

    @staticmethod
    def _log_prob(y: Array, rate: Array) -> Array:
        return counts.log_poisson(y, rate)

    @staticmethod
    def _cdf(y: Array, rate: Array) -> Array:
        from reparam.special import gamma

        return np.asarray(gamma.sf(np.broadcast_to(rate, np.shape(y)), y + 1.0))

    @staticmethod
    def _sf(y: Array, rate: Array) -> Array:
        from reparam.special import gamma

        return np.asarray(gamma.cdf(np.broadcast_to(rate, np.shape(y)), y + 1.0))

    @staticmethod
    def _log_cdf(y: Array, rate: Array) -> Array:
        from reparam.special import gamma

        x = np.broadcast_to(rate, np.shape(y))
        return np.asarray(gamma.log_sf(x, np.log(x), y + 1.0))

    @staticmethod
    def _log_sf(y: Array, rate: Array) -> Array:
        from reparam.special import gamma

        x = np.broadcast_to(rate, np.shape(y))
        return np.asarray(gamma.log_cdf(x, np.log(x), y + 1.0))

    @staticmethod
    def _score(y: Array, rate: Array) -> tuple[Array, ...]:
        return (np.where(y == 0.0, -1.0, (y - rate) / rate),)

    @staticmethod
    def _mean(rate: Array) -> Array:
        return rate

    @staticmethod
    def _variance(rate: Array) -> Array:
        return rate

    @staticmethod
    def _entropy(rate: Array) -> Array:
        return np.asarray(_entropy(rate))

    @classmethod
    def _quantile(cls, u: Array, v: Array, rate: Array) -> Array:
        one, zero = np.ones(()), np.zeros(())
        law = count_quantile.Counts(-rate, rate, zero, rate, rate, one, zero)
        bracket = count_quantile.bracket(u, v, law, np.inf)
        return count_quantile.smallest(bracket, u, v, cls._cdf, cls._sf, (rate,))


@elementwise()
def _entropy(rate: Array) -> Array:
    sd = np.sqrt(rate)
    result = np.empty_like(rate)
    near, far = np.flatnonzero(sd < 10.0), np.flatnonzero(sd >= 10.0)
    reach = rate[near] + 14.0 * sd[near] + 30.0
    result[near] = counts.summed_entropy(counts.log_poisson, reach, rate[near])
    result[far] = counts.spread_entropy(
        counts.log_poisson, rate[far], sd[far], 1.0 / sd[far], rate[far]
    )
    return result
