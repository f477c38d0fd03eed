"""The asymmetric Laplace distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL, Conversion
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special import sides

__all__ = ["AsymmetricLaplace"]


class AsymmetricLaplace(LocationScale):
    """The asymmetric Laplace distribution: exponential tails of different scales on both sides.

    p(y) = exp(−κ z)/((κ + 1/κ) b) for z ≥ 0 and exp(z/κ)/((κ + 1/κ) b) for z < 0, with
    z = (y − μ)/b. The probability below μ is κ²/(1 + κ²), and κ = 1 is Laplace's distribution.
    """

    name = "asymmetric-laplace"
    aliases = ("laplace-asymmetric",)
    asymmetry: Parameter = Parameter(
        "κ",
        POSITIVE,
        1.0,
        (0.3, 3.0),
        ("kappa",),
        "Asymmetry: root of the ratio of the tails' scales, below μ to above",
        conversions={
            "q": Conversion("sqrt({0}/(1 - {0}))", lambda q: np.sqrt(q / (1.0 - q))),
        },
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Mode")
    scale: Parameter = Parameter(
        "b",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        (),
        "Scale: geometric mean of the tails' scales",
        conversions={"b": RECIPROCAL},
    )
    about = About(
        density="p(y) = exp(−|z| κ^sign(z)) / ((κ + 1/κ) b),  z = (y − μ)/b",
        transform="y = μ + b z,  z = κ log(u (1 + κ²)/κ²) for u < κ²/(1 + κ²),"
        " −log((1 − u)(1 + κ²))/κ otherwise",
        derivatives={"asymmetry": "−b (|z|/κ + 2/(1 + κ²))", "loc": "1", "scale": "z"},
        source="Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution, chapter 3",
        scipy="laplace_asymmetric(asymmetry, loc, scale)",
    )

    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _joints(asymmetry: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        return (loc,)

    @staticmethod
    def _standard_icdf(u: Array, asymmetry: Array) -> Array:
        below, above = sides.shares(asymmetry)
        log = _log_part_beyond(u, 1.0 - u, below, above)
        return np.where(u <= below, asymmetry * log, -log / asymmetry)

    @staticmethod
    def _standard_isf(v: Array, asymmetry: Array) -> Array:
        below, above = sides.shares(asymmetry)
        log = _log_part_beyond(v, 1.0 - v, above, below)
        return np.where(v <= above, -log / asymmetry, asymmetry * log)

    @staticmethod
    def _standard_pathwise(z: Array, asymmetry: Array) -> tuple[Array, ...]:
        return (-np.abs(z) / asymmetry - 2.0 * sides.shares(asymmetry)[1],)

    @staticmethod
    def _standard_pathwise2(z: Array, asymmetry: Array) -> Triangle:
        # 2z/κ² + 2s/κ + 4κs² above the kink, with s = 1/(1 + κ²), and −2s/κ + 4κs² below
        below, above = sides.shares(asymmetry)
        upper = 2.0 * z / asymmetry / asymmetry + 2.0 * above * (1.0 + 2.0 * below) / asymmetry
        lower = 2.0 * above * sides.difference(asymmetry) / asymmetry
        return ((np.where(z < 0.0, lower, upper),),)

    @staticmethod
    def _standard_cdf(z: Array, asymmetry: Array) -> Array:
        return _tail(z < 0.0, _distance(z, asymmetry), *sides.shares(asymmetry))

    @staticmethod
    def _standard_sf(z: Array, asymmetry: Array) -> Array:
        return _tail(z >= 0.0, _distance(z, asymmetry), *sides.shares(asymmetry)[::-1])

    @staticmethod
    def _standard_log_cdf(z: Array, asymmetry: Array) -> Array:
        tails = AsymmetricLaplace._standard_cdf, AsymmetricLaplace._standard_sf
        far = sides.logs(asymmetry)[0] - _distance(z, asymmetry)
        return np.where(z < 0.0, far, _log_of(*(tail(z, asymmetry) for tail in tails)))

    @staticmethod
    def _standard_log_sf(z: Array, asymmetry: Array) -> Array:
        tails = AsymmetricLaplace._standard_sf, AsymmetricLaplace._standard_cdf
        far = sides.logs(asymmetry)[1] - _distance(z, asymmetry)
        return np.where(z < 0.0, _log_of(*(tail(z, asymmetry) for tail in tails)), far)

    @staticmethod
    def _standard_log_prob(z: Array, asymmetry: Array) -> Array:
        return -_distance(z, asymmetry) - sides.log_width(asymmetry)

    @staticmethod
    def _standard_score(z: Array, asymmetry: Array) -> tuple[Array, ...]:
        slope = np.where(z < 0.0, 1.0 / asymmetry, -np.sign(z) * asymmetry)
        of_distance = np.where(z < 0.0, z / asymmetry / asymmetry, z)
        return slope, -sides.difference(asymmetry) / asymmetry - of_distance

    @staticmethod
    def _standard_moments(asymmetry: Array) -> tuple[Any, Any, Any]:
        inverse = 1.0 / asymmetry
        mean = (1.0 - asymmetry) * ((1.0 + asymmetry) / asymmetry)
        return mean, asymmetry * asymmetry + inverse * inverse, 1.0 + sides.log_width(asymmetry)


def _distance(z: Array, asymmetry: Array) -> Array:
    """Return the distance from the kink in units of the side's scale."""
    return np.where(z < 0.0, -z / asymmetry, z * asymmetry)


def _tail(own: NDArray[np.bool_], distance: Array, side: Array, other: Array) -> Array:
    """Return the probability of a tail, which begins on its own side of the kink or on the other.

    Just beyond the kink it is next to the probability of its side, which may be small.
    """
    farther = np.where(own, side, other) * np.exp(-distance)
    both = np.where(farther < 0.5, 1.0 - farther, side - other * np.expm1(-distance))
    return np.where(own, farther, both)


def _log_part_beyond(t: Array, rest: Array, side: Array, other: Array) -> Array:
    """Return the log of the part of its side's probability that lies beyond a quantile.

    For a tail t = 1 − rest it is ln(t/side) on that tail's side of the kink, and ln(rest/other) on
    the other. Where the smaller of t and rest is not the one in it, that has the digits.
    """
    own, small = t <= side, t < 0.5
    log = np.log(np.where(own, t, rest) / np.where(own, side, other))
    short = np.where(own, (other - rest) / side, (side - t) / other)
    log = np.where(own == small, log, np.log1p(short))
    return np.where((t <= 0.0) | (rest <= 0.0), -np.inf, log)


def _log_of(tail: Array, other: Array) -> Array:
    """Return the log of a tail, by the other one where it is next to 1."""
    return np.where(tail > 0.5, np.log1p(-other), np.log(tail))
