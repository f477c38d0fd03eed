"""The Cauchy distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special import cauchy

__all__ = ["Cauchy"]


class Cauchy(LocationScale):
    """The Cauchy (Lorentz) distribution.

    p(y) = 1/(π γ (1 + z²)) with z = (y − x₀)/γ, reparameterized as y = x₀ + γ z, where the
    standard variate z = tan(π(u − ½)) is the quantile of uniform u. Mean and variance are undefined
    (NaN).
    """

    name = "cauchy"
    aliases = ("lorentz",)
    _symmetric = True
    loc: Parameter = Parameter("x₀", REAL, 0.0, (-3.0, 3.0), ("x0", "mu", "median"), "Median")
    scale: Parameter = Parameter(
        "γ", POSITIVE, 1.0, (0.1, 10.0), ("gamma", "sigma"), "Half the interquartile range"
    )
    about = About(
        density="p(y) = 1 / (π γ (1 + z²)),  z = (y − x₀)/γ",
        transform="y = x₀ + γ z,  z = tan(π (u − ½))",
        derivatives={"loc": "1", "scale": "z"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 16",
        scipy="cauchy(loc, scale)",
    )
    _tails = (Tail(power="1"), Tail(power="1"))

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        # the tail's own tangent; in the middle u − ½ is exact
        w = np.minimum(u, 1.0 - u)
        tail = np.copysign(1.0 / np.tan(math.pi * w), u - 0.5)
        return np.where(w < 0.25, tail, np.tan(math.pi * (u - 0.5)))

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return np.arctan2(1.0, -z) / math.pi

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return Cauchy._standard_cdf(-z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        lower = np.log(Cauchy._standard_cdf(z))
        return np.where(z < 0.0, lower, np.log1p(-Cauchy._standard_cdf(-z)))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        return Cauchy._standard_log_cdf(-z)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return -math.log(math.pi) - cauchy.log_one_plus_square(z)

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (cauchy.slope(z),)

    @staticmethod
    def _standard_excess(z: Array, slope: Array) -> Array:
        return cauchy.excess(z)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return math.nan, math.nan, math.log(4.0 * math.pi)
