"""Bates's distribution, of the mean of uniform variables."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.domains import REAL, Integers, Interval
from reparam.parameters import Parameter
from reparam.special import bates as special
from reparam.special.bregman import log_quotient

__all__ = ["Bates"]

#: Up to this n integrals are split where derivatives of the density jump, at order n − 1.
_SMOOTH = 10


class Bates(InverseCDF):
    """The distribution of the mean of n independent uniform variables on (a, b), Bates's.

    y = a + (b − a) s/n, where s, the sum of n uniform variables on (0, 1), has the distribution of
    Irwin and Hall, so that ``n * rp.Bates(n)`` is s. n is at most 100: the tables of the density
    have n²/2 coefficients.
    """

    name = "bates"
    n: Parameter = Parameter(
        "n",
        Integers(1, 100),
        3.0,
        (1.0, 30.0),
        ("total_count",),
        "Number of uniform variables",
        differentiable=False,
    )
    low: Parameter = Parameter(
        "a", REAL, 0.0, (-3.0, -0.5), ("a", "lower"), "Lower endpoint of the support"
    )
    high: Parameter = Parameter(
        "b", REAL, 1.0, (0.5, 3.0), ("b", "upper"), "Upper endpoint of the support"
    )
    about = About(
        density="p(y) = n/(b − a) M(n (y − a)/(b − a)),"
        "  M(s) = Σ_j (−1)^j C(n, j) max(s − j, 0)^(n−1) / (n−1)!",
        transform="y = a + (b − a) s/n,  s the quantile of the sum of n uniform variables",
        derivatives={"low": "1 − s/n", "high": "s/n"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions,"
        " section 26.9",
    )
    _support = Interval("low", "high")
    _tails = (Tail(power="n"), Tail(power="n"))
    _ordered = (("low", "high"),)
    _extras: ClassVar[int] = 2  # the shares of the interval below and above y

    @staticmethod
    def _joints(n: Array, low: Array, high: Array) -> tuple[Array, ...]:
        most = int(np.max(n))
        if most > _SMOOTH:
            return ()
        from_middle = sorted(range(1, most), key=lambda k: abs(2 * k - most))
        return tuple(low + np.minimum(k / n, 1.0) * (high - low) for k in from_middle)

    @staticmethod
    def _transform(noise: Array, n: Array, low: Array, high: Array) -> tuple[Array, ...]:
        below, above = _shares(noise, 1.0 - noise, n)
        return _between(below, above, low, high), below, above

    @staticmethod
    def _jacobian(
        y: Array, below: Array, above: Array, n: Array, low: Array, high: Array
    ) -> tuple[Array, ...]:
        return above, below

    @staticmethod
    def _pathwise(y: Array, n: Array, low: Array, high: Array) -> tuple[Array, ...]:
        below, above = _shares_at(y, low, high)
        return above, below

    @staticmethod
    def _pathwise2(y: Array, n: Array, low: Array, high: Array) -> Triangle:
        none = np.zeros(y.shape)
        return (none, none), (none,)

    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        return cls._pathwise2(y, *extras_and_theta[2:])

    @staticmethod
    def _icdf(u: Array, n: Array, low: Array, high: Array) -> Array:
        return _between(*_shares(u, 1.0 - u, n), low, high)

    @staticmethod
    def _isf(v: Array, n: Array, low: Array, high: Array) -> Array:
        return _between(*_shares(1.0 - v, v, n), low, high)

    @staticmethod
    def _cdf(y: Array, n: Array, low: Array, high: Array) -> Array:
        lower, s = _place(y, n, low, high)
        tail = special.cdf(s, n)
        return np.asarray(np.where(lower, tail, 1.0 - tail))

    @staticmethod
    def _sf(y: Array, n: Array, low: Array, high: Array) -> Array:
        lower, s = _place(y, n, low, high)
        tail = special.cdf(s, n)
        return np.asarray(np.where(lower, 1.0 - tail, tail))

    @staticmethod
    def _log_cdf(y: Array, n: Array, low: Array, high: Array) -> Array:
        lower, s = _place(y, n, low, high)
        return np.asarray(np.where(lower, special.log_cdf(s, n), np.log1p(-special.cdf(s, n))))

    @staticmethod
    def _log_sf(y: Array, n: Array, low: Array, high: Array) -> Array:
        lower, s = _place(y, n, low, high)
        return np.asarray(np.where(lower, np.log1p(-special.cdf(s, n)), special.log_cdf(s, n)))

    @staticmethod
    def _log_prob(y: Array, n: Array, low: Array, high: Array) -> Array:
        _, s = _place(y, n, low, high)
        return np.asarray(special.log_density(s, n) - _log_width(low, high) + np.log(n))

    @staticmethod
    def _score(y: Array, n: Array, low: Array, high: Array) -> tuple[Array, ...]:
        to_low, to_high = _slopes(y, n, low, high)
        width = high - low
        return (1.0 - to_low) / width, (to_high - 1.0) / width

    @staticmethod
    def _stein_score(y: Array, n: Array, low: Array, high: Array) -> Array:
        to_low, to_high = _slopes(y, n, low, high)
        return (to_low - to_high) / (high - low)

    @staticmethod
    def _mean(n: Array, low: Array, high: Array) -> Array:
        return 0.5 * low + 0.5 * high

    @staticmethod
    def _variance(n: Array, low: Array, high: Array) -> Array:
        half = 0.5 * high - 0.5 * low
        return half * (half / (3.0 * n))

    @staticmethod
    def _entropy(n: Array, low: Array, high: Array) -> Array:
        return np.asarray(special.entropy(n) - np.log(n) + _log_width(low, high))


def _shares(u: Array, v: Array, n: Array) -> tuple[Array, Array]:
    """Return the shares of the interval below and above the quantile of u = 1 − v."""
    share = np.minimum(special.quantile(np.minimum(u, v), n) / n, 0.5)
    return np.where(u < v, share, 1.0 - share), np.where(u < v, 1.0 - share, share)


def _between(below: Array, above: Array, low: Array, high: Array) -> Array:
    """Return the point from its shares, without a difference that could overflow."""
    return np.asarray(np.clip(above * low + below * high, low, high))


def _shares_at(y: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return the shares of the interval below and above y, also where its width overflows."""
    unit = np.where(high - low < np.inf, 1.0, 0.5)
    width = unit * high - unit * low
    return (unit * y - unit * low) / width, (unit * high - unit * y) / width


def _place(y: Array, n: Array, low: Array, high: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return whether y is below the middle, and the sum s that its distance from that end is."""
    below, above = _shares_at(y, low, high)
    return below < above, n * np.minimum(np.minimum(below, above), 0.5)


def _slopes(y: Array, n: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Return (b − a) ∂ log p/∂y times the share above y, and minus that below."""
    below, above = _shares_at(y, low, high)
    lower, s = _place(y, n, low, high)
    own = special.elasticity(s, n)  # s ∂ log p/∂s, finite at an endpoint
    far = np.where(own == 0.0, 0.0 * y, own * (np.maximum(below, above) / np.minimum(below, above)))
    return np.where(lower, far, -own), np.where(lower, -own, far)


def _log_width(low: Array, high: Array) -> Array:
    unit = np.where(high - low < np.inf, 1.0, 0.5)
    return log_quotient(unit * high - unit * low, unit)
