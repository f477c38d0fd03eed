"""The binomial distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.conversions import PROBABILITY
from reparam.domains import UNIT, Integers
from reparam.parameters import Parameter
from reparam.special import count_quantile, counts
from reparam.special._elementwise import elementwise

__all__ = ["Binomial"]


class Binomial(Discrete):
    """The binomial distribution, of the number of successes in n independent trials.

    p(y) = n!/(y! (n−y)!) p^y (1 − p)^(n−y) for y in {0, …, n}. It is differentiable in the
    probability p of success, and not in the number n of trials.
    """

    name = "binomial"
    aliases = ("binom",)
    total: Parameter = Parameter(
        "n",
        Integers(1, math.inf),
        1.0,
        (1.0, 60.0),
        ("n", "total_count", "trials"),
        "Number of trials",
        differentiable=False,
    )
    probs: Parameter = Parameter(
        "p",
        UNIT,
        0.5,
        (0.05, 0.95),
        ("p", "prob"),
        "Probability of success",
        conversions={"logits": PROBABILITY, "logit": PROBABILITY},
    )
    about = About(
        density="p(y) = n! / (y! (n − y)!) p^y (1 − p)^(n−y)",
        score={"probs": "(y − n p) / (p (1 − p))"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 3;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
        scipy="binom(total, probs)",
    )
    _support = Integers(0, "total")

    @staticmethod
    def _log_prob(y: Array, total: Array, probs: Array) -> Array:
        rest = total - y
        inner = counts.log_binomial(np.maximum(y, 1.0), np.maximum(rest, 1.0), probs)
        edge = np.where(y == 0.0, total * np.log1p(-probs), total * np.log(probs))
        return np.where((y == 0.0) | (rest == 0.0), edge, inner)

    @staticmethod
    def _cdf(y: Array, total: Array, probs: Array) -> Array:
        return _tail(y, total, probs, False)

    @staticmethod
    def _sf(y: Array, total: Array, probs: Array) -> Array:
        return _tail(y, total, probs, True)

    @staticmethod
    def _log_cdf(y: Array, total: Array, probs: Array) -> Array:
        return _log_tail(y, total, probs, False)

    @staticmethod
    def _log_sf(y: Array, total: Array, probs: Array) -> Array:
        return _log_tail(y, total, probs, True)

    @staticmethod
    def _score(y: Array, total: Array, probs: Array) -> tuple[Array, ...]:
        return (-counts.excess(y, total - y, probs) / probs / (1.0 - probs),)

    @staticmethod
    def _mean(total: Array, probs: Array) -> Array:
        return total * probs

    @staticmethod
    def _variance(total: Array, probs: Array) -> Array:
        return total * probs * (1.0 - probs)

    @staticmethod
    def _entropy(total: Array, probs: Array) -> Array:
        return np.asarray(_entropy(np.minimum(probs, 1.0 - probs), total))

    @classmethod
    def _quantile(cls, u: Array, v: Array, total: Array, probs: Array) -> Array:
        rare, mirrored = np.minimum(probs, 1.0 - probs), probs > 0.5
        odds, mean, product = rare / (1.0 - rare), total * rare, rare * (1.0 - rare)
        law = count_quantile.Counts(
            total * np.log1p(-rare),
            total * odds,
            -odds,
            mean,
            mean * (1.0 - rare),
            1.0 - 2.0 * rare,
            -product,
        )
        # of the rarer outcome, whose upper tail is the lower one of the other
        first, second = np.where(mirrored, v, u), np.where(mirrored, u, v)
        bracket = count_quantile.bracket(first, second, law, total)
        bracket = count_quantile.mirrored(bracket, total, mirrored)
        return count_quantile.smallest(bracket, u, v, cls._cdf, cls._sf, (total, probs))


def _tail(y: Array, total: Array, probs: Array, upper: bool) -> Array:
    """Return P(Y > y), or P(Y ≤ y): the beta distribution's."""
    from reparam.special.beta import point_at, tail

    y, total, probs = np.broadcast_arrays(y, total, probs)
    rest = total - y
    sd = np.sqrt(total * probs * (1.0 - probs))
    few = sd <= counts.NORMAL_SD
    x = (0.5 - counts.excess(y, rest, probs)) / sd
    result = np.asarray(counts.normal_tail(x, (1.0 - 2.0 * probs) / sd, upper))
    point = point_at(probs[few])
    result[few] = tail(point, y[few] + 1.0, np.maximum(rest[few], 1.0), not upper)
    return np.where(rest == 0.0, 0.0 if upper else 1.0, result)


def _log_tail(y: Array, total: Array, probs: Array, upper: bool) -> Array:
    """Return ln P(Y > y), or ln P(Y ≤ y)."""
    from reparam.special.beta import log_tail, point_at

    y, total, probs = np.broadcast_arrays(y, total, probs)
    rest = total - y
    inner = log_tail(point_at(probs), y + 1.0, np.maximum(rest, 1.0), not upper)
    return np.where(rest == 0.0, -np.inf if upper else 0.0, inner)


@elementwise()
def _entropy(rare: Array, total: Array) -> Array:
    """Return the entropy, given the probability of the rarer outcome."""
    total = np.broadcast_to(total, rare.shape)
    mean = total * rare
    sd = np.sqrt(mean * (1.0 - rare))
    result = np.empty_like(rare)
    near, far = np.flatnonzero(sd < 10.0), np.flatnonzero(sd >= 10.0)

    def log_mass(k: Array, n: Array, p: Array) -> Array:
        return np.where(k > n, -np.inf, Binomial._log_prob(np.minimum(k, n), n, p))

    result[near] = counts.summed_entropy(
        log_mass, np.minimum(mean + 14.0 * sd + 30.0, total)[near], total[near], rare[near]
    )
    skewness = (1.0 - 2.0 * rare[far]) / sd[far]
    result[far] = counts.spread_entropy(
        log_mass, mean[far], sd[far], skewness, total[far], rare[far]
    )
    return result
