"""The negative binomial distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.conversions import Conversion
from reparam.domains import NON_NEGATIVE, Integers, Interval
from reparam.parameters import Parameter
from reparam.special import count_quantile, counts
from reparam.special._elementwise import elementwise

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Discrete):
    """The negative binomial distribution, of the number of failures before the r-th success.

    p(y) = Γ(y+r)/(y! Γ(r)) p^r (1 − p)^y for y in {0, 1, …}, with p the probability of success, as
    in NumPy and SciPy; r > 0 need not be whole. PyTorch's `probs` is 1 − p. It is 0,
    surely, at r = 0 and at p = 1.
    """

    name = "negative-binomial"
    aliases = ("negbinomial", "nbinom", "pascal", "polya")
    total: Parameter = Parameter(
        "r",
        NON_NEGATIVE,
        1.0,
        (0.2, 40.0),
        ("r", "n", "total_count", "concentration"),
        "Number of successes",
    )
    probs: Parameter = Parameter(
        "p",
        Interval(0.0, 1.0, closed="high"),
        0.5,
        (0.1, 0.95),
        ("p", "prob"),
        "Probability of success (1 − PyTorch's)",
        conversions={
            "mean": Conversion("total/(total + {0})"),
            "logits": Conversion("1/(1 + exp({0}))", lambda number: 1.0 / (1.0 + np.exp(number))),
        },
    )
    about = About(
        density="p(y) = Γ(y + r) / (y! Γ(r)) p^r (1 − p)^y",
        score={
            "total": "ψ(y + r) − ψ(r) + log p,  ψ the digamma function",
            "probs": "(r (1 − p) − y p) / (p (1 − p))",
        },
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, ch. 5;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
        scipy="nbinom(total, probs)",
    )
    _support = Integers(0, math.inf)

    @staticmethod
    def _log_prob(y: Array, total: Array, probs: Array) -> Array:
        some = np.maximum(y, 0.25)
        n = total + some
        share = np.where(total < 1.0, np.log(total) - np.log(n), np.log(total / n))
        inner = counts.log_binomial(total, some, probs) + share
        inner = np.where((total == 0.0) | (probs == 1.0), -np.inf, inner)
        return np.where(y == 0.0, total * np.log(probs), inner)

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
        from reparam.special.polygamma import delta, delta_differences

        some = np.maximum(y, 1.0)
        # ψ(y+r) − ψ(r) + log p, of which ln((y+r) p/r) is taken out: near 0 as log1p
        _, fine = delta_differences(some, np.maximum(total, 10.0))
        if np.any(small := total < 10.0):
            fine = np.where(small, delta(total) - delta(total + some), fine)
        growth = counts.excess(total, some, probs) / total
        coarse = np.log1p(np.maximum(growth, -0.5))
        if np.any(far := (growth < -0.5) | (growth == np.inf)):
            ratio = probs * (1.0 + some / total)
            apart = np.log(probs) + (np.log(some + total) - np.log(total))
            usual = (ratio > 1e-290) & (ratio < np.inf)
            coarse = np.where(far, np.where(usual, np.log(ratio), apart), coarse)
        in_total = np.where(y == 0.0, np.log(probs), np.where(total == 0.0, np.inf, coarse + fine))
        in_probs = -counts.excess(total, y, probs) / probs / (1.0 - probs)
        return in_total, np.where(y == 0.0, total / probs, in_probs)

    @staticmethod
    def _mean(total: Array, probs: Array) -> Array:
        return total * (1.0 - probs) / probs

    @staticmethod
    def _variance(total: Array, probs: Array) -> Array:
        return total * (1.0 - probs) / probs / probs

    @staticmethod
    def _entropy(total: Array, probs: Array) -> Array:
        return np.asarray(_entropy(total, probs))

    @classmethod
    def _quantile(cls, u: Array, v: Array, total: Array, probs: Array) -> Array:
        rest = 1.0 - probs
        mean = total * (rest / probs)
        law = count_quantile.Counts(
            total * np.log(probs),
            total * rest,
            rest,
            mean,
            mean / probs,
            (1.0 + rest) / probs,
            rest / probs / probs,
        )
        theta = (total, probs)
        bracket = count_quantile.bracket(u, v, law, np.inf, theta, count_quantile.long_tailed)
        return count_quantile.smallest(bracket, u, v, cls._cdf, cls._sf, theta)


def _tail(y: Array, total: Array, probs: Array, upper: bool) -> Array:
    """Return P(Y > y), or P(Y ≤ y): the beta distribution's."""
    from reparam.special.beta import point_at, tail

    y, total, probs = np.broadcast_arrays(y, total, probs)
    size = np.sqrt(total * (1.0 - probs))
    few = size <= counts.NORMAL_SD
    x = (counts.excess(total, y, probs) + 0.5 * probs) / size
    result = np.asarray(counts.normal_tail(x, (2.0 - probs) / size, upper))
    result[few] = tail(point_at(probs[few]), total[few], y[few] + 1.0, upper)
    return np.where((total == 0.0) | (probs == 1.0), 0.0 if upper else 1.0, result)


def _log_tail(y: Array, total: Array, probs: Array, upper: bool) -> Array:
    """Return ln P(Y > y), or ln P(Y ≤ y)."""
    from reparam.special.beta import log_tail, point_at

    y, total, probs = np.broadcast_arrays(y, total, probs)
    result = log_tail(point_at(probs), total, y + 1.0, upper)
    return np.where((total == 0.0) | (probs == 1.0), -np.inf if upper else 0.0, result)


@elementwise()
def _entropy(total: Array, probs: Array) -> Array:
    probs = np.broadcast_to(probs, total.shape)
    log_mass = NegativeBinomial._log_prob
    mean = total * ((1.0 - probs) / probs)
    sd = np.sqrt(total * (1.0 - probs)) / probs
    reach = np.minimum(mean + 14.0 * sd - 45.0 / np.log1p(-probs) + 30.0, 1e307)
    short, bell = reach < 2048.0, total * (1.0 - probs) >= 100.0
    result = np.empty_like(total)
    near, far = np.flatnonzero(short), np.flatnonzero(~short & bell)
    result[near] = counts.summed_entropy(log_mass, reach[near], total[near], probs[near])
    skewness = (2.0 - probs[far]) / np.sqrt(total[far] * (1.0 - probs[far]))
    result[far] = counts.spread_entropy(
        log_mass, mean[far], sd[far], skewness, total[far], probs[far]
    )
    rest = np.flatnonzero(~short & ~bell)
    result[rest] = counts.tail_entropy(log_mass, reach[rest], total[rest], probs[rest])
    return result
