"""The Weibull distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import LogLocationScale
from reparam.base.tails import Tail
from reparam.distributions.gumbel import Gumbel
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special.bregman import log_quotient, loggamma_second_difference

__all__ = ["Weibull"]

#: Γ(1 + s) overflows from s = 170.6 on.
_OVERFLOWS = 170.0


class Weibull(LogLocationScale):
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

    # w = log(z^k) is −x with x of a Gumbel distribution

    @staticmethod
    def _standard_icdf(u: Array) -> Array:
        return -Gumbel._standard_isf(u)

    @staticmethod
    def _standard_isf(v: Array) -> Array:
        return -Gumbel._standard_icdf(v)

    @staticmethod
    def _standard_cdf(w: Array) -> Array:
        return Gumbel._standard_sf(-w)

    @staticmethod
    def _standard_sf(w: Array) -> Array:
        return Gumbel._standard_cdf(-w)

    @staticmethod
    def _standard_log_cdf(w: Array) -> Array:
        return Gumbel._standard_log_sf(-w)

    @staticmethod
    def _standard_log_sf(w: Array) -> Array:
        return Gumbel._standard_log_cdf(-w)

    @staticmethod
    def _standard_log_prob(w: Array) -> Array:
        return Gumbel._standard_log_prob(-w)

    @staticmethod
    def _standard_slope(w: Array) -> Array:
        return -np.expm1(w)

    @staticmethod
    def _standard_mean_and_entropy() -> tuple[float, float]:
        mean, _, entropy = Gumbel._standard_moments()
        return -mean, entropy

    @classmethod
    def _log_prob(cls, y: Array, scale: Array, concentration: Array) -> Array:
        # by the power k − 1, which is exact near k = 1 and has a limit at y = 0
        log_z = log_quotient(y, scale)
        power = np.where(concentration == 1.0, 0.0, (concentration - 1.0) * log_z)
        hazard = np.exp(concentration * log_z)
        inner = np.log(concentration) - np.log(scale) + power - hazard
        return np.where(hazard == np.inf, -np.inf, inner)

    @classmethod
    def _stein_score(cls, y: Array, scale: Array, concentration: Array) -> Array:
        w = cls._standardized(y, scale, concentration)
        slope = ((concentration - 1.0) - concentration * np.exp(w)) / y
        if np.any(far := w > 700.0):  # e^w alone may overflow
            slope = np.where(far, -np.exp(w - np.log(y) + np.log(concentration)), slope)
        return np.where((y == 0.0) & (concentration == 1.0), -1.0 / scale, slope)

    @staticmethod
    def _mean(scale: Array, concentration: Array) -> Array:
        from scipy.special import gamma, gammaln

        s = 1.0 / concentration
        far = np.exp(np.log(scale) + gammaln(1.0 + s))  # where Γ alone overflows
        return np.where(s < _OVERFLOWS, scale * gamma(1.0 + s), far)

    @staticmethod
    def _variance(scale: Array, concentration: Array) -> Array:
        from scipy.special import gamma, gammaln

        # Γ(1+2s) − Γ(1+s)² is Γ(1+2s) times what does not cancel for small s, and is 1 for large s
        s = 1.0 / concentration
        share = -np.expm1(-loggamma_second_difference(np.minimum(s, 1e3)))
        near = scale * (scale * (gamma(1.0 + 2.0 * s) * share))
        far = np.exp(2.0 * np.log(scale) + gammaln(1.0 + 2.0 * s))
        limit = (scale * s) * (scale * s) * (math.pi**2 / 6.0)  # whose s² alone may underflow
        return np.select([s < 1e-17, 2.0 * s < _OVERFLOWS], [limit, near], far)
