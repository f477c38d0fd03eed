"""The categorical distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.conversions import LOG
from reparam.domains import REAL, Integers
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp
from reparam.special.softmax import log_softmax

__all__ = ["Categorical"]


class Categorical(Discrete):
    """The categorical distribution, of one of K categories numbered from 0.

    p(y) = exp(η_y) / Σ_k exp(η_k) for y in {0, …, K − 1}: the softmax of K logits η, the last axis
    of `logits`. Probabilities p are given by their logarithms, and need not sum to 1; logits that
    differ by a constant are the same distribution. The score has a last axis, too, with an entry
    for each logit.
    """

    name = "categorical"
    logits: Parameter = Parameter(
        "η",
        REAL,
        0.0,
        (-3.0, 3.0),
        ("logit", "eta"),
        "Logits, of K categories,",
        vector=3,
        conversions={"probs": LOG},
    )
    about = About(
        density="p(y) = exp(η_y) / Σ_k exp(η_k)",
        score={"logits": "[k = y] − p(k) for each k"},
        source="Jang, Gu & Poole (2017), Categorical reparameterization with Gumbel-softmax",
    )
    alternatives = (
        "draw from concrete, whose vectors are reparameterized and nearly indicators at a low"
        " temperature (Jang, Gu & Poole 2017; Maddison, Mnih & Teh 2017)"
    )
    _support = Integers(0, "K − 1", entries="K")

    @staticmethod
    def _log_prob(y: Array, logits: Array) -> Array:
        return _entry(log_softmax(logits), y)

    @staticmethod
    def _cdf(y: Array, logits: Array) -> Array:
        return _entry(_below(logits), y)

    @staticmethod
    def _sf(y: Array, logits: Array) -> Array:
        return _entry(_above(logits), y)

    @staticmethod
    def _log_cdf(y: Array, logits: Array) -> Array:
        return _entry(_log_tails(logits)[0], y)

    @staticmethod
    def _log_sf(y: Array, logits: Array) -> Array:
        return _entry(_log_tails(logits)[1], y)

    @staticmethod
    def _score(y: Array, logits: Array) -> tuple[Array, ...]:
        log_p = log_softmax(logits)
        chosen = np.arange(logits.shape[-1]) == y[..., np.newaxis]
        return (np.where(chosen, -np.expm1(log_p), -np.exp(log_p)),)

    def _score_sums(self, y: Array, weight: Array, *theta: Array) -> tuple[Array, Array]:
        log_p = log_softmax(theta[0])
        chosen, left = -np.expm1(log_p), np.exp(log_p)
        own = np.bincount(y.astype(np.intp), weight, left.size).astype(np.float64)
        return own * chosen - _of_others(own) * left, (
            np.abs(own) * chosen + _of_others(np.abs(own)) * left
        )

    @staticmethod
    def _mean(logits: Array) -> Array:
        return np.asarray(_softmax(logits) @ np.arange(float(logits.shape[-1])))

    @staticmethod
    def _variance(logits: Array) -> Array:
        y, p = np.arange(float(logits.shape[-1])), _softmax(logits)
        return np.asarray(np.sum(p * (y - (p @ y)[..., np.newaxis]) ** 2, axis=-1))

    @staticmethod
    def _entropy(logits: Array) -> Array:
        log_p = log_softmax(logits)
        terms = np.where(log_p > -740.0, np.exp(log_p) * log_p, 0.0)
        return np.asarray(-np.sum(terms, axis=-1))

    @classmethod
    def _quantile(cls, u: Array, v: Array, logits: Array) -> Array:
        below, above = _below(logits), _above(logits)
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


def _below(logits: Array) -> Array:
    """Return P(Y ≤ k) for each k."""
    below = np.minimum(np.cumsum(_softmax(logits), axis=-1), 1.0)
    below[..., -1] = 1.0
    return below


def _above(logits: Array) -> Array:
    """Return P(Y > k) for each k, added up from the last."""
    above = np.zeros_like(logits)
    above[..., :-1] = np.cumsum(_softmax(logits)[..., :0:-1], axis=-1)[..., ::-1]
    return np.minimum(above, 1.0)


def _log_tails(logits: Array) -> tuple[Array, Array]:
    """Return ln P(Y ≤ k) and ln P(Y > k) for each k: the greater from the smaller one."""
    log_p = log_softmax(logits)
    below, above = np.zeros_like(logits), np.full_like(logits, -np.inf)
    below[..., :-1] = np.logaddexp.accumulate(log_p[..., :-1], axis=-1)
    above[..., :-1] = np.logaddexp.accumulate(log_p[..., :0:-1], axis=-1)[..., ::-1]
    lower = below < above
    return np.where(lower, below, log1mexp(above)), np.where(lower, log1mexp(below), above)


def _softmax(logits: Array) -> Array:
    return np.asarray(np.exp(log_softmax(logits)))


def _entry(table: Array, y: Array) -> Array:
    """Return the entry of each y, given a row for all or a row for each; any for NaN."""
    index = np.where(np.isnan(y), 0.0, y).astype(np.intp)
    if table.ndim == 1:
        return table[index]
    return np.take_along_axis(table, index[:, np.newaxis], axis=-1)[:, 0]
