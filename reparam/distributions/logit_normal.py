"""The logit-normal distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.derived import Derived
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.distributions.gaussian import Gaussian
from reparam.domains import POSITIVE, REAL, UNIT
from reparam.parameters import Parameter
from reparam.special.logit_normal import log_slope_mean, sigmoid_mean, sigmoid_variance
from reparam.special.normal import LOG_TWO_PI
from reparam.transforms.maps import Sigmoid
from reparam.transforms.transformed import Transformed

__all__ = ["LogitNormal"]


class LogitNormal(Derived):
    """The logit-normal distribution: y = 1/(1 + e^−x), x ~ N(μ, σ²).

    p(y) = exp(−z²/2)/(y (1 − y) σ √(2π)) with z = (log(y/(1 − y)) − μ)/σ, for 0 < y < 1. The
    parameters are those of the logit of y: the median of y is 1/(1 + e^−μ).
    """

    name = "logit-normal"
    _of = Transformed(Gaussian(), Sigmoid())
    _support = UNIT
    _mirrored = ("-loc", "scale")
    loc: Parameter = Parameter("μ", REAL, 0.0, (-2.0, 2.0), ("mu",), "Mean of the logit of y")
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 3.0), ("sigma",), "Standard deviation of the logit of y"
    )
    about = About(
        density="p(y) = exp(−z² / 2) / (y (1 − y) σ √(2π)),  z = (log(y / (1 − y)) − μ)/σ",
        transform="y = 1 / (1 + e^(−μ − σ z)),  z ~ N(0, 1)",
        derivatives={"loc": "y (1 − y)", "scale": "y (1 − y) z"},
        source="Atchison & Shen (1980), Logistic-normal distributions, Biometrika 67",
    )
    _tails = (Tail(growth="0"), Tail(growth="0"))

    @classmethod
    def _inner(cls, *theta: Array) -> tuple[tuple[Array, ...], tuple[()]]:
        return theta, ()

    @staticmethod
    def _mean(loc: Array, scale: Array) -> Array:
        return sigmoid_mean(loc, scale)

    @staticmethod
    def _variance(loc: Array, scale: Array) -> Array:
        return sigmoid_variance(loc, scale)

    @staticmethod
    def _entropy(loc: Array, scale: Array) -> Array:
        gaussian = np.log(scale) + 0.5 * (1.0 + LOG_TWO_PI)
        return np.asarray(gaussian + log_slope_mean(loc, scale))
