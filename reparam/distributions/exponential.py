"""The exponential distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp

__all__ = ["Exponential"]


class Exponential(InverseCDF):
    """The exponential distribution.

    p(y) = λ exp(−λ y) for y > 0, reparameterized through its quantile, y = −log(1 − u)/λ.
    """

    name = "exponential"
    aliases = ("expon",)
    rate: Parameter = Parameter(
        "λ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("lambda", "lam"),
        "Rate",
        conversions=dict.fromkeys(("scale", "mean", "beta", "theta"), RECIPROCAL),
    )
    about = About(
        density="p(y) = λ exp(−λ y)",
        transform="y = −log(1 − u) / λ",
        derivatives={"rate": "−y / λ"},
        source="Devroye (1986), Non-Uniform Random Variate Generation, section II.2",
        scipy="expon(scale=1/rate)",
    )
    _support = POSITIVE
    _tails = (Tail(power="1"), Tail(growth="1"))

    @staticmethod
    def _icdf(u: Array, rate: Array) -> Array:
        return -np.log1p(-u) / rate

    @staticmethod
    def _isf(v: Array, rate: Array) -> Array:
        return np.abs(np.log(v)) / rate  # 0 for v = 1, not -0

    @staticmethod
    def _pathwise2(y: Array, rate: Array) -> Triangle:
        return ((2.0 * (y / rate) / rate,),)

    @staticmethod
    def _pathwise(y: Array, rate: Array) -> tuple[Array, ...]:
        return (-y / rate,)

    @staticmethod
    def _cdf(y: Array, rate: Array) -> Array:
        return -np.expm1(-rate * y)

    @staticmethod
    def _sf(y: Array, rate: Array) -> Array:
        return np.exp(-rate * y)

    @staticmethod
    def _log_cdf(y: Array, rate: Array) -> Array:
        x = rate * y
        small = (x < 1e-290) & (y > 0.0)
        return np.where(small, np.log(rate) + np.log(y), log1mexp(-x))

    @staticmethod
    def _log_sf(y: Array, rate: Array) -> Array:
        return -rate * y

    @staticmethod
    def _log_prob(y: Array, rate: Array) -> Array:
        return np.log(rate) - rate * y

    @staticmethod
    def _score(y: Array, rate: Array) -> tuple[Array, ...]:
        return ((1.0 - rate * y) / rate,)  # 1/rate may overflow

    @staticmethod
    def _stein_score(y: Array, rate: Array) -> Array:
        return 0.0 * y - rate

    @staticmethod
    def _mean(rate: Array) -> Array:
        return 1.0 / rate

    @staticmethod
    def _variance(rate: Array) -> Array:
        return (1.0 / rate) ** 2

    @staticmethod
    def _entropy(rate: Array) -> Array:
        return 1.0 - np.log(rate)
