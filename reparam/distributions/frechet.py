"""The Fréchet distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.exponentiated import Exponentiated
from reparam.base.tails import Tail
from reparam.distributions.gumbel import Gumbel
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import exponential_powers

__all__ = ["Frechet"]


class Frechet(Exponentiated):
    """The Fréchet (type II extreme value) distribution: of 1/y with y from a Weibull distribution.

    p(y) = (α/s) z^(−α−1) exp(−z^−α) for y > 0, with z = y/s, reparameterized through its quantile,
    y = s (−log u)^(−1/α). The mean is infinite for α ≤ 1, the variance for α ≤ 2.
    """

    name = "frechet"
    aliases = ("invweibull", "inverse-weibull")
    scale: Parameter = Parameter("s", POSITIVE, 1.0, (0.1, 10.0), ("s", "sigma"), "Scale")
    concentration: Parameter = Parameter(
        "α", POSITIVE, 3.0, (0.5, 10.0), ("alpha", "c", "shape"), "Tail exponent"
    )
    about = About(
        density="p(y) = (α/s) (y/s)^(−α−1) exp(−(y/s)^−α)",
        transform="y = s e^(w/α),  w = −log(−log u)",
        derivatives={"scale": "y / s", "concentration": "−y w / α²"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 22",
        scipy="invweibull(concentration, scale=scale)",
    )
    _tails = (Tail(growth="concentration"), Tail(power="concentration"))
    _of_log = Gumbel

    @staticmethod
    def _mean(scale: Array, concentration: Array) -> Array:
        s = -1.0 / np.maximum(concentration, 1.0)
        return np.where(concentration > 1.0, exponential_powers.mean(scale, s), np.inf)

    @staticmethod
    def _variance(scale: Array, concentration: Array) -> Array:
        s = -1.0 / np.maximum(concentration, 2.0)
        return np.where(concentration > 2.0, exponential_powers.variance(scale, s), np.inf)
