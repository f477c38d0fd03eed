"""The stable distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.domains import POSITIVE, REAL, Interval
from reparam.engine.noise import UNIFORM
from reparam.parameters import Parameter
from reparam.special import stable as special

__all__ = ["Stable"]

#: Places, relative to the middle, between which densities are smooth on one scale.
_JOINTS = (-2.0, -0.5, -0.05, 0.0, 0.05, 0.5, 2.0)


class Stable(LocationScale):
    """The stable distribution, in the parameters S0 of Nolan: those of sums of many of a kind.

    ln E[exp(itz)] = −t^α (1 + i β tan(πα/2) (t^(1−α) − 1)) for t > 0 and z = (y − μ)/σ, which is
    continuous in all parameters: −t (1 + 2iβ ln t/π) at α = 1. It is a Gaussian of variance 2σ² at
    α = 2, Cauchy's distribution at α = 1 and β = 0, and Lévy's at α = ½ and β = 1, shifted by −σ.
    Tails fall like those of Student's t with α degrees of freedom, but one of them faster if
    β = ±1. For these and α < 1 draws are on one side of μ − β σ tan(πα/2) alone. The variance is
    infinite if α < 2, and the mean if α ≤ 1 and β = ±1; the mean is undefined (NaN) for other
    α ≤ 1. Another ``loc`` makes the parameters S1: y of SciPy's ``levy_stable`` is less by
    β σ tan(πα/2) if α is not 1.
    """

    name = "stable"
    aliases = ("alpha-stable",)
    stability: Parameter = Parameter(
        "α",
        Interval(0.3, 2.0, closed=True),
        1.5,
        (0.5, 1.9),
        ("alpha",),
        "Stability: the power of the tails",
    )
    skew: Parameter = Parameter(
        "β", Interval(-1.0, 1.0, closed=True), 0.0, (-0.8, 0.8), ("beta",), "Skew to the upper tail"
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma",), "Scale")
    about = About(
        density="p(y) = Re ∫ exp(−i t z − t^α (1 + i β tan(πα/2) (t^(1−α) − 1))) dt / (π σ)"
        " over t > 0,  z = (y − μ)/σ",
        transform="y = μ + σ z,  z = F⁻¹(u; α, β)",
        derivatives={
            "stability": "−σ (∂F(z; α, β)/∂α) / p(z)",
            "skew": "−σ (∂F(z; α, β)/∂β) / p(z)",
            "loc": "1",
            "scale": "z",
        },
        source="Nolan (2020), Univariate Stable Distributions, sections 1.2 and 3.2",
        accuracy={"entropy": 1e-11},
    )
    _tails = (
        Tail(power="where(skew < 1 and stability < 2, stability, inf)"),
        Tail(power="where(skew > -1 and stability < 2, stability, inf)"),
    )
    _is_slow = True
    path = "field"
    _substreams = (UNIFORM, UNIFORM)

    @staticmethod
    def _joints(stability: Array, skew: Array, loc: Array, scale: Array) -> tuple[Array, ...]:
        middle = special.middle(stability, skew)
        return tuple(loc + scale * (middle + apart) for apart in _JOINTS)

    @staticmethod
    def _standard_sampler(u: Array, v: Array, stability: Array, skew: Array) -> tuple[Array, ...]:
        return (special.draw(u, v, stability, skew),)

    @staticmethod
    def _standard_icdf(u: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.quantile(u, 1.0 - u, stability, skew))

    @classmethod
    def _standard_isf(cls, v: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.quantile(1.0 - v, v, stability, skew))

    @staticmethod
    def _standard_pathwise(z: Array, stability: Array, skew: Array) -> tuple[Array, ...]:
        in_stability, in_skew = special.pathwise(z, stability, skew)
        return in_stability, in_skew

    @classmethod
    def _standard_pathwise2(cls, z: Array, stability: Array, skew: Array) -> Triangle:
        twice, mixed, other = special.bends(z, stability, skew)
        return (twice, mixed), (other,)

    @staticmethod
    def _standard_cdf(z: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.tail(z, stability, skew, 0.0))

    @staticmethod
    def _standard_sf(z: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.tail(z, stability, skew, 1.0))

    @staticmethod
    def _standard_log_cdf(z: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.log_tail(z, stability, skew, 0.0))

    @staticmethod
    def _standard_log_sf(z: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.log_tail(z, stability, skew, 1.0))

    @staticmethod
    def _standard_log_prob(z: Array, stability: Array, skew: Array) -> Array:
        return np.asarray(special.log_density(z, stability, skew))

    @staticmethod
    def _standard_score(z: Array, stability: Array, skew: Array) -> tuple[Array, ...]:
        slope, in_stability, in_skew = special.scores(z, stability, skew)
        return slope, in_stability, in_skew

    @staticmethod
    def _standard_moments(stability: Array, skew: Array) -> tuple[Any, Any, Any]:
        heavy = stability <= 1.0
        mean = -skew * np.tan(0.5 * math.pi * np.where(stability < 2.0, stability, 0.0))
        one_sided = np.where(np.abs(skew) == 1.0, np.copysign(np.inf, skew), np.nan)
        mean = np.where(heavy, one_sided, mean)
        variance = np.where(stability < 2.0, np.inf, 2.0)
        return mean, np.where(np.isnan(mean), np.nan, variance), np.nan

    @staticmethod
    def _standard_entropy(stability: Array, skew: Array) -> Array:
        return np.asarray(special.entropy(stability, skew))
