"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL, Interval
from reparam.parameters import Parameter
from reparam.special import box_cox
from reparam.special._accurate import LARGEST, log1mexp

__all__ = ["GeneralizedPareto"]

#: Up to this |x| the moment ∫₀¹ s² e^(xs) ds is a series of this number of terms.
_NEAR, _TERMS = 2.5, 24


class GeneralizedPareto(LocationScale):
    """The generalized Pareto distribution, of what exceeds a high threshold.

    p(y) = (1 + ξz)^(−1/ξ−1)/σ for z = (y − μ)/σ > 0, and e^(−z)/σ for ξ = 0, reparameterized as
    y = μ + σ z, where z = ((1 − u)^−ξ − 1)/ξ. The support ends at μ − σ/ξ if ξ < 0. The mean is
    infinite for ξ ≥ 1, the variance for ξ ≥ ½.
    """

    name = "generalized-pareto"
    aliases = ("genpareto", "gpd")
    concentration: Parameter = Parameter("ξ", REAL, 0.1, (-0.4, 1.0), ("xi", "c", "shape"), "Shape")
    loc: Parameter = Parameter(
        "μ", REAL, 0.0, (-3.0, 3.0), ("mu", "threshold"), "Lower endpoint of the support"
    )
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = (1 + ξz)^(−1/ξ−1) / σ,  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = (e^(ξt) − 1)/ξ,  t = −log(1 − u)",
        derivatives={
            "concentration": "σ (1 + ξz) (e^(−ξt) − 1 + ξt) / ξ²",
            "loc": "1",
            "scale": "z",
        },
        source="Hosking & Wallis (1987), Parameter and quantile estimation for the generalized"
        " Pareto distribution",
        scipy="genpareto(concentration, loc, scale)",
    )
    _support = Interval("loc", math.inf)
    _tails = (Tail(power="1"), Tail(power="1/abs(concentration)"))

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        concentration, loc, scale = theta
        with np.errstate(all="ignore"):
            # rounded as draws are
            end = loc + scale * (-1.0 / concentration)
            return loc, np.where(concentration < 0.0, end, np.inf)

    @classmethod
    def _standardized(cls, y: Array, *theta: Array) -> Array:
        concentration, loc, scale = theta
        end = -1.0 / np.minimum(concentration, -0.0)  # ∞ for ξ ≥ 0
        return np.where(y >= loc + scale * end, end, (y - loc) / scale)

    # t of z is exponential

    @staticmethod
    def _standard_icdf(u: Array, concentration: Array) -> Array:
        return box_cox.stretched(-np.log1p(-u), concentration)

    @staticmethod
    def _standard_isf(v: Array, concentration: Array) -> Array:
        return box_cox.stretched(np.abs(np.log(v)), concentration)

    @staticmethod
    def _standard_pathwise(z: Array, concentration: Array) -> tuple[Array, ...]:
        t, x, _ = box_cox.inverse(z, concentration)
        return (box_cox.stretched_slope(t, x, concentration),)

    @staticmethod
    def _standard_pathwise2(z: Array, concentration: Array) -> Triangle:
        # t³ ∫₀¹ s² e^(xs) ds with x = ξt, which is (e^x (x² − 2x + 2) − 2)/ξ³
        t, x, _ = box_cox.inverse(z, concentration)
        small = np.where(np.abs(x) < _NEAR, x, 0.0)
        near = t * t * t * _second_moment(small)
        growth = np.exp(x)
        rising = np.where(growth == 0.0, 0.0, ((x - 2.0) * x + 2.0) * growth)
        far = (rising - 2.0) / concentration / concentration / concentration
        return ((np.where(np.abs(x) < _NEAR, near, far),),)

    @staticmethod
    def _standard_cdf(z: Array, concentration: Array) -> Array:
        return -np.expm1(-box_cox.inverse(z, concentration)[0])

    @staticmethod
    def _standard_sf(z: Array, concentration: Array) -> Array:
        return np.exp(-box_cox.inverse(z, concentration)[0])

    @staticmethod
    def _standard_log_cdf(z: Array, concentration: Array) -> Array:
        return log1mexp(-box_cox.inverse(z, concentration)[0])

    @staticmethod
    def _standard_log_sf(z: Array, concentration: Array) -> Array:
        return -box_cox.inverse(z, concentration)[0]

    @staticmethod
    def _standard_log_prob(z: Array, concentration: Array) -> Array:
        t, x, _ = box_cox.inverse(z, concentration)
        # t underflows for the largest ξ
        inner = np.where(
            np.abs(concentration) < 1.0, (1.0 + concentration) * t, (1.0 + 1.0 / concentration) * x
        )
        return np.where(concentration == -1.0, 0.0, -inner)

    @staticmethod
    def _standard_score(z: Array, concentration: Array) -> tuple[Array, ...]:
        # (1 + ξ) (e^−x − 1 + x)/ξ² − t, of which t cancels for large ξ
        t, x, base = box_cox.inverse(z, concentration)
        small = np.where(np.abs(x) < 1.0, x, 1.0)
        near = t * ((1.0 + concentration) * t * box_cox.bent(small) - 1.0)
        flat = concentration == -1.0  # whose density is constant up to the end
        steep = np.where(flat, 0.0, (1.0 + concentration) * np.expm1(-x))
        far = (np.maximum(x, -LARGEST) + steep) / concentration / concentration
        slope = np.where(flat, 0.0, -(1.0 + concentration) / base)
        return slope, np.where(np.abs(x) < 1.0, near, far)

    @staticmethod
    def _standard_excess(z: Array, slope: Array, concentration: Array) -> Array:
        # 1 − (1 + ξ) z/(1 + ξz)
        return np.where(
            concentration == -1.0, 1.0, (1.0 - z) / box_cox.inverse(z, concentration)[2]
        )

    @staticmethod
    def _standard_moments(concentration: Array) -> tuple[Array, Array, Array]:
        mean = 1.0 / (1.0 - concentration)
        variance = mean * (mean / (1.0 - 2.0 * concentration))
        return (
            np.where(concentration < 1.0, mean, np.inf),
            np.where(concentration < 0.5, variance, np.inf),
            1.0 + concentration,
        )


def _second_moment(x: Array) -> Array:
    """Return ∫₀¹ s² e^(xs) ds = Σ x^k/(k! (k + 3)), for small x."""
    total = np.full(x.shape, 1.0 / (_TERMS + 3.0))
    for k in range(_TERMS, 0, -1):
        total = total * (x / k) + 1.0 / (k + 2.0)
    return total
