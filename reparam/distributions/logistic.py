"""The logistic distribution."""

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

__all__ = ["Logistic"]


class Logistic(LocationScale):
    """The logistic distribution.

    p(y) = e^(−z) / (s (1 + e^(−z))²) with z = (y − μ)/s, reparameterized as y = μ + s z, where the
    standard variate z = log(u/(1 − u)) is the quantile of uniform u.
    """

    name = "logistic"
    _symmetric = True
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean and median")
    scale: Parameter = Parameter(
        "s",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("s", "sigma"),
        "Scale",
        conversions={"std": times(math.sqrt(3.0) / math.pi, "*sqrt(3)/pi")},
    )
    about = About(
        density="p(y) = e^(−z) / (s (1 + e^(−z))²),  z = (y − μ)/s",
        transform="y = μ + s z,  z = log(u / (1 − u))",
        derivatives={"loc": "1", "scale": "z"},
        source="Balakrishnan (1992), Handbook of the Logistic Distribution, chapter 1",
        scipy="logistic(loc, scale)",
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        # log((1 − w)/w) = log1p((1 − 2w)/w) for the smaller tail w: 1 − 2w is exact near w = ½,
        # where log(u/(1 − u)) would cancel. The quotient overflows for w below 2⁻¹⁰²⁴.
        w = np.subtract(1.0, u)
        w = np.minimum(u, w, out=w)
        z = -2.0 * w
        z += 1.0
        z /= w
        np.log1p(z, out=z)
        if np.any(tiny := w < 2.0**-1000):
            z = np.where(tiny, -np.log(w), z)
        return np.copysign(z, u - 0.5, out=z)

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        tail = np.exp(-np.abs(z))
        return np.where(z < 0.0, tail, 1.0) / (1.0 + tail)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return Logistic._standard_cdf(-z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        magnitude = np.abs(z)
        return -magnitude - 2.0 * np.log1p(np.exp(-magnitude))

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (-np.tanh(0.5 * z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return 0.0, math.pi**2 / 3.0, 2.0
