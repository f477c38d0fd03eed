"""The Pareto distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import LogLocationScale
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, Interval
from reparam.parameters import Parameter
from reparam.special._accurate import log1mexp

__all__ = ["Pareto"]


class Pareto(LogLocationScale):
    """The Pareto distribution, of the first kind.

    p(y) = α m^α/y^(α+1) for y > m, reparameterized through its quantile, y = m (1 − u)^(−1/α). The
    scale m is the lower endpoint of the support. The mean is infinite for α ≤ 1, the variance for α
    ≤ 2.
    """

    name = "pareto"
    aliases = ("pareto-i",)
    scale: Parameter = Parameter(
        "m", POSITIVE, 1.0, (0.1, 10.0), ("x_m", "xm", "m", "low"), "Lower endpoint of the support"
    )
    alpha: Parameter = Parameter(
        "α", POSITIVE, 3.0, (0.5, 20.0), ("b", "shape", "concentration"), "Tail exponent"
    )
    about = About(
        density="p(y) = α m^α / y^(α+1)",
        transform="y = m e^(w/α),  w = −log(1 − u)",
        derivatives={"scale": "y / m", "alpha": "−y w / α²"},
        source="Arnold (2015), Pareto Distributions, section 1.2",
        scipy="pareto(alpha, scale=scale)",
    )
    _support = Interval("scale", math.inf)
    _tails = (Tail(power="1"), Tail(power="alpha"))

    # w is exponential

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        return -np.log1p(-u)

    @staticmethod
    def _standard_isf(v: Array) -> Array:
        return np.abs(np.log(v))  # 0 for v = 1, not -0

    @staticmethod
    def _standard_cdf(w: Array) -> Array:
        return -np.expm1(-w)

    @staticmethod
    def _standard_sf(w: Array) -> Array:
        return np.exp(-w)

    @staticmethod
    def _standard_log_cdf(w: Array) -> Array:
        return log1mexp(-w)

    @staticmethod
    def _standard_log_sf(w: Array) -> Array:
        return -w

    @staticmethod
    def _standard_log_prob(w: Array) -> Array:
        return -w

    @staticmethod
    def _standard_slope(w: Array) -> Array:
        return np.full_like(w, -1.0)

    @staticmethod
    def _standard_mean_and_entropy() -> tuple[float, float]:
        return 1.0, 1.0

    @staticmethod
    def _mean(scale: Array, alpha: Array) -> Array:
        return np.where(alpha > 1.0, scale * (alpha / (alpha - 1.0)), np.inf)

    @staticmethod
    def _variance(scale: Array, alpha: Array) -> Array:
        spread = scale / (alpha - 1.0)
        finite = spread * (spread * (alpha / (alpha - 2.0)))
        return np.where(alpha > 2.0, finite, np.inf)
