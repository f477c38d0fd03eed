"""The generalized extreme value distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reshaped import Reshaped
from reparam.base.tails import Tail
from reparam.distributions.gumbel import Gumbel
from reparam.domains import POSITIVE, REAL, Interval
from reparam.parameters import Parameter
from reparam.special import box_cox, exponential_powers
from reparam.special._accurate import LARGEST

__all__ = ["GeneralizedExtremeValue"]


class GeneralizedExtremeValue(Reshaped):
    """The generalized extreme value distribution, of the largest of many.

    F(y) = exp(−(1 + ξz)^(−1/ξ)) with z = (y − μ)/σ, and exp(−e^(−z)) for ξ = 0, which is Gumbel's;
    ξ > 0 is Fréchet's type, ξ < 0 Weibull's, mirrored. The support ends at μ − σ/ξ: below it for
    ξ > 0, above for ξ < 0. The mean is infinite for ξ ≥ 1, the variance for ξ ≥ ½. SciPy's c is −ξ.
    """

    name = "generalized-extreme-value"
    aliases = ("gev", "genextreme")
    concentration: Parameter = Parameter("ξ", REAL, 0.1, (-0.4, 0.8), ("xi", "shape"), "Shape")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = s^(1+ξ) e^(−s) / σ,  s = (1 + ξz)^(−1/ξ),  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = (e^(ξt) − 1)/ξ,  t = −log(−log u)",
        derivatives={
            "concentration": "σ (1 + ξz) (e^(−ξt) − 1 + ξt) / ξ²",
            "loc": "1",
            "scale": "z",
        },
        source="Coles (2001), An Introduction to Statistical Modeling of Extreme Values, ch. 3",
        scipy="genextreme(-concentration, loc, scale)",
    )
    _support = Interval("low", "high")
    _tails = (Tail(growth="1/abs(concentration)"), Tail(power="1/abs(concentration)"))
    _of_standard = Gumbel

    @property
    def moving(self) -> tuple[str, ...]:
        """The parameters that move an endpoint with a density that is not 0: all, if ξ ≤ −1."""
        return tuple(self.parameters) if np.any(self._values["concentration"] <= -1.0) else ()

    def _ends(self, *theta: Any) -> tuple[Any, Any]:
        concentration, loc, scale = theta
        with np.errstate(all="ignore"):
            # rounded as draws are
            end = loc + scale * (-1.0 / concentration)
            low = np.where(concentration > 0.0, end, -np.inf)
            return low, np.where(concentration < 0.0, end, np.inf)

    @classmethod
    def _standardized(cls, y: Array, *theta: Array) -> Array:
        concentration, loc, scale = theta
        end = -1.0 / concentration
        beyond = np.where(concentration < 0.0, y >= loc + scale * end, y <= loc + scale * end)
        return np.where(beyond & (concentration != 0.0), end, (y - loc) / scale)

    @staticmethod
    def _map(x: Array, concentration: Array) -> Array:
        return box_cox.stretched(x, concentration)

    @staticmethod
    def _map_inverse(z: Array, concentration: Array) -> Array:
        return box_cox.inverse(z, concentration)[0]

    @staticmethod
    def _map_log_slope(x: Array, z: Array, concentration: Array) -> Array:
        return concentration * x

    @staticmethod
    def _map_partials(x: Array, z: Array, concentration: Array) -> tuple[Array, ...]:
        product = np.where(concentration == 0.0, 0.0, concentration * x)
        return (box_cox.stretched_slope(x, product, concentration),)

    @staticmethod
    def _standard_score(z: Array, concentration: Array) -> tuple[Array, ...]:
        # (e^−x − 1)/ξ + φ (e^−x − 1 + x)/ξ² with φ = 1 − e^−t, of which e^−x − 1 is put together
        t, x, base = box_cox.inverse(z, concentration)
        rising = -np.expm1(-t)
        linear = np.clip(box_cox.stretched(-t, concentration), -LARGEST, LARGEST)
        near = linear + t * t * (box_cox.bent(x) * rising)
        total = concentration + rising
        growth = np.where(total == 0.0, 0.0, total * np.expm1(-x))
        rest = np.where((x < -700.0) & (total != 0.0), 0.0, rising * np.maximum(x, -LARGEST))
        far = (growth + rest) / concentration / concentration
        return -total / base, np.where(np.abs(x) < 1.0, near, far)

    @staticmethod
    def _standard_excess(z: Array, slope: Array, concentration: Array) -> Array:
        t, _, base = box_cox.inverse(z, concentration)
        return (1.0 + z * np.expm1(-t)) / base

    @staticmethod
    def _standard_moments(concentration: Array) -> tuple[Array, Array, Array]:
        shape = np.where(np.abs(concentration) < 1e-100, 1e-100, concentration)
        mean = exponential_powers.less_one(np.maximum(-shape, -1.0)) / shape
        variance = exponential_powers.variance(1.0 / np.abs(shape), np.maximum(-shape, -0.5))
        return (
            np.where(concentration < 1.0, mean, np.inf),
            np.where(concentration < 0.5, variance, np.inf),
            1.0 + np.euler_gamma * (1.0 + concentration),
        )
