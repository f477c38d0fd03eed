"""The geometric distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.conversions import PROBABILITY
from reparam.domains import UNIT, Integers
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp
from reparam.special.count_quantile import rounded_up, smallest

__all__ = ["Geometric"]

#: The relative error of the quantile before it is rounded up, and of the cdf, as one of the count.
_ROUNDING = 2e-15


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
        scipy="geom(probs)",
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
    def _log_cdf(y: Array, probs: Array) -> Array:
        return log1mexp(y * np.log1p(-probs))

    @staticmethod
    def _log_sf(y: Array, probs: Array) -> Array:
        return y * np.log1p(-probs)

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
    def _quantile(cls, u: Array, v: Array, probs: Array) -> Array:
        rate = -np.log1p(-probs)
        x = -np.where(v < u, np.log(v), np.log1p(-u)) / rate
        bracket = rounded_up(x, _ROUNDING * (x + 1.0 / rate), 1.0, np.inf)
        return smallest(bracket, u, v, cls._cdf, cls._sf, (probs,))
