"""The binomial distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.success import Success, logits, probs, times
from reparam.domains import Integers
from reparam.parameters import Parameter
from reparam.special import count_quantile, counts
from reparam.special._elementwise import elementwise
from reparam.special._point import Point

__all__ = ["Binomial"]


class Binomial(Success):
    """The binomial distribution, of the number of successes in n independent trials.

    p(y) = n!/(y! (n−y)!) p^y (1 − p)^(n−y) for y in {0, …, n}. Pass the
    probability p of success, or its logit η = ln(p/(1 − p)): it is differentiable in these, and not
    in the number n of trials.
    """

    name = "binomial"
    aliases = ("binom",)
    total: Parameter = Parameter(
        "n",
        Integers(0, math.inf),
        1.0,
        (1.0, 60.0),
        ("n", "total_count", "trials"),
        "Number of trials",
        differentiable=False,
    )
    probs: Parameter = probs("Probability of success")
    logits: Parameter = logits("Logit of that probability")
    _alternatives = (("probs", "logits"),)
    about = About(
        density="p(y) = n! / (y! (n − y)!) p^y (1 − p)^(n−y)",
        score={"probs": "(y − n p) / (p (1 − p))", "logits": "y − n p"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 3;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
        scipy="binom(total, probs)",
    )
    _support = Integers(0, "total")

    @classmethod
    def _log_prob(cls, y: Array, total: Array, given: Array) -> Array:
        rest, point = total - y, cls._success(given)
        log_p, log_q = point.logs
        some, others = np.maximum(y, 1.0), np.maximum(rest, 1.0)
        excess = cls._excess(some, others, given)
        inner = counts.log_binomial_at(some, others, point, excess)
        edge = np.where(y == 0.0, times(total, log_q), times(total, log_p))
        return np.where((y == 0.0) | (rest == 0.0), edge, inner)

    @classmethod
    def _cdf(cls, y: Array, total: Array, given: Array) -> Array:
        return cls._tail(y, total, given, False)

    @classmethod
    def _sf(cls, y: Array, total: Array, given: Array) -> Array:
        return cls._tail(y, total, given, True)

    @classmethod
    def _tail(cls, y: Array, total: Array, given: Array, upper: bool) -> Array:
        """Return P(Y > y), or P(Y ≤ y): the beta distribution's."""
        from reparam.special.beta import tail

        y, total, given = np.broadcast_arrays(y, total, given)
        point, rest = cls._success(given), total - y
        sd = np.sqrt(total * point.x * point.rest)
        few = sd <= counts.NORMAL_SD
        x = (0.5 - cls._excess(y, rest, given)) / sd
        result = np.asarray(counts.normal_tail(x, (point.rest - point.x) / sd, upper))
        some = Point(*(part[few] for part in point))
        result[few] = tail(some, y[few] + 1.0, np.maximum(rest[few], 1.0), not upper)
        result = np.where(point.rest == 0.0, 1.0 if upper else 0.0, result)
        none_above = (rest == 0.0) | (point.x == 0.0)
        return np.where(none_above, 0.0 if upper else 1.0, result)

    @classmethod
    def _log_cdf(cls, y: Array, total: Array, given: Array) -> Array:
        return cls._log_tail_of(y, total, given, False)

    @classmethod
    def _log_sf(cls, y: Array, total: Array, given: Array) -> Array:
        return cls._log_tail_of(y, total, given, True)

    @classmethod
    def _log_tail_of(cls, y: Array, total: Array, given: Array, upper: bool) -> Array:
        """Return ln P(Y > y), or ln P(Y ≤ y)."""
        from reparam.special.beta import log_tail

        y, total, given = np.broadcast_arrays(y, total, given)
        rest = total - y
        point = cls._success(given)
        result = log_tail(point, y + 1.0, np.maximum(rest, 1.0), not upper)
        result = np.where(point.logit == np.inf, 0.0 if upper else -np.inf, result)
        none_above = (rest == 0.0) | (point.logit == -np.inf)
        return np.where(none_above, -np.inf if upper else 0.0, result)

    @classmethod
    def _score(cls, y: Array, total: Array, given: Array) -> tuple[Array, ...]:
        return (cls._score_of(y, total - y, given),)

    @classmethod
    def _mean(cls, total: Array, given: Array) -> Array:
        return total * cls._success(given).x

    @classmethod
    def _variance(cls, total: Array, given: Array) -> Array:
        point = cls._success(given)
        return total * point.x * point.rest

    @classmethod
    def _entropy(cls, total: Array, given: Array) -> Array:
        point = cls._success(given)
        return np.asarray(_entropy(np.minimum(point.x, point.rest), total))

    @classmethod
    def _quantile(cls, u: Array, v: Array, total: Array, given: Array) -> Array:
        point = cls._success(given)
        rare, mirrored = np.minimum(point.x, point.rest), point.x > 0.5
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
        return count_quantile.smallest(bracket, u, v, cls._cdf, cls._sf, (total, given))


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
