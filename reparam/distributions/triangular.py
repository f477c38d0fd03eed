"""The triangular distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.domains import REAL, Interval
from reparam.parameters import Parameter
from reparam.special._accurate import LARGEST
from reparam.special.bregman import log_quotient

__all__ = ["Triangular"]


class Triangular(InverseCDF):
    """The triangular distribution on the interval (a, b), with its peak at c.

    p(y) = 2 (y − a)/((b − a)(c − a)) for a < y < c and 2 (b − y)/((b − a)(b − c)) for c < y < b.
    The probability below c is (c − a)/(b − a).
    """

    name = "triangular"
    aliases = ("triang",)
    low: Parameter = Parameter(
        "a", REAL, 0.0, (-3.0, -1.0), ("a", "loc", "lower"), "Lower endpoint of the support"
    )
    high: Parameter = Parameter(
        "b",
        REAL,
        1.0,
        (1.0, 3.0),
        ("b", "upper"),
        "Upper endpoint of the support",
        conversions={"scale": Conversion("low + {0}")},
    )
    peak: Parameter = Parameter(
        "c",
        REAL,
        0.5,
        (-0.5, 0.5),
        ("mode",),
        "Mode, between the endpoints",
        conversions={"c": Conversion("low + {0}*(high - low)")},
    )
    about = About(
        density="p(y) = 2 (y − a) / ((b − a)(c − a)) below c, 2 (b − y) / ((b − a)(b − c)) above",
        transform="y = a + √(u (b − a)(c − a)) for u < (c − a)/(b − a),"
        " b − √((1 − u)(b − a)(b − c)) otherwise",
        derivatives={
            "low": "½ ((b − y)/(b − a) + (c − y)/(c − a)) for y < c, ½ (b − y)/(b − a) otherwise",
            "high": "½ (y − a)/(b − a) for y < c, ½ ((y − a)/(b − a) + (y − c)/(b − c)) otherwise",
            "peak": "½ (y − a)/(c − a) for y < c, ½ (b − y)/(b − c) otherwise",
        },
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 26",
        scipy="triang((peak - low)/(high - low), low, high - low)",
    )
    _support = Interval("low", "high")
    _mirrored = ("@high", "@low", "@peak")
    _tails = (Tail(power="2"), Tail(power="2"))
    _ordered = (("low", "high"), ("low", "peak"), ("peak", "high"))
    _extras: ClassVar[int] = 1  # u, which keeps its digits next to the endpoints

    @staticmethod
    def _joints(low: Array, high: Array, peak: Array) -> tuple[Array, ...]:
        return (peak,)

    @staticmethod
    def _transform(noise: Array, low: Array, high: Array, peak: Array) -> tuple[Array, ...]:
        return _between(noise, 1.0 - noise, low, high, peak), noise

    @staticmethod
    def _jacobian(y: Array, u: Array, low: Array, high: Array, peak: Array) -> tuple[Array, ...]:
        below, above = _sides(low, high, peak)
        return _slopes(*_place_of(u, 1.0 - u, below, above), below, above)

    @staticmethod
    def _pathwise(y: Array, low: Array, high: Array, peak: Array) -> tuple[Array, ...]:
        return _slopes(*_place(y, low, high, peak), *_sides(low, high, peak))

    @staticmethod
    def _hessian(y: Array, u: Array, low: Array, high: Array, peak: Array) -> Triangle:
        lower, share, _ = _place_of(u, 1.0 - u, *_sides(low, high, peak))
        return _bends(lower, share, low, high, peak)

    @staticmethod
    def _pathwise2(y: Array, low: Array, high: Array, peak: Array) -> Triangle:
        lower, share, _ = _place(y, low, high, peak)
        return _bends(lower, share, low, high, peak)

    @staticmethod
    def _icdf(u: Array, low: Array, high: Array, peak: Array) -> Array:
        return _between(u, 1.0 - u, low, high, peak)

    @staticmethod
    def _isf(v: Array, low: Array, high: Array, peak: Array) -> Array:
        return _between(1.0 - v, v, low, high, peak)

    @staticmethod
    def _cdf(y: Array, low: Array, high: Array, peak: Array) -> Array:
        place, (below, above) = _place(y, low, high, peak), _sides(low, high, peak)
        return _tail(place[0], *place[1:], below, above)

    @staticmethod
    def _sf(y: Array, low: Array, high: Array, peak: Array) -> Array:
        place, (below, above) = _place(y, low, high, peak), _sides(low, high, peak)
        return _tail(~place[0], *place[1:], above, below)

    @staticmethod
    def _log_cdf(y: Array, low: Array, high: Array, peak: Array) -> Array:
        theta = low, high, peak
        lower, share, _ = _place(y, *theta)
        cdf, far = Triangular._cdf(y, *theta), np.log(_sides(*theta)[0]) + 2.0 * np.log(share)
        small = np.where(lower, far, np.log(cdf))
        return np.where(cdf < 0.5, small, np.log1p(-Triangular._sf(y, *theta)))

    @staticmethod
    def _log_sf(y: Array, low: Array, high: Array, peak: Array) -> Array:
        theta = low, high, peak
        lower, share, _ = _place(y, *theta)
        sf, far = Triangular._sf(y, *theta), np.log(_sides(*theta)[1]) + 2.0 * np.log(share)
        small = np.where(lower, np.log(sf), far)
        return np.where(sf < 0.5, small, np.log1p(-Triangular._cdf(y, *theta)))

    @staticmethod
    def _log_prob(y: Array, low: Array, high: Array, peak: Array) -> Array:
        unit = _unit(low, high)
        share = _place(y, low, high, peak)[1]
        return log_quotient(2.0 * unit * share, unit * high - unit * low)

    @staticmethod
    def _score(y: Array, low: Array, high: Array, peak: Array) -> tuple[Array, ...]:
        lower, _, rest = _place(y, low, high, peak)
        unit = _unit(low, high)
        # 1/(b − a), finite so that it can be subtracted
        width = np.minimum(unit / (unit * high - unit * low), LARGEST)
        to_low = np.where(lower, width - rest / (y - low), width)
        to_high = np.where(lower, -width, rest / (high - y) - width)
        to_peak = np.where(lower, -1.0 / (peak - low), 1.0 / (high - peak))
        return to_low, to_high, to_peak

    @staticmethod
    def _stein_score(y: Array, low: Array, high: Array, peak: Array) -> Array:
        return np.where(y < peak, 1.0 / (y - low), -1.0 / (high - y))

    @staticmethod
    def _mean(low: Array, high: Array, peak: Array) -> Array:
        return low / 3.0 + high / 3.0 + peak / 3.0

    @staticmethod
    def _variance(low: Array, high: Array, peak: Array) -> Array:
        half, (below, above) = 0.5 * high - 0.5 * low, _sides(low, high, peak)
        return half * (half * ((2.0 / 9.0) * (1.0 - below * above)))

    @staticmethod
    def _entropy(low: Array, high: Array, peak: Array) -> Array:
        unit = _unit(low, high)
        return 0.5 + log_quotient(unit * high - unit * low, 2.0 * unit)


def _unit(low: Array, high: Array) -> Array:
    """Return what lengths are multiplied by: ½ if b − a would overflow, else 1."""
    return np.where(high - low < np.inf, 1.0, 0.5)


def _sides(low: Array, high: Array, peak: Array) -> tuple[Array, Array]:
    """Return the probabilities below and above the peak."""
    unit = _unit(low, high)
    low, high, peak = unit * low, unit * high, unit * peak
    return (peak - low) / (high - low), (high - peak) / (high - low)


def _place(
    y: Array, low: Array, high: Array, peak: Array
) -> tuple[NDArray[np.bool_], Array, Array]:
    """Return whether y is below the peak, its share of the way from that end, and the rest."""
    unit = _unit(low, high)
    y, low, high, peak = unit * y, unit * low, unit * high, unit * peak
    lower = y < peak
    way = np.where(lower, peak - low, high - peak)
    share = np.where(lower, y - low, high - y) / way
    return lower, share, np.where(lower, peak - y, y - peak) / way


def _place_of(
    u: Array, v: Array, below: Array, above: Array
) -> tuple[NDArray[np.bool_], Array, Array]:
    """Return the same of the quantile, for u = 1 − v."""
    lower = u < below
    own = np.where(lower, below, above)
    share = np.sqrt(np.where(lower, u, v) / own)
    inside = np.abs(np.where(below < above, below - u, v - above))
    return lower, share, inside / own / (1.0 + share)


def _tail(own: NDArray[np.bool_], share: Array, rest: Array, side: Array, other: Array) -> Array:
    """Return the probability of a tail, which ends on its own side of the peak or on the other.

    Where the other tail is the larger one, what is beyond the peak is added to the own side.
    """
    outer = np.where(own, side, other) * share * share
    inner = side + other * rest * (1.0 + share)
    return np.where(own, outer, np.where(outer < 0.5, 1.0 - outer, inner))


def _between(u: Array, v: Array, low: Array, high: Array, peak: Array) -> Array:
    """Return the quantile, from the end or from the peak, whichever is nearer."""
    lower, share, rest = _place_of(u, v, *_sides(low, high, peak))
    from_end = share < rest
    start = np.where(from_end, np.where(lower, low, high), peak)
    unit = np.where(from_end == lower, 1.0, -1.0) * _unit(low, high)
    way = np.where(lower, unit * peak - unit * low, unit * high - unit * peak)
    way *= np.where(from_end, share, rest)
    # what is halved is added twice
    y = start + way + np.where(np.abs(unit) < 1.0, way, 0.0)
    return np.asarray(np.clip(y, low, high))


def _slopes(
    lower: NDArray[np.bool_], share: Array, rest: Array, below: Array, above: Array
) -> tuple[Array, ...]:
    """Return ∂y/∂θ as sums of positive terms, of the shares of the way from the end to the peak."""
    own, other = np.where(lower, below, above), np.where(lower, above, below)
    to_own = 0.5 * (other + own * rest + rest)
    to_other = 0.5 * own * share
    return np.where(lower, to_own, to_other), np.where(lower, to_other, to_own), 0.5 * share


def _bends(
    lower: NDArray[np.bool_], share: Array, low: Array, high: Array, peak: Array
) -> Triangle:
    """Return ∂²y/∂θ∂φ, of the share of the way from the end to the peak.

    With the width w, the way m to the peak and the rest w − m, the distance from a lower endpoint
    is √(u w m); an upper one is its mirror image.
    """
    unit = _unit(low, high)
    low, high, peak = unit * low, unit * high, unit * peak
    width, sign = high - low, np.where(lower, 1.0, -1.0)
    below, above = peak - low, high - peak
    way, rest = np.where(lower, below, above), np.where(lower, above, below)
    scale = unit * sign * share / 4.0 / width
    to_way, to_width = rest / way, rest / width
    to_own = -scale * to_width * to_way
    to_other = -scale * (way / width)
    across, own_and_peak, other_and_peak = -scale * to_width, scale * to_way, scale
    in_peak = -scale * (width / way)
    return (
        (np.where(lower, to_own, to_other), across, np.where(lower, own_and_peak, other_and_peak)),
        (np.where(lower, to_other, to_own), np.where(lower, other_and_peak, own_and_peak)),
        (in_peak,),
    )
