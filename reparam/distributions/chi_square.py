"""The chi-square distribution."""

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

__all__ = ["ChiSquare"]


class ChiSquare(PowerOfGamma):
    """The chi-square distribution with ν degrees of freedom: y = 2x, x ~ Gamma(ν/2).

    p(y) = y^(ν/2−1) exp(−y/2)/(2^(ν/2) Γ(ν/2)) for y > 0.
    """

    name = "chi-square"
    aliases = ("chi2", "chi-squared")
    df: Parameter = Parameter("ν", POSITIVE, 1.0, (0.2, 200.0), ("nu",), "Degrees of freedom")
    about = About(
        density="p(y) = y^(ν/2−1) exp(−y/2) / (2^(ν/2) Γ(ν/2))",
        transform="y = 2 P⁻¹(ν/2, u),  P the regularized incomplete gamma function",
        derivatives={"df": "−½ (∂P(ν/2, y/2)/∂α) / p(y)"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 18",
        scipy="chi2(df)",
    )
    _tails = (Tail(power="df/2"), Tail(growth="1"))

    @staticmethod
    def _shape(df: Array) -> Array:
        return half(df)

    @staticmethod
    def _scale(df: Array) -> Array:
        return np.asarray(2.0)

    @staticmethod
    def _log_scale(df: Array) -> float:
        return math.log(2.0)

    @staticmethod
    def _shape_slopes(df: Array) -> Slopes:
        return (0.5,)

    @staticmethod
    def _log_scale_slopes(df: Array) -> Slopes:
        return (0.0,)

    @staticmethod
    def _mean(df: Array) -> Array:
        return df

    @staticmethod
    def _variance(df: Array) -> Array:
        return 2.0 * df
