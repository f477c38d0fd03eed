"""The skew normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL_ROOT
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL
from reparam.parameters import Parameter
from reparam.special import skew_normal as special
from reparam.special._accurate import LARGEST

__all__ = ["SkewNormal"]


class SkewNormal(LocationScale):
    """The skew normal distribution: a Gaussian leaning to one side.

    p(y) = 2 φ(z) Φ(αz)/σ with z = (y − ξ)/σ. It is the Gaussian for α = 0, and for α → ±∞ the
    half-normal above or below ξ. With two Gaussian variables z = (α|z₁| + z₂)/√(1 + α²).
    """

    name = "skew-normal"
    aliases = ("skewnorm",)
    alpha: Parameter = Parameter(
        "α", REAL, 1.0, (-5.0, 5.0), ("a", "shape", "skew"), "Shape: positive for a long upper tail"
    )
    loc: Parameter = Parameter("ξ", REAL, 0.0, (-3.0, 3.0), ("mu", "xi"), "Location")
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma", "omega"),
        "Scale",
        conversions={"tau": RECIPROCAL_ROOT},
    )
    about = About(
        density="p(y) = 2 φ(z) Φ(αz) / σ,  z = (y − ξ)/σ",
        transform="y = ξ + σ z,  z = F⁻¹(u; α)",
        derivatives={"alpha": "σ φ(αz) / (Φ(αz) (1 + α²))", "loc": "1", "scale": "z"},
        source="Azzalini (1985), A class of distributions which includes the normal ones",
        scipy="skewnorm(alpha, loc, scale)",
    )
    _tails = (Tail(growth="2"), Tail(growth="2"))
    path = "field"
    _substreams = (NORMAL, NORMAL)

    @staticmethod
    def _standard_sampler(first: Array, other: Array, alpha: Array) -> tuple[Array, ...]:
        length = np.hypot(1.0, alpha)
        return ((alpha / length) * np.abs(first) + other / length,)

    @staticmethod
    def _standard_icdf(u: Array, alpha: Array) -> Array:
        return np.asarray(special.quantile(u, 1.0 - u, alpha))

    @classmethod
    def _standard_isf(cls, v: Array, alpha: Array) -> Array:
        return np.asarray(special.quantile(1.0 - v, v, alpha))

    @staticmethod
    def _standard_pathwise(z: Array, alpha: Array) -> tuple[Array, ...]:
        # −F_α/p with F_α = −2 ∂T/∂α = −exp(−z² (1 + α²)/2)/(π (1 + α²))
        length = np.hypot(1.0, alpha)
        return (special.inverse_mills(alpha * _finite(z)) / length / length,)

    @staticmethod
    def _standard_pathwise2(z: Array, alpha: Array) -> Triangle:
        # with m = φ(αz)/Φ(αz) and e = m + αz, m′ = −m e
        z = _finite(z)
        m, e = special.inverse_mills(alpha * z), special.inverse_mills_excess(alpha * z)
        length = np.hypot(1.0, alpha)
        twice = m / length / length
        turned = (e / length) * ((z + alpha * e) / length) + 2.0 * (alpha / length) / length
        return ((-twice * turned,),)

    @staticmethod
    def _standard_cdf(z: Array, alpha: Array) -> Array:
        return np.asarray(special.cdf(z, alpha))

    @staticmethod
    def _standard_sf(z: Array, alpha: Array) -> Array:
        return np.asarray(special.cdf(-z, -alpha))

    @staticmethod
    def _standard_log_cdf(z: Array, alpha: Array) -> Array:
        return np.asarray(special.log_cdf(z, alpha))

    @staticmethod
    def _standard_log_sf(z: Array, alpha: Array) -> Array:
        return np.asarray(special.log_cdf(-z, -alpha))

    @staticmethod
    def _standard_log_prob(z: Array, alpha: Array) -> Array:
        return special.log_density(z, alpha)

    @staticmethod
    def _standard_score(z: Array, alpha: Array) -> tuple[Array, ...]:
        ratio = special.inverse_mills(alpha * _finite(z))
        return alpha * ratio - z, z * ratio

    @staticmethod
    def _standard_moments(alpha: Array) -> tuple[Any, Any, Any]:
        share = alpha / np.hypot(1.0, alpha)
        mean = math.sqrt(2.0 / math.pi) * share
        return mean, 1.0 - (2.0 / math.pi) * share * share, special.entropy(alpha)


def _finite(z: Array) -> Array:
    return np.clip(z, -LARGEST, LARGEST)
