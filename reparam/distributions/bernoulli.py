"""The Bernoulli distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.success import Success, logits, probs, times
from reparam.domains import Integers
from reparam.parameters import Parameter

__all__ = ["Bernoulli"]


class Bernoulli(Success):
    """The Bernoulli distribution: 1 with probability p, otherwise 0.

    p(y) = p^y (1 − p)^(1−y) for y in {0, 1}; pass p, or its logit η = ln(p/(1 − p)).
    """

    name = "bernoulli"
    probs: Parameter = probs("Probability of 1")
    logits: Parameter = logits("Logit of that probability")
    _alternatives = (("probs", "logits"),)
    about = About(
        density="p(y) = p^y (1 − p)^(1−y)",
        score={"probs": "(y − p) / (p (1 − p))", "logits": "y − p"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 3.2",
        scipy="bernoulli(probs)",
    )
    alternatives = (
        "draw from relaxed-bernoulli, which is reparameterized and nearly discrete at a low"
        " temperature (Maddison, Mnih & Teh 2017)"
    )
    _support = Integers(0, 1)

    @classmethod
    def _log_prob(cls, y: Array, given: Array) -> Array:
        log_p, log_q = cls._success(given).logs
        return np.where(y == 1.0, log_p, log_q)

    @classmethod
    def _cdf(cls, y: Array, given: Array) -> Array:
        return np.where(y == 1.0, 1.0, cls._success(given).rest)

    @classmethod
    def _sf(cls, y: Array, given: Array) -> Array:
        return np.where(y == 1.0, 0.0, cls._success(given).x)

    @classmethod
    def _log_cdf(cls, y: Array, given: Array) -> Array:
        return np.where(y == 1.0, 0.0, cls._success(given).logs[1])

    @classmethod
    def _log_sf(cls, y: Array, given: Array) -> Array:
        return np.where(y == 1.0, -np.inf, cls._success(given).logs[0])

    @classmethod
    def _score(cls, y: Array, given: Array) -> tuple[Array, ...]:
        p, q, _ = cls._success(given)
        if cls._choice == ("logits",):
            return (np.where(y == 1.0, q, -p),)
        return (np.where(y == 1.0, 1.0 / p, -1.0 / q),)

    @classmethod
    def _mean(cls, given: Array) -> Array:
        return cls._success(given).x

    @classmethod
    def _variance(cls, given: Array) -> Array:
        p, q, _ = cls._success(given)
        return p * q

    @classmethod
    def _entropy(cls, given: Array) -> Array:
        point = cls._success(given)
        log_p, log_q = point.logs
        return -times(point.x, log_p) - times(point.rest, log_q)

    @classmethod
    def _quantile(cls, u: Array, v: Array, given: Array) -> Array:
        p, q, _ = cls._success(given)
        # u > 1 − p, exactly: u is, where 1 − p is at most ½; otherwise v is, where it is below p
        return np.where(p < 0.5, v < p, u > q).astype(np.float64)
