"""The log-normal distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.derived import Derived
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.distributions.gaussian import Gaussian
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter
from reparam.special.normal import LOG_TWO_PI
from reparam.transforms.maps import Exp
from reparam.transforms.transformed import Transformed

__all__ = ["LogNormal"]


class LogNormal(Derived):
    """The log-normal distribution: y = e^x, x ~ N(μ, σ²).

    p(y) = exp(−z²/2)/(y σ √(2π)) with z = (ln y − μ)/σ, for y > 0. The parameters are those of
    ln y: the median of y is e^μ.
    """

    name = "log-normal"
    aliases = ("lognorm", "galton")
    _of = Transformed(Gaussian(), Exp())
    _support = POSITIVE
    loc: Parameter = Parameter("μ", REAL, 0.0, (-2.0, 2.0), ("mu",), "Mean of ln y")
    scale: Parameter = Parameter(
        "σ", POSITIVE, 1.0, (0.1, 2.0), ("sigma", "s"), "Standard deviation of ln y"
    )
    about = About(
        density="p(y) = exp(−(ln y − μ)² / 2σ²) / (y σ √(2π))",
        transform="y = e^(μ + σ z),  z ~ N(0, 1)",
        derivatives={"loc": "y", "scale": "y z"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 14",
        scipy="lognorm(scale, scale=exp(loc))",
    )
    _tails = (Tail(growth="0"), Tail(growth="0"))

    @classmethod
    def _inner(cls, *theta: Array) -> tuple[tuple[Array, ...], tuple[()]]:
        return theta, ()

    @staticmethod
    def _mean(loc: Array, scale: Array) -> Array:
        return np.exp(loc + scale * (0.5 * scale))

    @staticmethod
    def _variance(loc: Array, scale: Array) -> Array:
        # the square of e^(μ + σ²/2) √(e^(σ²) − 1): of factors none of which overflows before it
        half = np.exp(0.5 * (loc + scale * (0.5 * scale)))
        square = scale * scale
        spread = np.where(scale < 1e-8, scale, np.sqrt(np.expm1(np.minimum(square, 1.0))))
        near = half * spread * half
        far = np.exp(loc + square + 0.5 * np.log(-np.expm1(-np.maximum(square, 1.0))))
        return np.square(np.where(square < 1.0, near, far))

    @staticmethod
    def _entropy(loc: Array, scale: Array) -> Array:
        return np.asarray(loc + np.log(scale) + 0.5 * (1.0 + LOG_TWO_PI))
