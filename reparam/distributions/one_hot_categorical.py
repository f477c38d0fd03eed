"""The categorical distribution of indicators."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.distributions.categorical import Categorical
from reparam.engine.noise import UNIFORM
from reparam.families.weighted import LOGITS, PROBS, Weighted
from reparam.parameters import Parameter
from reparam.regions import CountVector
from reparam.special.simplex import covariance

__all__ = ["OneHotCategorical"]


class OneHotCategorical(Weighted):
    """The categorical distribution of vectors with one entry 1 and otherwise 0.

    p(y) = p_k for the y with y_k = 1. Draws are the indicators of those of ``Categorical`` with the
    same noise.
    """

    name = "one-hot-categorical"
    aliases = ("one-hot",)
    probs: Parameter = PROBS
    logits: Parameter = LOGITS
    about = About(
        density="p(y) = Π_k p_k^y_k,  p = w/Σw or softmax(η)",
        score={"probs": "y_k/w_k − 1/Σw for each k", "logits": "y_k − p_k for each k"},
        source="Jang, Gu & Poole (2017), Categorical reparameterization with Gumbel-softmax",
    )
    _support = CountVector()
    _substreams = ((UNIFORM, ()),)

    def _drawn(self, u: Array, weights: Array) -> Array:
        log_p = self._log_p(weights)
        chosen = Categorical._quantile(u, 1.0 - u, log_p)
        indices = np.arange(log_p.shape[-1])
        return np.where(indices == chosen[:, np.newaxis], 1.0, 0.0)

    def _log_prob(self, y: Array, weights: Array) -> Array:
        return np.asarray(np.sum(np.where(y == 1.0, self._log_p(weights), 0.0), axis=-1))

    def _score(self, y: Array, weights: Array) -> tuple[Array, ...]:
        return (self._in_weights(y, np.ones(()), weights),)

    def _mean(self, weights: Array) -> Array:
        return np.exp(self._log_p(weights))

    def _variance(self, weights: Array) -> Array:
        log_p = self._log_p(weights)
        return np.asarray(-np.exp(log_p) * np.expm1(log_p))

    def _covariance(self, weights: Array) -> Array:
        return covariance(np.exp(self._log_p(weights)), self._variance(weights), 1.0)

    def _entropy(self, weights: Array) -> Array:
        log_p = self._log_p(weights)
        terms = np.where(log_p > -740.0, np.exp(log_p) * log_p, 0.0)
        return np.asarray(-np.sum(terms, axis=-1))
