"""The multinomial distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.distributions.binomial import Binomial
from reparam.domains import Integers
from reparam.engine.noise import UNIFORM
from reparam.families.weighted import LOGITS, PROBS, Weighted
from reparam.parameters import Parameter
from reparam.regions import CountVector
from reparam.special import count_vectors
from reparam.special.simplex import covariance

__all__ = ["Multinomial", "drawn"]


class Multinomial(Weighted):
    """The multinomial distribution, of how many of n trials fall into each of K categories.

    p(y) = n! Π_k p_k^y_k/y_k!. It is differentiable in the probabilities or logits, and not in the
    number n of trials. Draws are made category by category: each count is the binomial quantile,
    given the counts before it, of a uniform number of its own.
    """

    name = "multinomial"
    total_count: Parameter = Parameter(
        "n",
        Integers(1, math.inf),
        1.0,
        (1.0, 60.0),
        ("total", "n", "trials"),
        "Number of trials",
        differentiable=False,
    )
    probs: Parameter = PROBS
    logits: Parameter = LOGITS
    about = About(
        density="p(y) = n! Π_k p_k^y_k / y_k!,  p = w/Σw or softmax(η)",
        score={"probs": "y_k/w_k − n/Σw for each k", "logits": "y_k − n p_k for each k"},
        source="Johnson, Kotz & Balakrishnan (1997), Discrete Multivariate Distributions, ch. 35;"
        " Loader (2000), Fast and accurate computation of binomial probabilities",
    )
    _support = CountVector(total="total_count")
    _substreams = ((UNIFORM, ("K",)),)

    def _drawn(self, u: Array, total_count: Array, weights: Array) -> Array:
        return drawn(u, total_count, np.exp(self._log_p(weights)))

    def _log_prob(self, y: Array, total_count: Array, weights: Array) -> Array:
        return count_vectors.multinomial(y, total_count, self._log_p(weights))

    def _score(self, y: Array, total_count: Array, weights: Array) -> tuple[Array, ...]:
        return (self._in_weights(y, np.asarray(total_count)[..., np.newaxis], weights),)

    def _mean(self, total_count: Array, weights: Array) -> Array:
        return np.asarray(total_count[..., np.newaxis] * np.exp(self._log_p(weights)))

    def _variance(self, total_count: Array, weights: Array) -> Array:
        log_p = self._log_p(weights)
        return np.asarray(-total_count[..., np.newaxis] * np.exp(log_p) * np.expm1(log_p))

    def _covariance(self, total_count: Array, weights: Array) -> Array:
        variance = self._variance(total_count, weights)
        return covariance(np.exp(self._log_p(weights)), variance, total_count)

    def _entropy(self, total_count: Array, weights: Array) -> Array:
        return count_vectors.multinomial_entropy(total_count, self._log_p(weights))


def drawn(u: Array, total: Array, p: Array) -> Array:
    """Return counts from uniform numbers, one per category, of which the last is not used.

    Parameters
    ----------
    u
        One row per draw.
    total
        The number of trials, one for all or one per draw.
    p
        Probabilities up to a factor, one row for all or one per draw.
    """
    p = np.broadcast_to(p, u.shape)
    left = np.array(np.broadcast_to(total, len(u)), dtype=np.float64)
    rest = np.cumsum(p[:, ::-1], axis=1)[:, ::-1]
    y = np.zeros(u.shape)
    for k in range(u.shape[1] - 1):
        share = p[:, k] / rest[:, k]
        some = np.flatnonzero((left > 0.0) & (share > 0.0) & (share < 1.0))
        y[:, k] = np.where(share >= 1.0, left, 0.0)
        v = u[some, k]
        y[some, k] = Binomial._quantile(v, 1.0 - v, left[some], share[some])
        left -= y[:, k]
    y[:, -1] = left
    return y
