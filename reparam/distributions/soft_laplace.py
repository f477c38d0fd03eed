"""The hyperbolic secant distribution, a Laplace distribution with a smooth mode."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.tails import Tail
from reparam.conversions import times
from reparam.domains import POSITIVE, REAL
from reparam.parameters import Parameter

__all__ = ["SoftLaplace"]

#: From here on arctan e^−z is e^−z to the last bit: it is e^−z − e^−3z/3 + ….
_EXPONENTIAL = 20.0


class SoftLaplace(LocationScale):
    """The hyperbolic secant distribution, a Laplace distribution with a smooth mode.

    p(y) = sech(z)/(π s) with z = (y − μ)/s, reparameterized as y = μ + s z, where the standard
    variate z = log(tan(πu/2)) is the quantile of uniform u.
    """

    name = "soft-laplace"
    aliases = ("hypsecant", "hyperbolic-secant")
    _symmetric = True
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean and median")
    scale: Parameter = Parameter(
        "s",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("s", "sigma"),
        "Scale",
        conversions={"std": times(2.0 / math.pi, "*2/pi")},
    )
    about = About(
        density="p(y) = sech(z) / (π s),  z = (y − μ)/s",
        transform="y = μ + s z,  z = log(tan(π u / 2))",
        derivatives={"loc": "1", "scale": "z"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 23",
        scipy="hypsecant(loc, scale)",
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        # log(tan(πw/2)) for the smaller tail w, by the inverse Gudermannian function next to ½
        w = np.minimum(u, 1.0 - u)
        near = -np.arcsinh(np.tan(math.pi * (0.5 - np.maximum(w, 0.25))))
        z = np.where(w < 0.25, np.log(np.tan((0.5 * math.pi) * w)), near)
        return np.where(u < 0.5, z, -z)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return np.arctan(np.exp(z)) * (2.0 / math.pi)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return SoftLaplace._standard_cdf(-z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        lower = np.where(
            z < -_EXPONENTIAL, z + math.log(2.0 / math.pi), np.log(SoftLaplace._standard_cdf(z))
        )
        return np.where(z < 0.0, lower, np.log1p(-SoftLaplace._standard_sf(z)))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return math.log(2.0 / math.pi) - np.abs(z) - np.log1p(np.exp(-2.0 * np.abs(z)))

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (-np.tanh(z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return 0.0, math.pi**2 / 4.0, math.log(2.0 * math.pi)
