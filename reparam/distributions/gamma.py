"""The gamma distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import RECIPROCAL
from reparam.domains import POSITIVE
from reparam.families import PowerOfGamma, Slopes
from reparam.parameters import Parameter

__all__ = ["Gamma"]


class Gamma(PowerOfGamma):
    """The gamma distribution.

    p(y) = λ^α y^(α−1) exp(−λ y)/Γ(α) for y > 0. The rate scales a draw with unit rate; the
    derivative in the shape α is implicit (Figurnov, Mohamed & Mnih 2018, section 4).
    """

    name = "gamma"
    alpha: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.1, 100.0), ("a", "shape", "k", "concentration"), "Shape"
    )
    rate: Parameter = Parameter(
        "λ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("b", "beta", "lambda", "lam"),
        "Rate",
        conversions={"scale": RECIPROCAL, "theta": RECIPROCAL},
    )
    about = About(
        density="p(y) = λ^α y^(α−1) exp(−λ y) / Γ(α)",
        transform="y = P⁻¹(α, u) / λ,  P the regularized incomplete gamma function",
        derivatives={"alpha": "−(∂P(α, λy)/∂α) / p(y)", "rate": "−y / λ"},
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients",
        scipy="gamma(alpha, scale=1/rate)",
    )
    _tails = (Tail(power="alpha"), Tail(growth="1"))

    @staticmethod
    def _shape(alpha: Array, rate: Array) -> Array:
        return alpha

    @staticmethod
    def _scale(alpha: Array, rate: Array) -> Array:
        return 1.0 / rate

    @staticmethod
    def _log_scale(alpha: Array, rate: Array) -> Array:
        return -np.log(rate)

    @staticmethod
    def _shape_slopes(alpha: Array, rate: Array) -> Slopes:
        return 1.0, 0.0

    @staticmethod
    def _log_scale_slopes(alpha: Array, rate: Array) -> Slopes:
        return 0.0, -1.0 / rate

    @staticmethod
    def _scale_bends(alpha: Array, rate: Array) -> Triangle:
        return (0.0, 0.0), (2.0 / rate / rate,)

    @staticmethod
    def _mean(alpha: Array, rate: Array) -> Array:
        return alpha / rate

    @staticmethod
    def _variance(alpha: Array, rate: Array) -> Array:
        return alpha / rate / rate
