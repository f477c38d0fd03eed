"""The uniform distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.domains import REAL, Interval
from reparam.parameters import Parameter

__all__ = ["Uniform"]


class Uniform(InverseCDF):
    """The uniform distribution on the interval (a, b).

    p(y) = 1/(b − a) for a < y < b, reparameterized as y = (1 − u) a + u b. Its parameters move the
    endpoints of the support, so that E[∂ log p/∂θ] is not 0, and the score function has no use
    here.
    """

    name = "uniform"
    low: Parameter = Parameter(
        "a", REAL, 0.0, (-3.0, -0.5), ("a", "loc", "minval"), "Lower endpoint of the support"
    )
    high: Parameter = Parameter(
        "b",
        REAL,
        1.0,
        (0.5, 3.0),
        ("b", "maxval"),
        "Upper endpoint of the support",
        conversions={"scale": Conversion("low + {0}")},
    )
    about = About(
        density="p(y) = 1 / (b − a)",
        transform="y = (1 − u) a + u b",
        derivatives={"low": "1 − u", "high": "u"},
        source="Devroye (1986), Non-Uniform Random Variate Generation, section I.2",
        scipy="uniform(low, high - low)",
    )
    _support = Interval("low", "high")
    _mirrored = ("@high", "@low")
    _tails = (Tail(power="1"), Tail(power="1"))
    _ordered = (("low", "high"),)
    _extras: ClassVar[int] = 1  # u, which keeps its digits where the interval is narrow

    @staticmethod
    def _transform(noise: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return Uniform._between(1.0 - noise, noise, low, high), noise

    @staticmethod
    def _jacobian(y: Array, u: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return 1.0 - u, u

    @staticmethod
    def _between(v: Array, u: Array, low: Array, high: Array) -> Array:
        """Return (1 − u) a + u b: no difference that could overflow, and none of equal numbers."""
        return np.clip(v * low + u * high, low, high)

    @staticmethod
    def _icdf(u: Array, low: Array, high: Array) -> Array:
        return Uniform._between(1.0 - u, u, low, high)

    @staticmethod
    def _isf(v: Array, low: Array, high: Array) -> Array:
        return Uniform._between(v, 1.0 - v, low, high)

    @staticmethod
    def _pathwise(y: Array, low: Array, high: Array) -> tuple[Array, ...]:
        return Uniform._sf(y, low, high), Uniform._cdf(y, low, high)

    @staticmethod
    def _pathwise2(y: Array, low: Array, high: Array) -> Triangle:
        return (0.0, 0.0), (0.0,)

    @staticmethod
    def _cdf(y: Array, low: Array, high: Array) -> Array:
        return _share(low, y, low, high)

    @staticmethod
    def _sf(y: Array, low: Array, high: Array) -> Array:
        return _share(y, high, low, high)

    @staticmethod
    def _log_cdf(y: Array, low: Array, high: Array) -> Array:
        return _log_share(low, y, low, high)

    @staticmethod
    def _log_sf(y: Array, low: Array, high: Array) -> Array:
        return _log_share(y, high, low, high)

    @staticmethod
    def _log_prob(y: Array, low: Array, high: Array) -> Array:
        return 0.0 * y - _log_width(low, high)  # NaN of NaN

    @staticmethod
    def _score(y: Array, low: Array, high: Array) -> tuple[Array, ...]:
        slope = 0.0 * y + 0.5 / (0.5 * high - 0.5 * low)
        return slope, -slope

    @staticmethod
    def _stein_score(y: Array, low: Array, high: Array) -> Array:
        return 0.0 * y

    @staticmethod
    def _mean(low: Array, high: Array) -> Array:
        return 0.5 * low + 0.5 * high

    @staticmethod
    def _variance(low: Array, high: Array) -> Array:
        half = 0.5 * high - 0.5 * low
        return half * (half / 3.0)

    @staticmethod
    def _entropy(low: Array, high: Array) -> Array:
        return _log_width(low, high)


def _share(first: Array, last: Array, low: Array, high: Array) -> Array:
    """Return (last − first)/(b − a), also where a difference overflows."""
    width = high - low
    if np.all(np.isfinite(width)):
        return (last - first) / width
    halves = (0.5 * last - 0.5 * first) / (0.5 * high - 0.5 * low)
    return np.where(np.isfinite(width), (last - first) / width, halves)


def _log_share(first: Array, last: Array, low: Array, high: Array) -> Array:
    """Return ln((last − first)/(b − a)): by log1p of what is left out where that is little."""
    share = _share(first, last, low, high)
    left_out = _share(low, first, low, high) + _share(last, high, low, high)
    small = np.log(last - first) - _log_width(low, high)
    return np.where(
        share > 0.5, np.log1p(-left_out), np.where(share < 1e-290, small, np.log(share))
    )


def _log_width(low: Array, high: Array) -> Array:
    """Return ln(b − a), also where b − a overflows."""
    width = high - low
    return np.where(width < np.inf, np.log(width), np.log(0.5 * high - 0.5 * low) + np.log(2.0))
