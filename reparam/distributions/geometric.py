"""The geometric distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.success import Success, logits, probs, times
from reparam.domains import Integers
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp
from reparam.special.count_quantile import rounded_up, smallest

__all__ = ["Geometric"]

#: The relative error of the quantile before it is rounded up, and of the cdf, as one of the count.
_ROUNDING = 2e-15


class Geometric(Success):
    """The geometric distribution, of the number of trials until the first success, itself included.

    p(y) = p (1 − p)^(y−1) for y in {1, 2, …}, as in NumPy and SciPy. PyTorch counts the failures
    before the success: y − 1. Pass p, or its logit η = ln(p/(1 − p)).
    """

    name = "geometric"
    aliases = ("geom",)
    probs: Parameter = probs("Probability of success", may_be_0=False)
    logits: Parameter = logits("Logit of that probability", may_be_0=False)
    _alternatives = (("probs", "logits"),)
    about = About(
        density="p(y) = p (1 − p)^(y−1)",
        score={"probs": "(1 − p y) / (p (1 − p))", "logits": "1 − p y"},
        source="Johnson, Kemp & Kotz (2005), Univariate Discrete Distributions, section 5.2",
        scipy="geom(probs)",
    )
    _support = Integers(1, math.inf)

    @classmethod
    def _log_prob(cls, y: Array, given: Array) -> Array:
        log_p, log_q = cls._success(given).logs
        return log_p + times(y - 1.0, log_q)

    @classmethod
    def _cdf(cls, y: Array, given: Array) -> Array:
        return -np.expm1(cls._log_sf(y, given))

    @classmethod
    def _sf(cls, y: Array, given: Array) -> Array:
        return np.exp(cls._log_sf(y, given))

    @classmethod
    def _log_cdf(cls, y: Array, given: Array) -> Array:
        point = cls._success(given)
        few = point.x * y > 1e-290
        return np.where(few, log1mexp(y * point.logs[1]), np.log(y) + point.logs[0])

    @classmethod
    def _log_sf(cls, y: Array, given: Array) -> Array:
        return y * cls._success(given).logs[1]

    @classmethod
    def _score(cls, y: Array, given: Array) -> tuple[Array, ...]:
        return (cls._score_of(np.ones(()), y - 1.0, given),)

    @classmethod
    def _mean(cls, given: Array) -> Array:
        return 1.0 / cls._success(given).x

    @classmethod
    def _variance(cls, given: Array) -> Array:
        p, q, _ = cls._success(given)
        return q / p / p

    @classmethod
    def _entropy(cls, given: Array) -> Array:
        point = cls._success(given)
        log_p, log_q = point.logs
        rest = np.where(point.x < 1e-290, 1.0, -times(point.rest / point.x, log_q))
        return rest - log_p

    @classmethod
    def _quantile(cls, u: Array, v: Array, given: Array) -> Array:
        rate = -cls._success(given).logs[1]
        x = -np.where(v < u, np.log(v), np.log1p(-u)) / rate
        bracket = rounded_up(x, _ROUNDING * (x + 1.0 / rate), 1.0, np.inf)
        return smallest(bracket, u, v, cls._cdf, cls._sf, (given,))
