"""The Gumbel distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.conversions import times
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special._accurate import LARGEST, log1mexp

__all__ = ["Gumbel"]

#: From here on ln(1 − exp(−e^−z)) is −z to the last bit: it is −z − e^−z/2 + ….
_ALL_BUT_EXPONENTIAL = 40.0


class Gumbel(LocationScale):
    """The Gumbel (type I extreme value) distribution, of the largest of many.

    p(y) = exp(−z − e^(−z))/β with z = (y − μ)/β, reparameterized as y = μ + β z, where the
    standard variate z = −log(−log u) is the quantile of uniform u.
    """

    name = "gumbel"
    aliases = ("gumbel-r", "gumbel-max")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mode"), "Mode")
    scale: Parameter = Parameter(
        "β",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("beta", "sigma"),
        "Scale",
        conversions={"std": times(math.sqrt(6.0) / math.pi, "*sqrt(6)/pi")},
    )
    about = About(
        density="p(y) = exp(−z − e^(−z)) / β,  z = (y − μ)/β",
        transform="y = μ + β z,  z = −log(−log u)",
        derivatives={"loc": "1", "scale": "z"},
        source="Gumbel (1958), Statistics of Extremes, section 5.2",
        scipy="gumbel_r(loc, scale)",
    )
    _tails = (Tail(growth="inf"), Tail(growth="1"))

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        return -np.log(-np.log(u))

    @staticmethod
    def _standard_isf(v: Array) -> Array:
        return -np.log(-np.log1p(-v))

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return np.exp(-np.exp(-z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return -np.expm1(-np.exp(-z))

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        return -np.exp(-z)

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        near = log1mexp(-np.exp(-np.minimum(z, _ALL_BUT_EXPONENTIAL)))
        return np.where(z > _ALL_BUT_EXPONENTIAL, -z, near)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        z = np.maximum(z, -LARGEST)  # an infinite z would lose the difference
        return -z - np.exp(-z)

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (np.expm1(-z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return np.euler_gamma, math.pi**2 / 6.0, 1.0 + np.euler_gamma
