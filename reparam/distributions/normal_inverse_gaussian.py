"""The normal inverse Gaussian distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.distributions.inverse_gaussian import InverseGaussian
from reparam.domains import POSITIVE, REAL, Interval
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.parameters import Parameter
from reparam.special import normal_inverse_gaussian as special

__all__ = ["NormalInverseGaussian"]


class NormalInverseGaussian(LocationScale):
    """The normal inverse Gaussian distribution: a Gaussian with a variance of inverse Gaussian law.

    p(y) = α K₁(α √(1 + z²)) exp(γ + α τ z)/(π √(1 + z²) σ), z = (y − μ)/σ, γ = α √(1 − τ²). The
    tilt τ is the ratio of SciPy's b and a, and of the skewness and the tail weight of TFP, which
    are α τ/σ and α/σ. z = α τ v + √v ε, with v of the inverse Gaussian distribution of mean 1/γ
    and concentration 1.
    """

    name = "normal-inverse-gaussian"
    aliases = ("norminvgauss", "nig")
    alpha: Parameter = Parameter(
        "α",
        POSITIVE,
        1.0,
        (0.3, 10.0),
        ("a",),
        "Steepness of the tails, in units of 1/σ",
        conversions={"tailweight": Conversion("{0}*scale")},
    )
    tilt: Parameter = Parameter(
        "τ",
        Interval(-1.0, 1.0),
        0.0,
        (-0.8, 0.8),
        (),
        "Tilt to the upper tail",
        conversions={"skewness": Conversion("{0}/(alpha*scale)"), "b": Conversion("{0}/alpha")},
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu",), "Location")
    scale: Parameter = Parameter("σ", POSITIVE, 1.0, (0.1, 10.0), ("sigma", "delta"), "Scale")
    about = About(
        density="p(y) = α K₁(α √(1+z²)) exp(γ + α τ z) / (π √(1+z²) σ),"
        "  z = (y − μ)/σ,  γ = α √(1−τ²)",
        transform="y = μ + σ z,  z = F⁻¹(u; α, τ)",
        derivatives={
            "alpha": "−σ (∂F(z; α, τ)/∂α) / p(z)",
            "tilt": "−σ (∂F(z; α, τ)/∂τ) / p(z)",
            "loc": "1",
            "scale": "z",
        },
        source="Barndorff-Nielsen (1997), Normal inverse Gaussian distributions and stochastic"
        " volatility modelling",
        scipy="norminvgauss(alpha, alpha*tilt, loc, scale)",
        accuracy={"pathwise": 1e-10},
    )
    _tails = (Tail(growth="1"), Tail(growth="1"))
    path = "field"
    _substreams = (NORMAL, UNIFORM, NORMAL)

    @staticmethod
    def _standard_sampler(
        z: Array, u: Array, other_z: Array, alpha: Array, tilt: Array
    ) -> tuple[Array, ...]:
        rate = alpha * _root(tilt)
        variance, _ = InverseGaussian._sampler(z, u, 1.0 / rate, np.ones_like(rate))
        return (alpha * tilt * variance + np.sqrt(variance) * other_z,)

    @staticmethod
    def _standard_icdf(u: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.quantile(u, 1.0 - u, alpha, tilt))

    @classmethod
    def _standard_isf(cls, v: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.quantile(1.0 - v, v, alpha, tilt))

    @staticmethod
    def _standard_pathwise(z: Array, alpha: Array, tilt: Array) -> tuple[Array, ...]:
        in_alpha, in_tilt = special.pathwise(z, alpha, tilt)
        return in_alpha, in_tilt

    @classmethod
    def _standard_pathwise2(cls, z: Array, alpha: Array, tilt: Array) -> Triangle:
        root = _root(tilt)
        first, second, *bends = special.integrals(z, alpha, np.arctanh(tilt))
        slope, in_alpha, in_tilt = cls._standard_score(z, alpha, tilt)
        twice, mixed, other = bends[0], bends[1] / root, bends[2] / root / root
        second = second / root
        return (
            (
                twice - 2.0 * in_alpha * first - slope * first * first,
                mixed - in_alpha * second - in_tilt * first - slope * first * second,
            ),
            (other - 2.0 * in_tilt * second - slope * second * second,),
        )

    @staticmethod
    def _standard_cdf(z: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.tail(z, alpha, tilt, 0.0))

    @staticmethod
    def _standard_sf(z: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.tail(z, alpha, tilt, 1.0))

    @staticmethod
    def _standard_log_cdf(z: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.log_tail(z, alpha, tilt, 0.0))

    @staticmethod
    def _standard_log_sf(z: Array, alpha: Array, tilt: Array) -> Array:
        return np.asarray(special.log_tail(z, alpha, tilt, 1.0))

    @staticmethod
    def _standard_log_prob(z: Array, alpha: Array, tilt: Array) -> Array:
        value = special.log_density(np.arcsinh(z), alpha, np.arctanh(tilt))
        return np.where(np.isinf(z), -np.inf, value - 0.5 * _log_square(z))

    @staticmethod
    def _standard_score(z: Array, alpha: Array, tilt: Array) -> tuple[Array, ...]:
        t, r, reach = np.arcsinh(z), np.arctanh(tilt), np.hypot(1.0, z)
        deficit = special.one_minus_ratio(alpha * reach)
        # γ sinh(t − r) and γ (cosh(t − r) − 1), and α (z − τ/√(1 − τ²))
        rate, apart = alpha * _root(tilt), np.sinh(0.5 * (t - r))
        slope = alpha * deficit * (z / reach) - 2.0 * (z / reach / reach)
        slope = slope - rate * np.sinh(t - r) / reach
        in_alpha = reach * deficit - 2.0 * _root(tilt) * apart * apart
        return slope, in_alpha, 2.0 * alpha * np.cosh(0.5 * (t + r)) * apart

    @staticmethod
    def _standard_moments(alpha: Array, tilt: Array) -> tuple[Any, Any, Any]:
        root = _root(tilt)
        r = np.arctanh(tilt)
        return tilt / root, 1.0 / alpha / root**3, special.entropy(alpha, r)


def _root(tilt: Array) -> Array:
    """Return √(1 − τ²), with the digits of 1 − τ."""
    return np.sqrt((1.0 - tilt) * (1.0 + tilt))


def _log_square(z: Array) -> Array:
    """Return ln(1 + z²), also where z² overflows."""
    size = np.abs(z)
    return np.where(size < 1e8, np.log1p(z * z), 2.0 * np.log(size))
