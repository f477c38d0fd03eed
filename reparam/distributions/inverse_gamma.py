"""The inverse-gamma distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.domains import POSITIVE
from reparam.families import PowerOfGamma, Slopes
from reparam.parameters import Parameter

__all__ = ["InverseGamma"]


class InverseGamma(PowerOfGamma):
    """The inverse-gamma distribution: y = β/x, x ~ Gamma(α).

    p(y) = β^α y^(−α−1) exp(−β/y)/Γ(α) for y > 0. The mean is infinite for α ≤ 1, the variance
    for α ≤ 2.
    """

    name = "inverse-gamma"
    aliases = ("invgamma",)
    alpha: Parameter = Parameter(
        "α", POSITIVE, 3.0, (0.1, 100.0), ("a", "shape", "concentration"), "Shape"
    )
    scale: Parameter = Parameter("β", POSITIVE, 1.0, (0.1, 10.0), ("b", "beta", "rate"), "Scale")
    about = About(
        density="p(y) = β^α y^(−α−1) exp(−β/y) / Γ(α)",
        transform="y = β / P⁻¹(α, 1 − u),  P the regularized incomplete gamma function",
        derivatives={"alpha": "(∂P(α, β/y)/∂α) / p(y)", "scale": "y / β"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
        scipy="invgamma(alpha, scale=scale)",
    )
    _tails = (Tail(growth="1"), Tail(power="alpha"))
    _power = -1.0

    @staticmethod
    def _shape(alpha: Array, scale: Array) -> Array:
        return alpha

    @staticmethod
    def _scale(alpha: Array, scale: Array) -> Array:
        return scale

    @staticmethod
    def _log_scale(alpha: Array, scale: Array) -> Array:
        return np.log(scale)

    @staticmethod
    def _shape_slopes(alpha: Array, scale: Array) -> Slopes:
        return 1.0, 0.0

    @staticmethod
    def _log_scale_slopes(alpha: Array, scale: Array) -> Slopes:
        return 0.0, 1.0 / scale

    @staticmethod
    def _mean(alpha: Array, scale: Array) -> Array:
        return np.where(alpha > 1.0, scale / (alpha - 1.0), np.inf)

    @staticmethod
    def _variance(alpha: Array, scale: Array) -> Array:
        mean = scale / (alpha - 1.0)
        finite = mean * (mean / (alpha - 2.0))
        return np.where(alpha > 2.0, finite, np.inf)
