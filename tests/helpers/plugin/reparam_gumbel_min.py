"""Gumbel's distribution of minima: everything that a package has to provide."""

import math

import numpy as np

import reparam as rp
from reparam.domains import POSITIVE, REAL

__all__ = ["GumbelMin"]


class GumbelMin(rp.LocationScale):
    """Gumbel's distribution of minima, of the smallest of many.

    p(y) = exp(z − e^z)/β with z = (y − μ)/β, reparameterized as y = μ + β z, where the standard
    variate z = log(−log(1 − u)) is the quantile of uniform u.
    """

    name = "gumbel-min"
    aliases = ("log-weibull",)
    loc: rp.Parameter = rp.Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Mode")
    scale: rp.Parameter = rp.Parameter("β", POSITIVE, 1.0, (0.1, 10.0), ("beta",), "Scale")
    about = rp.About(
        density="p(y) = exp(z − e^z) / β,  z = (y − μ)/β",
        transform="y = μ + β z,  z = log(−log(1 − u))",
        derivatives={"loc": "1", "scale": "z"},
        source="Gumbel (1958), Statistics of Extremes, section 5.2",
    )

    @staticmethod
    def _standard_icdf(u):
        return np.log(-np.log1p(-u))

    @staticmethod
    def _standard_cdf(z):
        return -np.expm1(-np.exp(z))

    @staticmethod
    def _standard_sf(z):
        return np.exp(-np.exp(z))

    @staticmethod
    def _standard_log_prob(z):
        z = np.minimum(z, 1e3)  # where e^z is infinite, so is the difference
        return z - np.exp(z)

    @staticmethod
    def _standard_score(z):
        return (-np.expm1(z),)

    @staticmethod
    def _standard_moments():
        return -np.euler_gamma, math.pi**2 / 6.0, 1.0 + np.euler_gamma
