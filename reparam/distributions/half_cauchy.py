"""The half-Cauchy distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import InverseCDF
from reparam.domains import POSITIVE
from reparam.parameters import Parameter
from reparam.special import cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(InverseCDF):
    """The half-Cauchy distribution: of |y| with y from a Cauchy distribution around 0.

    p(y) = 2/(π γ (1 + y²/γ²)) for y > 0, reparameterized through its quantile, y = γ tan(πu/2). The
    mean is infinite, and so the variance undefined (NaN).
    """

    name = "half-cauchy"
    aliases = ("halfcauchy",)
    scale: Parameter = Parameter(
        "γ", POSITIVE, 1.0, (0.1, 10.0), ("gamma", "beta", "sigma", "median"), "Scale and median"
    )
    about = About(
        density="p(y) = 2 / (π γ (1 + y²/γ²))",
        transform="y = γ tan(π u / 2)",
        derivatives={"scale": "y / γ"},
        source="Gelman (2006), Prior distributions for variance parameters, section 3.2",
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
        return np.arctan(y / scale) * (2.0 / math.pi)

    @staticmethod
    def _sf(y: Array, scale: Array) -> Array:
        return np.arctan2(scale, y) * (2.0 / math.pi)

    @staticmethod
    def _log_cdf(y: Array, scale: Array) -> Array:
        lower = np.log(HalfCauchy._cdf(y, scale))
        return np.where(y < scale, lower, np.log1p(-HalfCauchy._sf(y, scale)))

    @staticmethod
    def _log_sf(y: Array, scale: Array) -> Array:
        lower = np.log1p(-HalfCauchy._cdf(y, scale))
        return np.where(y < scale, lower, np.log(HalfCauchy._sf(y, scale)))

    @staticmethod
    def _log_prob(y: Array, scale: Array) -> Array:
        return math.log(2.0 / math.pi) - cauchy.log_one_plus_square(y / scale) - np.log(scale)

    @staticmethod
    def _score(y: Array, scale: Array) -> tuple[Array, ...]:
        return (-cauchy.excess(y / scale) / scale,)

    @staticmethod
    def _stein_score(y: Array, scale: Array) -> Array:
        return cauchy.slope(y / scale) / scale

    @staticmethod
    def _mean(scale: Array) -> Array:
        return np.full_like(scale, np.inf)

    @staticmethod
    def _variance(scale: Array) -> Array:
        return np.full_like(scale, np.nan)

    @staticmethod
    def _entropy(scale: Array) -> Array:
        return math.log(2.0 * math.pi) + np.log(scale)


def _standard_quantile(u: Array, v: Array) -> Array:
    """Return tan(πu/2) = cot(πv/2), of u or of v = 1 − u, whichever is smaller."""
    tangent = np.tan((0.5 * math.pi) * np.minimum(u, v))
    return np.where(u < v, tangent, 1.0 / tangent)
