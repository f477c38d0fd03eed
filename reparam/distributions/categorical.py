"""The categorical distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.base.weights import check_weights
from reparam.domains import BELOW_INFINITY, NON_NEGATIVE, Integers
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp
from reparam.special.softmax import log_shares, log_softmax

__all__ = ["Categorical"]


class Categorical(Discrete):
    """The categorical distribution, of one of K categories numbered from 0.

    p(y) = exp(η_y) / Σ_k exp(η_k) for y in {0, …, K − 1}: the softmax of K logits η, the last axis
    of `logits`; or p(y) = w_y/Σw of K weights w, that of `probs`, whose sum need not be 1. Weights
    may be 0 and logits −inf, as long as not all are. Logits that differ by a constant, and weights
    that differ by a factor, are the same distribution. The score has a last axis, too, with an
    entry for each logit, or weight.
    """

    name = "categorical"
    logits: Parameter = Parameter(
        "η",
        BELOW_INFINITY,
        0.0,
        (-3.0, 3.0),
        ("logit", "eta"),
        "Logits, of K categories,",
        vector=3,
    )
    probs: Parameter = Parameter(
        "w",
        NON_NEGATIVE,
        1.0,
        (0.1, 2.0),
        ("p", "prob", "weights"),
        "Weights, of K categories,",
        vector=3,
    )
    _alternatives = (("logits", "probs"),)
    about = About(
        density="p(y) = exp(η_y) / Σ_k exp(η_k)",
        score={
            "logits": "[k = y] − p(k) for each k",
            "probs": "[k = y]/w_k − 1/Σw for each k",
        },
        source="Jang, Gu & Poole (2017), Categorical reparameterization with Gumbel-softmax",
    )
    alternatives = (
        "draw from concrete, whose vectors are reparameterized and nearly indicators at a low"
        " temperature (Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017)"
    )
    _support = Integers(0, "K − 1", entries="K")

    def _check(self) -> None:
        """Refuse weights that are all 0."""
        nothing = 0.0 if self._choice == ("probs",) else -np.inf
        check_weights(self._choice[0], self._parts[self._choice[0]], nothing, "category")

    @classmethod
    def _logs(cls, given: Array) -> Array:
        """Return ln p(k) for each k."""
        return (log_shares if cls._choice == ("probs",) else log_softmax)(given)

    @classmethod
    def _log_prob(cls, y: Array, given: Array) -> Array:
        return _entry(cls._logs(given), y)

    @classmethod
    def _cdf(cls, y: Array, given: Array) -> Array:
        return _entry(_below(cls._logs(given)), y)

    @classmethod
    def _sf(cls, y: Array, given: Array) -> Array:
        return _entry(_above(cls._logs(given)), y)

    @classmethod
    def _log_cdf(cls, y: Array, given: Array) -> Array:
        return _entry(_log_tails(cls._logs(given))[0], y)

    @classmethod
    def _log_sf(cls, y: Array, given: Array) -> Array:
        return _entry(_log_tails(cls._logs(given))[1], y)

    @classmethod
    def _score(cls, y: Array, given: Array) -> tuple[Array, ...]:
        chosen = np.arange(given.shape[-1]) == y[..., np.newaxis]
        return (np.where(chosen, *cls._score_terms(given)),)

    @classmethod
    def _score_terms(cls, given: Array) -> tuple[Array, Array]:
        """Return the score in each parameter where y is its category, and where it is not."""
        log_p = cls._logs(given)
        rest, share = -np.expm1(log_p), np.exp(log_p)
        if cls._choice == ("logits",):
            return rest, -share
        total = np.sum(given, axis=-1, keepdims=True)
        return rest / given, -np.broadcast_to(1.0 / total, given.shape)

    def _score_sums(self, y: Array, weight: Array, *theta: Array) -> tuple[Array, Array]:
        chosen, left = self._score_terms(theta[0])
        own = np.bincount(y.astype(np.intp), weight, left.size).astype(np.float64)
        in_own = np.where(own == 0.0, 0.0, own * chosen)
        return in_own + _of_others(own) * left, np.abs(in_own) - _of_others(np.abs(own)) * left

    @classmethod
    def _mean(cls, given: Array) -> Array:
        p = np.exp(cls._logs(given))
        return np.asarray(p @ np.arange(float(p.shape[-1])))

    @classmethod
    def _variance(cls, given: Array) -> Array:
        p = np.exp(cls._logs(given))
        y = np.arange(float(p.shape[-1]))
        return np.asarray(np.sum(p * (y - (p @ y)[..., np.newaxis]) ** 2, axis=-1))

    @classmethod
    def _entropy(cls, given: Array) -> Array:
        log_p = cls._logs(given)
        terms = np.where(log_p > -740.0, np.exp(log_p) * log_p, 0.0)
        return np.asarray(-np.sum(terms, axis=-1))

    @classmethod
    def _quantile(cls, u: Array, v: Array, given: Array) -> Array:
        log_p = cls._logs(given)
        below, above = _below(log_p), _above(log_p)
        if below.ndim > 1:
            lower = np.sum(below < u[:, np.newaxis], axis=-1)
            upper = np.sum(above > v[:, np.newaxis], axis=-1)
            return np.asarray(np.where(v < u, upper, lower), dtype=np.float64)
        found = np.searchsorted(below, u)
        high = np.flatnonzero(v < u)
        found[high] = below.size - np.searchsorted(above[::-1], v[high], side="right")
        return np.asarray(found, dtype=np.float64)


def _of_others(terms: Array) -> Array:
    """Return the sum of all others for each, without the difference from the whole sum."""
    below, above = np.zeros_like(terms), np.zeros_like(terms)
    below[1:], above[:-1] = np.cumsum(terms[:-1]), np.cumsum(terms[:0:-1])[::-1]
    return below + above


def _below(log_p: Array) -> Array:
    """Return P(Y ≤ k) for each k."""
    below = np.minimum(np.cumsum(np.exp(log_p), axis=-1), 1.0)
    below[..., -1] = 1.0
    return np.asarray(below)


def _above(log_p: Array) -> Array:
    """Return P(Y > k) for each k, added up from the last."""
    above = np.zeros_like(log_p)
    above[..., :-1] = np.cumsum(np.exp(log_p)[..., :0:-1], axis=-1)[..., ::-1]
    return np.minimum(above, 1.0)


def _log_tails(log_p: Array) -> tuple[Array, Array]:
    """Return ln P(Y ≤ k) and ln P(Y > k) for each k: the greater from the smaller one."""
    below, above = np.zeros_like(log_p), np.full_like(log_p, -np.inf)
    below[..., :-1] = np.logaddexp.accumulate(log_p[..., :-1], axis=-1)
    above[..., :-1] = np.logaddexp.accumulate(log_p[..., :0:-1], axis=-1)[..., ::-1]
    lower = below < above
    return np.where(lower, below, log1mexp(above)), np.where(lower, log1mexp(below), above)


def _entry(table: Array, y: Array) -> Array:
    """Return the entry of each y, given a row for all or a row for each; any for NaN."""
    index = np.where(np.isnan(y), 0.0, y).astype(np.intp)
    if table.ndim == 1:
        return np.asarray(table[index])
    return np.take_along_axis(table, index[:, np.newaxis], axis=-1)[:, 0]
