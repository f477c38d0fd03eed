"""The Lévy distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.distributions.half_normal import HalfNormal
from reparam.domains import POSITIVE, REAL, Interval
from reparam.parameters import Parameter
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["Levy"]


class Levy(LocationScale):
    """The Lévy distribution: of 1/x² with x from a standard Gaussian, a stable distribution.

    p(y) = √(c/2π) (y − μ)^(−3/2) exp(−c/(2 (y − μ))) for y > μ, reparameterized as y = μ + c z,
    where z = 1/(2 erfc⁻¹(u)²) is the quantile of uniform u. Mean and variance are infinite.
    """

    name = "levy"
    loc: Parameter = Parameter(
        "μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Lower endpoint of the support"
    )
    scale: Parameter = Parameter("c", POSITIVE, 1.0, (0.1, 10.0), ("c",), "Scale")
    about = About(
        density="p(y) = exp(−1 / 2z) / (c √(2π z³)),  z = (y − μ)/c",
        transform="y = μ + c z,  z = 1 / (2 erfc⁻¹(u)²)",
        derivatives={"loc": "1", "scale": "z"},
        source="Nolan (2020), Univariate Stable Distributions, section 1.1",
        scipy="levy(loc, scale)",
    )
    _support = Interval("loc", math.inf)
    _tails = (Tail(growth="1"), Tail(power="1/2"))

    # z^(−1/2) is half-normal

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        return HalfNormal._standard_quantile(1.0 - u, u) ** -2.0

    @staticmethod
    def _standard_isf(v: Array) -> Array:
        return HalfNormal._standard_quantile(v, 1.0 - v) ** -2.0

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return HalfNormal._standard_sf(1.0 / np.sqrt(z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return HalfNormal._standard_cdf(1.0 / np.sqrt(z))

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        return HalfNormal._standard_log_sf(1.0 / np.sqrt(z))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        return HalfNormal._standard_log_cdf(1.0 / np.sqrt(z))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        inner = -HALF_LOG_TWO_PI - 1.5 * np.log(z) - 0.5 / z
        return np.where(z == 0.0, -np.inf, inner)

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return ((0.5 / z - 1.5) / z,)

    @staticmethod
    def _standard_excess(z: Array, slope: Array) -> Array:
        return 0.5 / z - 0.5

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return math.inf, math.inf, 0.5 + 1.5 * np.euler_gamma + 0.5 * math.log(16.0 * math.pi)
