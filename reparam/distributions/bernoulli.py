"""The Bernoulli distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.conversions import PROBABILITY
from reparam.domains import UNIT, Integers
from reparam.parameters import Parameter

__all__ = ["Bernoulli"]


class Bernoulli(Discrete):
    """The Bernoulli distribution: 1 with probability p, otherwise 0.

    p(y) = p^y (1 − p)^(1−y) for y in {0, 1}.
    """

    name = "bernoulli"
    probs: Parameter = Parameter(
        "p",
        UNIT,
        0.5,
        (0.05, 0.95),
        ("p", "prob"),
        "Probability of 1",
        conversions={"logits": PROBABILITY, "logit": PROBABILITY},
    )
    about = About(
        density="p(y) = p^y (1 − p)^(1−y)",
        score={"probs": "(y − p) / (p (1 − p))"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 3.2",
        scipy="bernoulli(probs)",
    )
    alternatives = (
        "draw from relaxed-bernoulli, which is reparameterized and nearly discrete at a low"
        " temperature (Maddison, Mnih & Teh 2017)"
    )
    _support = Integers(0, 1)

    @staticmethod
    def _log_prob(y: Array, probs: Array) -> Array:
        return np.where(y == 1.0, np.log(probs), np.log1p(-probs))

    @staticmethod
    def _cdf(y: Array, probs: Array) -> Array:
        return np.where(y == 1.0, 1.0, 1.0 - probs)

    @staticmethod
    def _sf(y: Array, probs: Array) -> Array:
        return np.where(y == 1.0, 0.0, probs)

    @staticmethod
    def _log_cdf(y: Array, probs: Array) -> Array:
        return np.where(y == 1.0, 0.0, np.log1p(-probs))

    @staticmethod
    def _log_sf(y: Array, probs: Array) -> Array:
        return np.where(y == 1.0, -np.inf, np.log(probs))

    @staticmethod
    def _score(y: Array, probs: Array) -> tuple[Array, ...]:
        return (np.where(y == 1.0, 1.0 / probs, -1.0 / (1.0 - probs)),)

    @staticmethod
    def _mean(probs: Array) -> Array:
        return probs

    @staticmethod
    def _variance(probs: Array) -> Array:
        return probs * (1.0 - probs)

    @staticmethod
    def _entropy(probs: Array) -> Array:
        return -probs * np.log(probs) - (1.0 - probs) * np.log1p(-probs)

    @classmethod
    def _quantile(cls, u: Array, v: Array, probs: Array) -> Array:
        # u > 1 − p, exactly: 1 − p is exact for p ≥ ½; otherwise v is, where it is below p
        one = np.where(probs < 0.5, v < probs, u > 1.0 - probs)
        return one.astype(np.float64)
