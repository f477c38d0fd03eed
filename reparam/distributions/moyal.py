"""The Moyal distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.distributions.half_normal import HalfNormal
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special.normal import HALF_LOG_TWO_PI

__all__ = ["Moyal"]

_LOG_TWO = math.log(2.0)
#: From here on ln P(|x| < e^(−z/2)) is ½ ln(2/π) − z/2 to the last bit, x standard normal.
_ALL_BUT_EXPONENTIAL = 80.0


class Moyal(LocationScale):
    """The Moyal distribution: of −ln x² with x from a standard Gaussian; near to Landau's.

    p(y) = exp(−(z + e^(−z))/2)/(σ √(2π)) with z = (y − μ)/σ, reparameterized as y = μ + σ z, where
    z = −2 log(√2 erfc⁻¹(u)) is the quantile of uniform u.
    """

    name = "moyal"
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mode"), "Mode")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = exp(−(z + e^(−z)) / 2) / (σ √(2π)),  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = −2 log(√2 erfc⁻¹(u))",
        derivatives={"loc": "1", "scale": "z"},
        source="Moyal (1955), Theory of ionization fluctuations, Philosophical Magazine 46",
        scipy="moyal(loc, scale)",
    )
    _tails = (Tail(growth="inf"), Tail(growth="1"))

    # e^(−z/2) is half-normal

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        z = -2.0 * np.log(HalfNormal._standard_quantile(1.0 - u, u))
        return _polished(z, u, 1.0)

    @staticmethod
    def _standard_isf(v: Array) -> Array:
        z = -2.0 * np.log(HalfNormal._standard_quantile(v, 1.0 - v))
        return _polished(z, v, -1.0)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return HalfNormal._standard_sf(np.exp(-0.5 * z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return HalfNormal._standard_cdf(np.exp(-0.5 * z))

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        # what is infinite would lose ln erfcx, which is ½ ln(2/π) + z/2
        return HalfNormal._standard_log_sf(np.exp(-0.5 * np.maximum(z, -1400.0)))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        near = HalfNormal._standard_log_cdf(np.exp(-0.5 * np.minimum(z, _ALL_BUT_EXPONENTIAL)))
        far = 0.5 * math.log(2.0 / math.pi) - 0.5 * z
        return np.where(z > _ALL_BUT_EXPONENTIAL, far, near)

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        z = np.maximum(z, -1500.0)  # an infinite z would lose the difference
        return -0.5 * (z + np.exp(-z)) - HALF_LOG_TWO_PI

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (0.5 * np.expm1(-z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        entropy = 0.5 * (1.0 + np.euler_gamma + math.log(4.0 * math.pi))
        return np.euler_gamma + _LOG_TWO, 0.5 * math.pi**2, entropy


def _polished(z: Array, tail: Array, sign: float) -> Array:
    """Return z after Newton's step next to 0, where ln w has lost the digits of w."""
    near = np.clip(z, -1.0, 1.0)
    found = Moyal._standard_cdf(near) if sign > 0.0 else Moyal._standard_sf(near)
    step = (tail - found) * np.exp(-Moyal._standard_log_prob(near))
    return np.where(np.abs(z) < 1.0, z + sign * step, z)
