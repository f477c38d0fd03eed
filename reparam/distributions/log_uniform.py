"""The log-uniform distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, Interval
from reparam.parameters import Parameter
from reparam.special._accurate import cosine_excess
from reparam.special.bregman import log_quotient

__all__ = ["LogUniform"]


class LogUniform(InverseCDF):
    """The log-uniform (reciprocal) distribution on the interval (a, b): ln y is uniform.

    p(y) = 1/(y ln(b/a)) for a < y < b, reparameterized as y = a^(1−u) b^u. Its parameters move the
    endpoints of the support, so that the score function has no use here.
    """

    name = "log-uniform"
    low: Parameter = Parameter(
        "a", POSITIVE, 1.0, (0.1, 1.0), ("a",), "Lower endpoint of the support"
    )
    high: Parameter = Parameter("b", POSITIVE, 10.0, (1.5, 10.0), ("b",), "Upper endpoint")
    about = About(
        density="p(y) = 1 / (y ln(b/a))",
        transform="y = a^(1−u) b^u",
        derivatives={"low": "(1 − u) y / a", "high": "u y / b"},
        source="Hamming (1970), On the distribution of numbers",
        scipy="loguniform(low, high)",
    )
    _support = Interval("low", "high")
    _tails = (Tail(power="1"), Tail(power="1"))
    _ordered = (("low", "high"),)
    _extras: ClassVar[int] = 1  # u, which keeps its digits where the interval is narrow

    @staticmethod
    def _transform(noise: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return _between(noise, 1.0 - noise, low, high), noise

    @staticmethod
    def _jacobian(y: Array, u: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return (1.0 - u) * (y / low), u * (y / high)

    @staticmethod
    def _pathwise(y: Array, low: Array, high: Array) -> tuple[Array, ...]:
        sf, cdf = LogUniform._sf(y, low, high), LogUniform._cdf(y, low, high)
        return sf * (y / low), cdf * (y / high)

    @staticmethod
    def _hessian(y: Array, u: Array, low: Array, high: Array) -> Triangle:
        return _bends(u, 1.0 - u, y, low, high)

    @staticmethod
    def _pathwise2(y: Array, low: Array, high: Array) -> Triangle:
        return _bends(LogUniform._cdf(y, low, high), LogUniform._sf(y, low, high), y, low, high)

    @staticmethod
    def _icdf(u: Array, low: Array, high: Array) -> Array:
        return _between(u, 1.0 - u, low, high)

    @staticmethod
    def _isf(v: Array, low: Array, high: Array) -> Array:
        return _between(1.0 - v, v, low, high)

    @staticmethod
    def _cdf(y: Array, low: Array, high: Array) -> Array:
        return log_quotient(y, low) / log_quotient(high, low)

    @staticmethod
    def _sf(y: Array, low: Array, high: Array) -> Array:
        return log_quotient(high, y) / log_quotient(high, low)

    @staticmethod
    def _log_cdf(y: Array, low: Array, high: Array) -> Array:
        cdf, sf = LogUniform._cdf(y, low, high), LogUniform._sf(y, low, high)
        return np.where(cdf < 0.5, np.log(cdf), np.log1p(-sf))

    @staticmethod
    def _log_sf(y: Array, low: Array, high: Array) -> Array:
        cdf, sf = LogUniform._cdf(y, low, high), LogUniform._sf(y, low, high)
        return np.where(sf < 0.5, np.log(sf), np.log1p(-cdf))

    @staticmethod
    def _log_prob(y: Array, low: Array, high: Array) -> Array:
        return -log_quotient(y, 1.0 / log_quotient(high, low))

    @staticmethod
    def _score(y: Array, low: Array, high: Array) -> tuple[Array, ...]:
        range_ = log_quotient(high, low) + 0.0 * y  # NaN of NaN
        return 1.0 / range_ / low, -1.0 / range_ / high

    @staticmethod
    def _stein_score(y: Array, low: Array, high: Array) -> Array:
        return -1.0 / y

    @staticmethod
    def _mean(low: Array, high: Array) -> Array:
        return (high - low) / log_quotient(high, low)

    @staticmethod
    def _variance(low: Array, high: Array) -> Array:
        # with h = ln(b/a)/2, (mean)² (h coth h − 1), of which the second is h²/3 for small h
        h = 0.5 * log_quotient(high, low)
        small = np.minimum(h, 1.0)
        near = cosine_excess(small * small) * h * h * (small / np.sinh(small))
        mean = LogUniform._mean(low, high)
        return mean * (mean * np.where(h < 1.0, near, h / np.tanh(h) - 1.0))

    @staticmethod
    def _entropy(low: Array, high: Array) -> Array:
        return np.log(np.sqrt(low) * np.sqrt(high) * log_quotient(high, low))


def _bends(u: Array, v: Array, y: Array, low: Array, high: Array) -> Triangle:
    """Return ∂²y/∂θ∂φ of y = a^v b^u, each u v times something."""
    to_low, to_high = u * v * (y / low), u * v * (y / high)
    return (-to_low / low, to_low / high), (-to_high / high,)


def _between(u: Array, v: Array, low: Array, high: Array) -> Array:
    """Return a^v b^u, from the endpoint that is nearer."""
    lower = u < v
    half = np.exp(np.where(lower, 0.5 * u, -0.5 * v) * log_quotient(high, low))
    # the two factors one after the other: their product may overflow
    return np.asarray(np.clip(np.where(lower, low, high) * half * half, low, high))
