"""The half-Cauchy distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(Scaled):
    """The half-Cauchy distribution: of |y| with y from a Cauchy distribution around 0.

    p(y) = 2/(π γ (1 + y²/γ²)) for y > 0, reparameterized through its quantile, y = γ tan(πu/2).
    Mean and variance are infinite.
    """

    name = "half-cauchy"
    scale: Parameter = Parameter(
        "γ", POSITIVE, 1.0, (0.1, 10.0), ("gamma", "beta", "sigma", "median"), "Scale and median"
    )
    about = About(
        density="p(y) = 2 / (π γ (1 + y²/γ²))",
        transform="y = γ tan(π u / 2)",
        derivatives={"scale": "y / γ"},
        source="Gelman (2006), Prior distributions for variance parameters, section 3.2",
        scipy="halfcauchy(scale=scale)",
    )
    _tails = (Tail(power="1"), Tail(power="1"))

    @staticmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        # tan(πu/2) = cot(πv/2)
        tangent = np.tan((0.5 * math.pi) * np.minimum(u, v))
        return np.where(u < v, tangent, 1.0 / tangent)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return np.arctan(z) * (2.0 / math.pi)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return np.arctan2(1.0, z) * (2.0 / math.pi)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        lower = np.log(HalfCauchy._standard_cdf(z))
        return np.where(z < 1.0, lower, np.log1p(-HalfCauchy._standard_sf(z)))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        lower = np.log1p(-HalfCauchy._standard_cdf(z))
        return np.where(z < 1.0, lower, np.log(HalfCauchy._standard_sf(z)))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return math.log(2.0 / math.pi) - cauchy.log_one_plus_square(z)

    _standard_slope = staticmethod(cauchy.slope)
    _standard_excess = staticmethod(cauchy.excess)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return math.inf, math.inf, math.log(2.0 * math.pi)
