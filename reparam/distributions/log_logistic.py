"""The log-logistic distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.exponentiated import PowerAtZero
from reparam.base.tails import Tail
from reparam.distributions.logistic import Logistic
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import logistic as special
from reparam.special._accurate import cosine_excess

__all__ = ["LogLogistic"]


class LogLogistic(PowerAtZero):
    """The log-logistic (Fisk) distribution: of e^x with x from a logistic distribution.

    p(y) = (β/s) z^(β−1)/(1 + z^β)² for y > 0, with z = y/s, reparameterized through its quantile,
    y = s (u/(1 − u))^(1/β). The mean is infinite for β ≤ 1, the variance for β ≤ 2.
    """

    name = "log-logistic"
    aliases = ("fisk",)
    scale: Parameter = Parameter(
        "s", POSITIVE, 1.0, (0.1, 10.0), ("s", "median"), "Scale and median"
    )
    concentration: Parameter = Parameter(
        "β", POSITIVE, 3.0, (0.7, 10.0), ("beta", "c", "shape"), "Shape"
    )
    about = About(
        density="p(y) = (β/s) (y/s)^(β−1) / (1 + (y/s)^β)²",
        transform="y = s e^(w/β),  w = log(u / (1 − u))",
        derivatives={"scale": "y / s", "concentration": "−y w / β²"},
        source="Johnson, Kotz & Balakrishnan (1995), Continuous Univariate Distributions, ch. 23",
        scipy="fisk(concentration, scale=scale)",
    )
    _tails = (Tail(power="concentration"), Tail(power="concentration"))
    _of_log = Logistic

    @staticmethod
    def _damping_rate() -> float:
        return 2.0

    @staticmethod
    def _damping(w: Array) -> Array:
        return 2.0 * special.softplus(w)

    @staticmethod
    def _damping_slope(w: Array) -> Array:
        return 2.0 * special.sigmoid(w)

    # with b = π/β the mean is s b/sin b, and E[y²] s² 2b/sin 2b

    @staticmethod
    def _mean(scale: Array, concentration: Array) -> Array:
        b, sine, _ = _angle(concentration)
        return np.where(concentration > 1.0, scale * (b / sine), np.inf)

    @staticmethod
    def _variance(scale: Array, concentration: Array) -> Array:
        # b (tan b − b)/sin² b
        b, sine, cosine = _angle(concentration)
        small = np.minimum(b, 1.0)
        series = cosine_excess(-small * small) * b * (b * b)
        difference = np.where(b < 1.0, series, sine - b * cosine)
        spread = scale * (b / sine)
        finite = spread * (spread * (difference / b / cosine))
        return np.where(concentration > 2.0, finite, np.inf)


def _angle(concentration: Array) -> tuple[Array, Array, Array]:
    """Return b = π/β, its sine next to π, and its cosine next to π/2, without cancellation."""
    b = math.pi / concentration
    beyond = np.sin(b * (concentration - 1.0))
    cosine = np.where(b < 1.0, np.cos(b), np.sin(0.5 * b * (concentration - 2.0)))
    return b, np.where(concentration < 2.0, beyond, np.sin(b)), cosine
