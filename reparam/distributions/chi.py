"""The chi distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.domains import POSITIVE
from reparam.families import PowerOfGamma, Slopes
from reparam.parameters import Parameter
from reparam.special._accurate import half
from reparam.special.log_gamma import log_half_step

__all__ = ["Chi"]


class Chi(PowerOfGamma):
    """The chi distribution with ν degrees of freedom: y = √(2x), x ~ Gamma(ν/2).

    p(y) = y^(ν−1) exp(−y²/2)/(2^(ν/2−1) Γ(ν/2)) for y > 0; ν = 2 is Rayleigh's, ν = 3 Maxwell's.
    """

    name = "chi"
    df: Parameter = Parameter("ν", POSITIVE, 1.0, (0.2, 200.0), ("nu",), "Degrees of freedom")
    about = About(
        density="p(y) = y^(ν−1) exp(−y²/2) / (2^(ν/2−1) Γ(ν/2))",
        transform="y = √(2 P⁻¹(ν/2, u)),  P the regularized incomplete gamma function",
        derivatives={"df": "−½ (∂P(ν/2, y²/2)/∂α) / p(y)"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 18",
        scipy="chi(df)",
    )
    _tails = (Tail(power="df"), Tail(growth="2"))
    _power = 0.5

    @staticmethod
    def _shape(df: Array) -> Array:
        return half(df)

    @staticmethod
    def _scale(df: Array) -> Array:
        return np.asarray(math.sqrt(2.0))

    @staticmethod
    def _log_scale(df: Array) -> float:
        return 0.5 * math.log(2.0)

    @staticmethod
    def _shape_slopes(df: Array) -> Slopes:
        return (0.5,)

    @staticmethod
    def _log_scale_slopes(df: Array) -> Slopes:
        return (0.0,)

    @staticmethod
    def _mean(df: Array) -> Array:
        from scipy.special import gamma

        # √2 Γ(α+½)/Γ(α), α = ν/2
        small = np.minimum(0.5 * df, 1.0)
        few = math.sqrt(2.0) * small * (gamma(small + 0.5) / gamma(small + 1.0))
        return np.where(df < 2.0, few, np.sqrt(df) * np.exp(log_half_step(half(df))))

    @staticmethod
    def _variance(df: Array) -> Array:
        return -df * np.expm1(2.0 * log_half_step(half(df)))
