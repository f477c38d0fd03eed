"""The half-normal distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.conversions import times
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import normal

__all__ = ["HalfNormal"]

_ROOT_HALF = math.sqrt(0.5)
#: E|z| of standard normal z.
_MEAN = math.sqrt(2.0 / math.pi)


class HalfNormal(Scaled):
    """The half-normal distribution: of |y| with y from a Gaussian around 0.

    p(y) = √(2/π) exp(−y²/2σ²)/σ for y > 0, reparameterized through its quantile,
    y = σ √2 erf⁻¹(u). σ is the standard deviation of that Gaussian, not of y.
    """

    name = "half-normal"
    aliases = ("halfnorm", "half-gaussian")
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma",),
        "Scale",
        conversions={
            "mean": times(1.0 / _MEAN, "*sqrt(pi/2)"),
            "std": times(1.0 / math.sqrt(1.0 - 2.0 / math.pi), "/sqrt(1 - 2/pi)"),
        },
    )
    about = About(
        density="p(y) = √(2/π) exp(−y² / 2σ²) / σ",
        transform="y = σ √2 erf⁻¹(u)",
        derivatives={"scale": "y / σ"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 13",
        scipy="halfnorm(scale=scale)",
    )
    _tails = (Tail(power="1"), Tail(growth="2"))

    @staticmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        from scipy.special import erfinv

        # √2 erf⁻¹(u) = √2 erfc⁻¹(v)
        return np.where(u < v, math.sqrt(2.0) * erfinv(u), -normal.icdf(0.5 * v))

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        from scipy.special import erf

        return np.asarray(erf(_ROOT_HALF * z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return 2.0 * normal.sf(z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        lower = np.log(HalfNormal._standard_cdf(z))
        return np.where(z < 1.0, lower, np.log1p(-HalfNormal._standard_sf(z)))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        from scipy.special import erfcx

        far = np.log(erfcx(_ROOT_HALF * z)) - 0.5 * z * z
        return np.where(z < 1.0, np.log1p(-HalfNormal._standard_cdf(z)), far)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return math.log(_MEAN) - 0.5 * z * z

    @staticmethod
    def _standard_slope(z: Array) -> Array:
        return -z

    @staticmethod
    def _standard_excess(z: Array) -> Array:
        return (1.0 - z) * (1.0 + z)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return _MEAN, 1.0 - 2.0 / math.pi, 0.5 + 0.5 * math.log(0.5 * math.pi)
