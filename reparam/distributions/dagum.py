"""The Dagum (Burr type III) distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.distributions.generalized_logistic import GeneralizedLogistic
from reparam.domains import POSITIVE
from reparam.families.burr import BurrFamily
from reparam.parameters import Parameter
from reparam.special import burr

__all__ = ["Dagum"]


class Dagum(BurrFamily):
    """The Dagum (Burr type III) distribution: of 1/y with y of a Burr (type XII) distribution.

    F(y) = (1 + z^−a)^−p for y > 0, with z = y/s, reparameterized through its quantile,
    y = s (u^(−1/p) − 1)^(−1/a): p = 1 is the log-logistic distribution. The mean is infinite for
    a ≤ 1, the variance for a ≤ 2.
    """

    name = "dagum"
    aliases = ("burr", "burr3", "burr-iii")
    concentration: Parameter = Parameter(
        "p", POSITIVE, 1.0, (0.2, 10.0), ("p", "d"), "Shape: power of the log-logistic cdf"
    )
    scale: Parameter = Parameter("s", POSITIVE, 1.0, (0.1, 10.0), ("s", "b"), "Scale")
    power: Parameter = Parameter(
        "a", POSITIVE, 3.0, (0.7, 10.0), ("a", "c", "sharpness"), "Tail exponent"
    )
    about = About(
        density="p(y) = (a p/s) (y/s)^(ap−1) (1 + (y/s)^a)^(−p−1)",
        transform="y = s e^(w/a),  w = −log(e^t − 1),  t = −log(u) / p",
        derivatives={
            "concentration": "y t (1 + (y/s)^a) / (a p)",
            "scale": "y / s",
            "power": "−y log(y/s) / a",
        },
        source="Kleiber & Kotz (2003), Statistical Size Distributions, section 6.3",
        scipy="burr(power, concentration, scale=scale)",
    )
    _tails = (Tail(power="concentration*power"), Tail(power="power"))
    _of_log = GeneralizedLogistic

    @staticmethod
    def _order(concentration: Array) -> Array:
        return concentration

    @staticmethod
    def _whole(w: Array, concentration: Array) -> NDArray[np.bool_]:
        return w > 0.0

    @staticmethod
    def _mean(concentration: Array, scale: Array, power: Array) -> Array:
        return scale * burr.mean(concentration, 1.0 / power)

    @staticmethod
    def _variance(concentration: Array, scale: Array, power: Array) -> Array:
        return burr.variance(scale, concentration, 1.0 / power)
