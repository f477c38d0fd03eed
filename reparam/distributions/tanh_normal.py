"""The tanh-normal distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.derived import Derived
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.distributions.gaussian import Gaussian
from reparam.domains import POSITIVE, REAL, Interval
from reparam.parameters import Parameter
from reparam.special.logit_normal import log_slope_mean, modest, sigmoid_variance, tanh_mean
from reparam.special.normal import LOG_TWO_PI
from reparam.transforms.maps import Tanh
from reparam.transforms.transformed import Transformed

__all__ = ["TanhNormal"]


class TanhNormal(Derived):
    """The tanh-normal (squashed Gaussian) distribution: y = tanh x, x ~ N(μ, σ²).

    p(y) = exp(−z²/2)/((1 − y²) σ √(2π)) with z = (artanh y − μ)/σ, for −1 < y < 1. Policies of
    bounded actions are of this kind (Haarnoja et al. 2018, "Soft actor-critic", appendix C). Draws
    that round to ±1 keep x: ``complement`` is 1 − y.
    """

    name = "tanh-normal"
    aliases = ("squashed-normal", "squashed-gaussian")
    _of = Transformed(Gaussian(), Tanh())
    _support = Interval(-1.0, 1.0)
    loc: Parameter = Parameter("μ", REAL, 0.0, (-1.0, 1.0), ("mu",), "Mean of artanh y")
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 1.5), ("sigma",), "Standard deviation of artanh y"
    )
    about = About(
        density="p(y) = exp(−z² / 2) / ((1 − y²) σ √(2π)),  z = (artanh y − μ)/σ",
        transform="y = tanh(μ + σ z),  z ~ N(0, 1)",
        derivatives={"loc": "1 − y²", "scale": "(1 − y²) z"},
        source="Haarnoja, Zhou, Abbeel & Levine (2018), Soft actor-critic, appendix C",
    )
    _tails = (Tail(growth="0"), Tail(growth="0"))

    @classmethod
    def _inner(cls, *theta: Array) -> tuple[tuple[Array, ...], tuple[()]]:
        return theta, ()

    # tanh x = 2 σ(2x) − 1
    @staticmethod
    def _mean(loc: Array, scale: Array) -> Array:
        return tanh_mean(loc, scale)

    @staticmethod
    def _variance(loc: Array, scale: Array) -> Array:
        loc, scale, _ = modest(loc, scale)
        return np.asarray(4.0 * sigmoid_variance(2.0 * loc, 2.0 * scale))

    @staticmethod
    def _entropy(loc: Array, scale: Array) -> Array:
        gaussian = np.log(scale) + 0.5 * (1.0 + LOG_TWO_PI)
        loc, scale, unit = modest(loc, scale)
        slope = 2.0 * math.log(2.0) + unit * log_slope_mean(2.0 * loc, 2.0 * scale)
        return np.asarray(gaussian + slope)
