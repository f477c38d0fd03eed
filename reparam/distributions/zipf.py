"""Zipf's distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.discrete import Discrete
from reparam.base.distribution import About
from reparam.domains import Integers, Interval
from reparam.parameters import Parameter
from reparam.special import zeta
from reparam.special._accurate import log1mexp
from reparam.special._count_search import anywhere, smallest

__all__ = ["Zipf"]


class Zipf(Discrete):
    """Zipf's distribution over all positive integers, the zeta distribution.

    p(y) = y^−a/ζ(a) for y in {1, 2, …}, ζ Riemann's function, a > 1. The mean is finite for a > 2
    and the variance for a > 3.
    """

    name = "zipf"
    aliases = ("zeta",)
    a: Parameter = Parameter(
        "a", Interval(1.0, math.inf), 2.0, (1.5, 8.0), ("power", "s"), "Exponent"
    )
    about = About(
        density="p(y) = y^−a / ζ(a),  ζ Riemann's zeta function",
        score={"a": "−ζ′(a)/ζ(a) − log y"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 11.2.20;"
        " DLMF 25.11",
        scipy="zipf(a)",
    )
    alternatives = "draw from pareto, which is reparameterized and has the same tail"
    _support = Integers(1, math.inf)

    @staticmethod
    def _log_prob(y: Array, a: Array) -> Array:
        return -a * np.log(y) - zeta.log_zeta(a)

    @staticmethod
    def _log_sf(y: Array, a: Array) -> Array:
        return zeta.log_hurwitz(a, y + 1.0) - zeta.log_zeta(a)

    @staticmethod
    def _log_cdf(y: Array, a: Array) -> Array:
        log_sf = Zipf._log_sf(y, a)
        added = np.log(zeta.partial_sum(a, y)) - zeta.log_zeta(a)
        return np.where(log_sf < -math.log(2.0), log1mexp(log_sf), added)

    @staticmethod
    def _cdf(y: Array, a: Array) -> Array:
        return np.exp(Zipf._log_cdf(y, a))

    @staticmethod
    def _sf(y: Array, a: Array) -> Array:
        return np.exp(Zipf._log_sf(y, a))

    @staticmethod
    def _score(y: Array, a: Array) -> tuple[Array, ...]:
        return (zeta.mean_log(a) - np.log(y),)

    @staticmethod
    def _mean(a: Array) -> Array:
        return np.where(a > 2.0, 1.0 + _excess(a)[0], np.inf)

    @staticmethod
    def _variance(a: Array) -> Array:
        first, second = _excess(np.where(a > 3.0, a, 4.0))
        return np.where(a > 3.0, second - first * first, np.inf)

    @staticmethod
    def _entropy(a: Array) -> Array:
        return a * zeta.mean_log(a) + zeta.log_zeta(a)

    @classmethod
    def _quantile(cls, u: Array, v: Array, a: Array) -> Array:
        # 1 − F(k) is nearly (k + ½)^(1−a)/((a − 1) ζ(a))
        log = np.where(v < 0.5, np.log(v), np.log1p(-u)) + np.log(a - 1.0) + zeta.log_zeta(a)
        start = np.ceil(np.exp(log / (1.0 - a)) - 0.5)
        bracket = anywhere(np.maximum(start, 1.0), 1.0, np.inf)
        return smallest(bracket, u, v, cls._cdf, cls._sf, (a,))


def _excess(a: Array) -> tuple[Array, Array]:
    """Return E[y − 1] and E[(y − 1)²], where they are finite, from sums from 2 on."""
    two, log_zeta = np.full(np.shape(a), 2.0), zeta.log_zeta(a)
    none, one, both = (
        np.exp(zeta.log_hurwitz(np.maximum(a - k, 1.0 + 1e-9), two) - log_zeta) for k in range(3)
    )
    return one - none, (both - one) - (one - none)
