"""The Gompertz distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import gompertz as special
from reparam.special._accurate import LARGEST, log1mexp

__all__ = ["Gompertz"]


class Gompertz(InverseCDF):
    """The Gompertz distribution, of life spans with an exponentially growing hazard.

    P(Y > y) = exp(−η (e^(by) − 1)) for y > 0, reparameterized through its quantile,
    y = log(1 + t/η)/b with t = −log(1 − u): e^(by) is a shifted exponential variate.
    """

    name = "gompertz"
    concentration: Parameter = Parameter(
        "η", POSITIVE, 1.0, (0.05, 10.0), ("eta", "c", "shape"), "Shape: initial hazard over b"
    )
    rate: Parameter = Parameter(
        "b", POSITIVE, 1.0, (0.1, 10.0), ("b",), "Rate", conversions={"scale": RECIPROCAL}
    )
    about = About(
        density="p(y) = η b exp(by − η (e^(by) − 1))",
        transform="y = log(1 + t/η) / b,  t = −log(1 − u)",
        derivatives={"concentration": "(e^(−by) − 1) / (η b)", "rate": "−y / b"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 22",
        scipy="gompertz(concentration, scale=1/rate)",
    )
    _support = POSITIVE
    _tails = (Tail(power="1"), Tail(growth="inf"))

    @staticmethod
    def _icdf(u: Array, eta: Array, rate: Array) -> Array:
        return special.log_one_plus(-np.log1p(-u), eta) / rate

    @staticmethod
    def _isf(v: Array, eta: Array, rate: Array) -> Array:
        return special.log_one_plus(np.abs(np.log(v)), eta) / rate

    @staticmethod
    def _pathwise(y: Array, eta: Array, rate: Array) -> tuple[Array, ...]:
        return np.expm1(-rate * y) / eta / rate, -y / rate

    @staticmethod
    def _cdf(y: Array, eta: Array, rate: Array) -> Array:
        return -np.expm1(-_time(y, eta, rate))

    @staticmethod
    def _sf(y: Array, eta: Array, rate: Array) -> Array:
        return np.exp(-_time(y, eta, rate))

    @staticmethod
    def _log_cdf(y: Array, eta: Array, rate: Array) -> Array:
        return log1mexp(-_time(y, eta, rate))

    @staticmethod
    def _log_sf(y: Array, eta: Array, rate: Array) -> Array:
        return -_time(y, eta, rate)

    @staticmethod
    def _log_prob(y: Array, eta: Array, rate: Array) -> Array:
        time = _time(y, eta, rate)
        inner = np.log(eta) + np.log(rate) + rate * y - time
        return np.where(time == np.inf, -np.inf, inner)

    @staticmethod
    def _score(y: Array, eta: Array, rate: Array) -> tuple[Array, ...]:
        x, time = np.minimum(rate * y, LARGEST), _time(y, eta, rate)
        falling = np.where(x == 0.0, 0.0, x * (time + eta))  # η x e^x
        return (1.0 - time) / eta, (1.0 + x - falling) / rate

    @staticmethod
    def _stein_score(y: Array, eta: Array, rate: Array) -> Array:
        return rate * ((1.0 - eta) - _time(y, eta, rate))

    @staticmethod
    def _mean(eta: Array, rate: Array) -> Array:
        return special.moments(eta)[0] / rate

    @staticmethod
    def _variance(eta: Array, rate: Array) -> Array:
        return special.moments(eta)[1] / rate / rate

    @staticmethod
    def _entropy(eta: Array, rate: Array) -> Array:
        return 1.0 - np.log(eta) - np.log(rate) - special.moments(eta)[0]


def _time(y: Array, eta: Array, rate: Array) -> Array:
    """Return η (e^(by) − 1), an exponential variate."""
    x = rate * y
    far = np.exp(x + np.log(eta))
    return np.where(x < 700.0, eta * np.expm1(np.minimum(x, 700.0)), far)
