"""The Laplace (double exponential) distribution."""

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
from reparam.special.steps import lesser_tail, signed

__all__ = ["Laplace"]


class Laplace(LocationScale):
    """The Laplace (double exponential) distribution.

    p(y) = exp(−|y − μ|/b) / 2b, reparameterized as y = μ + b z, where the standard variate
    z = ±log(2 min(u, 1 − u)), negative for u < ½, is the quantile of uniform u.
    """

    name = "laplace"
    aliases = ("double-exponential",)
    _symmetric = True
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean and median")
    scale: Parameter = Parameter(
        "b",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("b", "sigma"),
        "Scale",
        conversions={"std": times(math.sqrt(0.5), "/sqrt(2)")},
    )
    about = About(
        density="p(y) = exp(−|y − μ| / b) / 2b",
        transform="y = μ + b z,  z = log(2u) for u < ½, −log(2(1 − u)) otherwise",
        derivatives={"loc": "1", "scale": "z"},
        source="Kotz, Kozubowski & Podgórski (2001), The Laplace Distribution, section 2.1",
        scipy="laplace(loc, scale)",
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        # 1 − u is exact where it is the smaller, and 2u near ½ is exact: log sees no rounding.
        z = lesser_tail(u)
        z += z
        return signed(np.log(z, out=z), u)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        tail = 0.5 * np.exp(-np.abs(z))
        return np.where(z < 0.0, tail, 1.0 - tail)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return Laplace._standard_cdf(-z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        tail = -np.abs(z) - math.log(2.0)
        return np.where(z < 0.0, tail, np.log1p(-np.exp(tail)))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return -np.abs(z) - math.log(2.0)

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (-np.sign(z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return 0.0, 2.0, 1.0 + math.log(2.0)

    @staticmethod
    def _joints(loc: Array, scale: Array) -> tuple[Array, ...]:
        return (loc,)  # where the density has its kink
