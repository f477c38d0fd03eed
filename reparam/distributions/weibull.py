"""The Weibull distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.exponentiated import PowerAtZero
from reparam.base.tails import Tail
from reparam.distributions.gumbel import Gumbel
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import exponential_powers

__all__ = ["Weibull"]


class Weibull(PowerAtZero):
    """The Weibull distribution.

    p(y) = (k/λ) z^(k−1) exp(−z^k) for y > 0, with z = y/λ, reparameterized through its quantile,
    y = λ (−log(1 − u))^(1/k). z^k is exponential, −log z^k a Gumbel variate.
    """

    name = "weibull"
    aliases = ("weibull-min",)
    scale: Parameter = Parameter("λ", POSITIVE, 1.0, (0.1, 10.0), ("lambda", "lam"), "Scale")
    concentration: Parameter = Parameter(
        "k", POSITIVE, 1.0, (0.5, 10.0), ("k", "c", "shape"), "Shape"
    )
    about = About(
        density="p(y) = (k/λ) (y/λ)^(k−1) exp(−(y/λ)^k)",
        transform="y = λ e^(w/k),  w = log(−log(1 − u))",
        derivatives={"scale": "y / λ", "concentration": "−y w / k²"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 21",
        scipy="weibull_min(concentration, scale=scale)",
    )
    _tails = (Tail(power="concentration"), Tail(growth="concentration"))

    _of_log = Gumbel
    _reflected = True

    @staticmethod
    def _damping(w: Array) -> Array:
        return np.exp(w)

    @staticmethod
    def _damping_slope(w: Array) -> Array:
        return np.exp(w)

    @classmethod
    def _stein_score(cls, y: Array, *theta: Array) -> Array:
        slope, w = super()._stein_score(y, *theta), cls._standardized(y, *theta)
        if np.any(far := w > 700.0):  # e^w alone may overflow
            slope = np.where(far, -np.exp(w - np.log(y) + np.log(theta[-1])), slope)
        return slope

    @staticmethod
    def _mean(scale: Array, concentration: Array) -> Array:
        return exponential_powers.mean(scale, 1.0 / concentration)

    @staticmethod
    def _variance(scale: Array, concentration: Array) -> Array:
        return exponential_powers.variance(scale, 1.0 / concentration)
