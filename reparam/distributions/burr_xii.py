"""The Burr (type XII, Singh-Maddala) distribution."""

from __future__ import annotations

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.tails import Tail
from reparam.distributions.generalized_logistic import GeneralizedLogistic
from reparam.domains import POSITIVE
from reparam.families.burr import BurrFamily
from reparam.parameters import Parameter
from reparam.special import burr

__all__ = ["BurrXII"]


class BurrXII(BurrFamily):
    """The Burr (type XII, Singh-Maddala) distribution.

    P(Y > y) = (1 + z^c)^−d for y > 0, with z = y/s, reparameterized through its quantile,
    y = s ((1 − u)^(−1/d) − 1)^(1/c): d = 1 is the log-logistic distribution, c = 1 Lomax's. The
    mean is infinite for cd ≤ 1, the variance for cd ≤ 2.
    """

    name = "burr-xii"
    aliases = ("burr12", "singh-maddala")
    concentration: Parameter = Parameter(
        "d", POSITIVE, 1.0, (0.5, 10.0), ("d", "k"), "Shape: power of the log-logistic tail"
    )
    scale: Parameter = Parameter("s", POSITIVE, 1.0, (0.1, 10.0), ("s",), "Scale")
    power: Parameter = Parameter("c", POSITIVE, 3.0, (0.7, 10.0), ("c",), "Power of y/s")
    about = About(
        density="p(y) = (c d/s) (y/s)^(c−1) (1 + (y/s)^c)^(−d−1)",
        transform="y = s e^(w/c),  w = log(e^t − 1),  t = −log(1 − u) / d",
        derivatives={
            "concentration": "−y t (1 + (y/s)^−c) / (c d)",
            "scale": "y / s",
            "power": "−y log(y/s) / c",
        },
        source="Kleiber & Kotz (2003), Statistical Size Distributions, section 6.2",
        scipy="burr12(power, concentration, scale=scale)",
    )
    _tails = (Tail(power="power"), Tail(power="concentration*power"))
    _of_log = GeneralizedLogistic
    _reflected = True

    @staticmethod
    def _mean(concentration: Array, scale: Array, power: Array) -> Array:
        return scale * burr.mean(concentration, -1.0 / power)

    @staticmethod
    def _variance(concentration: Array, scale: Array, power: Array) -> Array:
        return burr.variance(scale, concentration, -1.0 / power)
