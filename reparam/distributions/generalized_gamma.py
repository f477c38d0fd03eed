"""The generalized gamma distribution."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.exponentiated import PowerAtZero
from reparam.base.tails import Tail
from reparam.distributions.exp_gamma import ExpGamma
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special.bregman import loggamma_second_difference
from reparam.special.log_gamma_steps import log_gamma_step

__all__ = ["GeneralizedGamma"]

#: From this shape on the power of z and e^−x are put together, where they all but cancel.
_LARGE = 4.0


class GeneralizedGamma(PowerAtZero):
    """The generalized gamma distribution (Stacy's): of s x^(1/k) with x ~ Gamma(α).

    p(y) = (k/(s Γ(α))) z^(αk−1) exp(−z^k) for y > 0, with z = y/s. It is the gamma distribution
    for k = 1, Weibull's for α = 1, and for k = 2 half-normal, Rayleigh's or Maxwell's for α = ½, 1
    and 3/2.
    """

    name = "generalized-gamma"
    aliases = ("gengamma", "stacy")
    concentration: Parameter = Parameter(
        "α", POSITIVE, 1.0, (0.1, 100.0), ("alpha", "a"), "Shape of the gamma variate"
    )
    scale: Parameter = Parameter("s", POSITIVE, 1.0, (0.1, 10.0), ("s",), "Scale")
    power: Parameter = Parameter("k", POSITIVE, 1.0, (0.5, 5.0), ("k", "c", "p"), "Power of y/s")
    about = About(
        density="p(y) = k (y/s)^(αk−1) exp(−(y/s)^k) / (s Γ(α))",
        transform="y = s x^(1/k),  x = P⁻¹(α, u),  P the regularized incomplete gamma function",
        derivatives={
            "concentration": "−(∂P(α, (y/s)^k)/∂α) / p(y)",
            "scale": "y / s",
            "power": "−y log(y/s) / k",
        },
        source="Stacy (1962), A generalization of the gamma distribution",
        scipy="gengamma(concentration, power, scale=scale)",
    )
    _tails = (Tail(power="concentration*power"), Tail(growth="power"))
    _of_log = ExpGamma
    path = ExpGamma.path
    _substreams = ExpGamma._substreams

    @staticmethod
    def _order(concentration: Array) -> Array:
        return concentration

    @staticmethod
    def _height(concentration: Array) -> Array:
        from scipy.special import gammaln

        return -gammaln(concentration)

    @staticmethod
    def _damping(w: Array, concentration: Array) -> Array:
        return np.exp(w)

    @staticmethod
    def _damping_slope(w: Array, concentration: Array) -> Array:
        return np.exp(w)

    @staticmethod
    def _whole(w: Array, concentration: Array) -> NDArray[np.bool_]:
        return np.asarray(concentration > _LARGE)

    @staticmethod
    def _mean(concentration: Array, scale: Array, power: Array) -> Array:
        return scale * np.exp(log_gamma_step(concentration, 1.0 / power))

    @staticmethod
    def _variance(concentration: Array, scale: Array, power: Array) -> Array:
        s = 1.0 / power
        mean = scale * np.exp(log_gamma_step(concentration, s))
        return mean * (mean * np.expm1(loggamma_second_difference(s, concentration)))
