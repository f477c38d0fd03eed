"""The Rayleigh distribution."""

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
from reparam.special._accurate import log1mexp

__all__ = ["Rayleigh"]

_MEAN = math.sqrt(0.5 * math.pi)
_VARIANCE = 2.0 - 0.5 * math.pi


class Rayleigh(Scaled):
    """The Rayleigh distribution: of the length of two independent Gaussians around 0.

    p(y) = y exp(−y²/2σ²)/σ² for y > 0, reparameterized through its quantile,
    y = σ √(−2 log(1 − u)). σ is the standard deviation of these Gaussians, not of y.
    """

    name = "rayleigh"
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma", "mode"),
        "Scale and mode",
        conversions={
            "mean": times(1.0 / _MEAN, "/sqrt(pi/2)"),
            "std": times(1.0 / math.sqrt(_VARIANCE), "/sqrt(2 - pi/2)"),
        },
    )
    about = About(
        density="p(y) = y exp(−y² / 2σ²) / σ²",
        transform="y = σ √(−2 log(1 − u))",
        derivatives={"scale": "y / σ"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 18",
        scipy="rayleigh(scale=scale)",
    )
    _tails = (Tail(power="2"), Tail(growth="2"))

    @staticmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        return np.sqrt(-2.0 * np.where(u < v, np.log1p(-u), np.log(v)))

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return -np.expm1(-0.5 * z * z)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return np.exp(-0.5 * z * z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        # 1 − exp(−z²/2) is z²/2 for small z, whose square may underflow
        return np.where(z < 1e-9, 2.0 * np.log(z) - math.log(2.0), log1mexp(-0.5 * z * z))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        return -0.5 * z * z

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        z = np.minimum(z, 1e200)  # where it is infinite, its logarithm is, too
        return np.log(z) - 0.5 * z * z

    @staticmethod
    def _standard_slope(z: Array) -> Array:
        return 1.0 / z - z

    @staticmethod
    def _standard_excess(z: Array) -> Array:
        return 2.0 - z * z

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return _MEAN, _VARIANCE, 1.0 + 0.5 * (np.euler_gamma - math.log(2.0))
