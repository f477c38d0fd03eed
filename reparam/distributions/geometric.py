"""The geometric distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.conversions import PROBABILITY
from reparam.discrete import Discrete, Lanes
from reparam.distribution import About
from reparam.domains import UNIT, Integers
from reparam.parameters import Parameter

__all__ = ["Geometric"]


class Geometric(Discrete):
    """The geometric distribution, of the number of trials until the first success, itself included.

    p(y) = p (1 − p)^(y−1) for y in {1, 2, …}, as in NumPy and SciPy. PyTorch counts the failures
    before the success: y − 1.
    """

    name = "geometric"
    aliases = ("geom",)
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
        density="p(y) = p (1 − p)^(y−1)",
        score={"probs": "(1 − p y) / (p (1 − p))"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 5.2",
    )
    _support = Integers(1, math.inf)

    @staticmethod
    def _log_prob(y: Array, probs: Array) -> Array:
        return np.log(probs) + (y - 1.0) * np.log1p(-probs)

    @staticmethod
    def _cdf(y: Array, probs: Array) -> Array:
        return -np.expm1(y * np.log1p(-probs))

    @staticmethod
    def _sf(y: Array, probs: Array) -> Array:
        return np.exp(y * np.log1p(-probs))

    @staticmethod
    def _score(y: Array, probs: Array) -> tuple[Array, ...]:
        return (1.0 / probs - (y - 1.0) / (1.0 - probs),)

    @staticmethod
    def _mean(probs: Array) -> Array:
        return 1.0 / probs

    @staticmethod
    def _variance(probs: Array) -> Array:
        return (1.0 - probs) / probs / probs

    @staticmethod
    def _entropy(probs: Array) -> Array:
        return -np.log(probs) - (1.0 - probs) / probs * np.log1p(-probs)

    @classmethod
    def _sampler(cls, lanes: Lanes, size: int, probs: Array) -> Array:
        # P(E > y |log(1 − p)|) = (1 − p)^y for exponential E, however small p is
        scaled = lanes(0).standard_exponential(size) / -np.log1p(-probs)
        return np.maximum(np.ceil(scaled), 1.0)
