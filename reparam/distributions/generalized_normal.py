"""The generalized normal (exponential power, Subbotin) distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.mechanisms import LocationScale
from reparam.base.second_order import Triangle
from reparam.base.tails import Tail
from reparam.conversions import Conversion
from reparam.domains import POSITIVE, REAL
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import log_gamma_draws
from reparam.parameters import Parameter
from reparam.special import gamma
from reparam.special._accurate import LARGEST
from reparam.special.along_paths import bends, scale_of
from reparam.special.log_gamma import log_gamma_one_plus

__all__ = ["GeneralizedNormal"]

_LOG_TWO = math.log(2.0)
#: Beyond the largest x derivatives all but underflow.
_LOG_LARGEST = math.log(LARGEST)


class GeneralizedNormal(LocationScale):
    """The generalized normal (exponential power, Subbotin) distribution.

    p(y) = β exp(−|z|^β)/(2 Γ(1/β) b) with z = (y − μ)/b: Laplace's distribution for β = 1, the
    Gaussian with standard deviation b/√2 for β = 2, and for β → ∞ the uniform on (μ − b, μ + b).
    Since |z|^β is a gamma variable x with shape α = 1/β, z = ±x^α.
    """

    name = "generalized-normal"
    aliases = ("gennorm", "exponential-power", "generalized-gaussian", "subbotin")
    _symmetric = True
    power: Parameter = Parameter(
        "β", POSITIVE, 2.0, (0.5, 8.0), ("beta", "p", "shape"), "Power of |z| in the exponent"
    )
    loc: Parameter = Parameter("μ", REAL, 0.0, (-3.0, 3.0), ("mu", "mean"), "Mean and median")
    scale: Parameter = Parameter(
        "b",
        POSITIVE,
        1.0,
        (0.1, 10.0),
        ("alpha", "b"),
        "Scale",
        conversions={"std": Conversion("{0}*exp(0.5*(gammaln(1/power) - gammaln(3/power)))")},
    )
    about = About(
        density="p(y) = β exp(−|z|^β) / (2 Γ(1/β) b),  z = (y − μ)/b",
        transform="y = μ + b z,  z = ±x^(1/β),  x = P⁻¹(1/β, |2u − 1|)",
        derivatives={"power": "−b (∂F(z; β)/∂β) / p(z)", "loc": "1", "scale": "z"},
        source="Nadarajah (2005), A generalized normal distribution",
        scipy="gennorm(power, loc, scale)",
    )
    _tails = (Tail(growth="power"), Tail(growth="power"))
    path = "field"
    _substreams = (NORMAL, UNIFORM, UNIFORM)
    _extras: ClassVar[int] = 2  # z, and ln x, which z has lost digits of if β is large

    @staticmethod
    def _standard_sampler(z: Array, u: Array, sign: Array, power: Array) -> tuple[Array, ...]:
        log_x = log_gamma_draws(z, u, 1.0 / power)
        return np.copysign(_size(log_x, power), sign - 0.5), log_x

    @classmethod
    def _standard_transform(cls, noise: Array, power: Array) -> tuple[Array, ...]:
        # both tails together, and what is left: the smaller of them exactly
        tails = 2.0 * np.minimum(noise, 1.0 - noise)
        _, log_x = gamma.quantile_logs(1.0 - tails, tails, 1.0 / power)
        return np.copysign(_size(log_x, power), noise - 0.5), log_x

    @staticmethod
    def _standard_icdf(u: Array, power: Array) -> Array:
        return GeneralizedNormal._standard_transform(u, power)[0]

    @classmethod
    def _standard_jacobian(cls, z: Array, *extras_and_shape: Array) -> tuple[Array, ...]:
        log_x, power = extras_and_shape
        return (_slope(z, log_x, power),)

    @staticmethod
    def _standard_pathwise(z: Array, power: Array) -> tuple[Array, ...]:
        return (_slope(z, _base(z, power)[1], power),)

    @classmethod
    def _standard_hessian(cls, z: Array, *extras_and_shape: Array) -> Triangle:
        log_x, power = extras_and_shape
        return ((_bend(z, log_x, power),),)

    @staticmethod
    def _standard_pathwise2(z: Array, power: Array) -> Triangle:
        return ((_bend(z, _base(z, power)[1], power),),)

    @staticmethod
    def _standard_cdf(z: Array, power: Array) -> Array:
        tail = 0.5 * np.asarray(gamma.log_point_sf(*_base(z, power), 1.0 / power))
        return np.where(z < 0.0, tail, 1.0 - tail)

    @staticmethod
    def _standard_sf(z: Array, power: Array) -> Array:
        return GeneralizedNormal._standard_cdf(-z, power)

    @staticmethod
    def _standard_log_cdf(z: Array, power: Array) -> Array:
        tail = np.asarray(gamma.log_sf(*_base(z, power), 1.0 / power)) - _LOG_TWO
        return np.where(z < 0.0, tail, np.log1p(-np.exp(tail)))

    @staticmethod
    def _standard_log_prob(z: Array, power: Array) -> Array:
        return -np.power(np.abs(z), power) - log_gamma_one_plus(1.0 / power) - _LOG_TWO

    @staticmethod
    def _standard_score(z: Array, power: Array) -> tuple[Array, ...]:
        from scipy.special import digamma

        x, alpha = np.power(np.abs(z), power), 1.0 / power
        centre = x == 0.0
        slope = np.where(centre, 0.0, -power * (x / z))
        moved = np.where(centre, 0.0, x * np.log(np.abs(z)))
        return slope, alpha * (alpha * digamma(1.0 + alpha)) - moved

    @staticmethod
    def _standard_moments(power: Array) -> tuple[Any, Any, Any]:
        from scipy.special import gammaln

        alpha = 1.0 / power
        variance = np.exp(gammaln(1.0 + 3.0 * alpha) - gammaln(1.0 + alpha)) / 3.0
        return 0.0, variance, alpha + _LOG_TWO + log_gamma_one_plus(alpha)


def _size(log_x: Array, power: Array) -> Array:
    """Return |z| = x^(1/β)."""
    return np.exp(log_x / power)


def _base(z: Array, power: Array) -> tuple[Array, Array]:
    """Return x = |z|^β and ln x."""
    size = np.abs(z)
    log_x = np.clip(power * np.log(size), -LARGEST, _LOG_LARGEST)
    return np.power(size, power), log_x


def _slope(z: Array, log_x: Array, power: Array) -> Array:
    """Return ∂z/∂β at fixed u.

    With T = ∂(α ln x)/∂α it is −z α² T. In T = ln x + α h(α), h = ∂ln x/∂α, both terms grow
    without bound towards the centre and all but cancel; by the recurrence for h, see
    ``_gamma_integrals``, T = ψ(1 + α) + x h(α + 1). That has a zero for α < 0.46, and no other
    cancellation.
    """
    from scipy.special import digamma

    alpha = 1.0 / power
    log_x = np.clip(log_x, -LARGEST, _LOG_LARGEST)
    rising = np.exp(log_x) * np.asarray(gamma.log_pathwise(log_x, 1.0 + alpha))
    turned = (z / power) * ((digamma(1.0 + alpha) + rising) / power)
    return np.where(z == 0.0, 0.0, -turned)


def _bend(z: Array, log_x: Array, power: Array) -> Array:
    """Return ∂²z/∂β² at fixed u: by differences of ∂ln z/∂β."""
    log_z = (log_x / power) + np.zeros(z.shape)

    def speeds(_: Any, log_z: Array, power: Array) -> tuple[Array]:
        return (_slope(np.ones(log_z.shape), power * log_z, power),)

    room = scale_of(power * log_z) / power
    ((turn,),) = bends(speeds, log_z, [power], [power], [power], room, smooth=True)
    (speed,) = speeds(None, log_z, power)
    return np.where(z == 0.0, 0.0, z * (turn + speed * speed))
