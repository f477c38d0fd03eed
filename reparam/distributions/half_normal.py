"""The half-normal distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.conversions import times
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import normal

__all__ = ["HalfNormal"]

_ROOT_HALF = math.sqrt(0.5)
#: E|z| of standard normal z.
_MEAN = math.sqrt(2.0 / math.pi)


class HalfNormal(InverseCDF):
    """The half-normal distribution: of |y| with y from a Gaussian around 0.

    p(y) = √(2/π) exp(−y²/2σ²)/σ for y > 0, reparameterized through its quantile,
    y = σ √2 erf⁻¹(u). σ is the standard deviation of that Gaussian, not of y.
    """

    name = "half-normal"
    aliases = ("halfnorm", "half-gaussian")
    scale: Parameter = Parameter(
        "σ",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("sigma",),
        "Scale",
        conversions={
            "mean": times(1.0 / _MEAN, "*sqrt(pi/2)"),
            "std": times(1.0 / math.sqrt(1.0 - 2.0 / math.pi), "/sqrt(1 - 2/pi)"),
        },
    )
    about = About(
        density="p(y) = √(2/π) exp(−y² / 2σ²) / σ",
        transform="y = σ √2 erf⁻¹(u)",
        derivatives={"scale": "y / σ"},
        source="Johnson, Kotz & Balakrishnan (1994), Continuous Univariate Distributions, ch. 13",
    )
    _support = POSITIVE

    @staticmethod
    def _icdf(u: Array, scale: Array) -> Array:
        return scale * _standard_quantile(u, 1.0 - u)

    @staticmethod
    def _isf(v: Array, scale: Array) -> Array:
        return scale * _standard_quantile(1.0 - v, v)

    @staticmethod
    def _pathwise(y: Array, scale: Array) -> tuple[Array, ...]:
        return (y / scale,)

    @staticmethod
    def _cdf(y: Array, scale: Array) -> Array:
        from scipy.special import erf

        return np.asarray(erf(_ROOT_HALF * (y / scale)))

    @staticmethod
    def _sf(y: Array, scale: Array) -> Array:
        return 2.0 * normal.sf(y / scale)

    @staticmethod
    def _log_cdf(y: Array, scale: Array) -> Array:
        z = y / scale
        return np.where(z < 1.0, np.log(HalfNormal._cdf(y, scale)), np.log1p(-2.0 * normal.sf(z)))

    @staticmethod
    def _log_sf(y: Array, scale: Array) -> Array:
        from scipy.special import erfcx

        z = y / scale
        far = np.log(erfcx(_ROOT_HALF * z)) - 0.5 * z * z
        return np.where(z < 1.0, np.log1p(-HalfNormal._cdf(y, scale)), far)

    @staticmethod
    def _log_prob(y: Array, scale: Array) -> Array:
        z = y / scale
        return math.log(_MEAN) - 0.5 * z * z - np.log(scale)

    @staticmethod
    def _score(y: Array, scale: Array) -> tuple[Array, ...]:
        z = y / scale
        return ((z - 1.0) * ((z + 1.0) / scale),)  # z² may overflow

    @staticmethod
    def _stein_score(y: Array, scale: Array) -> Array:
        return -(y / scale) / scale

    @staticmethod
    def _mean(scale: Array) -> Array:
        return scale * _MEAN

    @staticmethod
    def _variance(scale: Array) -> Array:
        return scale * (scale * (1.0 - 2.0 / math.pi))

    @staticmethod
    def _entropy(scale: Array) -> Array:
        return 0.5 + 0.5 * math.log(0.5 * math.pi) + np.log(scale)


def _standard_quantile(u: Array, v: Array) -> Array:
    """Return √2 erf⁻¹(u) = √2 erfc⁻¹(v), of u or of v = 1 − u, whichever is smaller."""
    from scipy.special import erfinv

    return np.where(u < v, math.sqrt(2.0) * erfinv(u), -normal.icdf(0.5 * v))
