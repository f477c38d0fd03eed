"""The horseshoe distribution."""

from __future__ import annotations

import math

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.positive import Scaled
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.parameters import Parameter
from reparam.special import horseshoe as special

__all__ = ["Horseshoe"]


class Horseshoe(Scaled):
    """The horseshoe distribution: of σ λ x with half-Cauchy λ and standard normal x.

    p(y) = e^(z²/2) E₁(z²/2)/(√(2π³) σ) with z = y/σ and the exponential integral E₁: a prior that
    shrinks small effects, as its density is infinite at 0, and leaves large ones, as its tails are
    Cauchy's. Mean and variance are undefined (NaN).
    """

    name = "horseshoe"
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = e^(z²/2) E₁(z²/2) / (√(2π³) σ),  z = y/σ",
        transform="y = σ z,  z = F⁻¹(u)",
        derivatives={"scale": "y / σ"},
        source="Carvalho, Polson & Scott (2010), The horseshoe estimator for sparse signals",
    )
    _support = REAL
    _tails = (Tail(power="1"), Tail(power="1"))
    path = "field"
    _substreams = (NORMAL, UNIFORM)

    @staticmethod
    def _joints(scale: Array) -> tuple[Array, ...]:
        return (0.0 * scale,)

    @staticmethod
    def _standard_sampler(x: Array, u: Array) -> Array:
        local = np.tan((0.5 * math.pi) * np.minimum(u, 1.0 - u))
        return np.where(u < 0.5, x * local, x / local)

    @staticmethod
    def _standard_quantile(u: Array, v: Array) -> Array:
        return np.asarray(special.quantile(u, v))

    @staticmethod
    def _standard_cdf(z: Array) -> Array:
        return np.asarray(special.tail(z))

    @staticmethod
    def _standard_sf(z: Array) -> Array:
        return np.asarray(special.tail(-z))

    @staticmethod
    def _standard_log_cdf(z: Array) -> Array:
        return np.asarray(special.log_tail(z))

    @staticmethod
    def _standard_log_sf(z: Array) -> Array:
        return np.asarray(special.log_tail(-z))

    @staticmethod
    def _standard_log_prob(z: Array) -> Array:
        return np.asarray(special.log_density(z))

    @staticmethod
    def _standard_slope(z: Array) -> Array:
        # at the pole the mean of both sides
        return np.where(z == 0.0, 0.0, -2.0 * special.slope_ratio(z) / z)

    @staticmethod
    def _standard_excess(z: Array) -> Array:
        return np.asarray(1.0 - 2.0 * special.slope_ratio(z))

    @staticmethod
    def _standard_moments() -> tuple[float, float, float]:
        return math.nan, math.nan, special.ENTROPY
