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
from reparam.special import logistic as special

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

    _standard_icdf = staticmethod(special.logit)
    _standard_cdf = staticmethod(special.sigmoid)
    _standard_log_prob = staticmethod(special.log_slope)

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return Logistic._standard_cdf(-z)

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        return np.minimum(z, 0.0) - np.log1p(np.exp(-np.abs(z)))

    @staticmethod
    def _standard_score(z: Array) -> tuple[Array, ...]:
        return (-np.tanh(0.5 * z),)

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return 0.0, math.pi**2 / 3.0, 2.0
