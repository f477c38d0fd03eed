"""The discrete uniform distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.domains import Integers
from reparam.parameters import Parameter
from reparam.special.count_quantile import rounded_up, smallest

__all__ = ["DiscreteUniform"]

#: The relative error of the quantile before it is rounded up.
_ROUNDING = 1e-15

_INTEGERS = Integers(-math.inf, math.inf)


class DiscreteUniform(Discrete):
    """The discrete uniform distribution: each integer from low to high alike, both included.

    p(y) = 1/(high − low + 1) for y in {low, …, high}. NumPy's and SciPy's upper endpoint is one
    more.
    """

    name = "discrete-uniform"
    aliases = ("randint", "uniform-integers")
    low: Parameter = Parameter(
        "a", _INTEGERS, 0.0, (-9.0, 0.0), ("lower",), "Least value", differentiable=False
    )
    high: Parameter = Parameter(
        "b", _INTEGERS, 1.0, (10.0, 40.0), ("upper",), "Greatest value", differentiable=False
    )
    about = About(
        density="p(y) = 1 / (b − a + 1)",
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 6.10.1",
        scipy="randint(low, high + 1)",
    )
    alternatives = "draw from uniform, whose ends are reparameterized"
    _support = Integers("low", "high")
    _not_above = (("low", "high"),)

    @staticmethod
    def _log_prob(y: Array, low: Array, high: Array) -> Array:
        return np.where(np.isnan(y), y, -np.log(high - low + 1.0))

    @staticmethod
    def _cdf(y: Array, low: Array, high: Array) -> Array:
        return (y - low + 1.0) / (high - low + 1.0)

    @staticmethod
    def _sf(y: Array, low: Array, high: Array) -> Array:
        return (high - y) / (high - low + 1.0)

    @staticmethod
    def _score(y: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _mean(low: Array, high: Array) -> Array:
        return 0.5 * low + 0.5 * high

    @staticmethod
    def _variance(low: Array, high: Array) -> Array:
        width = high - low
        return width / 12.0 * (width + 2.0)

    @staticmethod
    def _entropy(low: Array, high: Array) -> Array:
        return np.log(high - low + 1.0)

    @classmethod
    def _quantile(cls, u: Array, v: Array, low: Array, high: Array) -> Array:
        size = high - low + 1.0
        x = np.where(v < u, high - v * size, low - 1.0 + u * size)
        error = _ROUNDING * (size + np.abs(low) + np.abs(high))
        bracket = rounded_up(x, error, low, high)
        return smallest(bracket, u, v, cls._cdf, cls._sf, (low, high))
