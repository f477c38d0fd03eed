"""The power spherical distribution."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.distributions.beta import Beta
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM
from reparam.families import gamma_draws
from reparam.parameters import Parameter
from reparam.regions import UnitVector
from reparam.special import beta, sphere
from reparam.special.log_gamma import log_gamma_rise
from reparam.special.polygamma import digamma_difference

__all__ = ["PowerSpherical", "divergence"]

#: Nodes and weights on (0, 1).
_NODE, _WEIGHT = 0.5 * np.array(np.polynomial.legendre.leggauss(20)) + [[0.5], [0.0]]


class PowerSpherical(Reparameterized):
    """The power spherical distribution, of unit vectors around a mean direction.

    p(y) ∝ (1 + μᵀy)^κ on the unit sphere in K ≥ 2 dimensions, a density with respect to its area:
    (1 + μᵀy)/2 is beta-distributed, with shapes κ + (K − 1)/2 and (K − 1)/2. Derivatives are on
    the paths of :class:`VonMisesFisher`, which it resembles: the one in κ is at a fixed quantile of
    μᵀy, and the one in μ is of rotations, orthogonal to μ.
    """

    name = "power-spherical"
    mean_direction: Parameter = Parameter(
        "μ", UnitVector(), 0.0, (-3.0, 3.0), ("loc", "mu"), "Mean direction", vector=3
    )
    concentration: Parameter = Parameter(
        "κ", POSITIVE, 1.0, (0.1, 30.0), ("kappa",), "Concentration"
    )
    about = About(
        density="p(y) = (1 + μᵀy)^κ / (2^(κ+2a) π^a Γ(κ+a)/Γ(κ+2a)),  a = (K − 1)/2",
        transform="y = cos θ μ + sin θ v,  cos²(θ/2) = I⁻¹(u; κ + a, a),  v uniform, orthogonal"
        " to μ",
        derivatives={
            "mean_direction": "(μᵀy) δ_ij − μ_i y_j",
            "concentration": "(cos θ v − sin θ μ) ∂θ/∂κ,  of the beta quantile cos²(θ/2)",
        },
        source="De Cao & Aziz (2020), The power spherical distribution",
    )
    mechanism = "implicit"
    noise = NORMAL  # most of it
    path = "field"
    _support = UnitVector()
    _substreams: ClassVar = ((NORMAL, ("K - 1",)), (NORMAL, ()), (UNIFORM, ()))
    _extras = 1  # the half tangent

    @staticmethod
    def _transform(
        z: Array, other: Array, u: Array, mean_direction: Array, concentration: Array
    ) -> tuple[Array, ...]:
        # the squared length of z is independent of its direction: twice a gamma draw of shape a
        mean = sphere.unit(mean_direction)
        across, tangent = sphere.frame(z, mean)
        x, _ = gamma_draws(other, u, concentration + 0.5 * z.shape[-1])
        g = np.minimum(across / np.sqrt(2.0 * x), sphere.LARGEST)
        return sphere.placed(g, tangent, mean)

    @staticmethod
    def _pull(
        upstream: Array, y: Array, half: Array, mean_direction: Array, concentration: Array
    ) -> tuple[Array, ...]:
        mean = sphere.unit(mean_direction)
        g, along = sphere.moved(half, mean)
        a = 0.5 * (y.shape[-1] - 1.0)
        in_logit, _ = beta.logit_pathwise(-2.0 * np.log(g), concentration + a, a)
        in_angle = -g / (1.0 + g * g) * in_logit
        return sphere.pulled(upstream, y, mean), sphere.products(upstream, along) * in_angle

    @staticmethod
    def _log_prob(y: Array, mean_direction: Array, concentration: Array) -> Array:
        x, rest, _ = sphere.separation(sphere.unit(y), sphere.unit(mean_direction))
        return np.asarray(
            concentration * _log_rest(x, rest) - _log_normalizer(concentration, y.shape[-1])
        )

    @staticmethod
    def _score(y: Array, mean_direction: Array, concentration: Array) -> tuple[Array, ...]:
        x, rest, across = sphere.separation(sphere.unit(y), sphere.unit(mean_direction))
        a = 0.5 * (y.shape[-1] - 1.0)
        return (
            _pull_of(across, concentration / rest),
            _log_rest(x, rest) + digamma_difference(concentration + a, np.asarray(a)),
        )

    @staticmethod
    def _stein_score(y: Array, mean_direction: Array, concentration: Array) -> Array:
        _, rest, across = sphere.separation(sphere.unit(mean_direction), sphere.unit(y))
        return _pull_of(across, concentration / rest)

    @staticmethod
    def _mean(mean_direction: Array, concentration: Array) -> Array:
        length = concentration / (concentration + (mean_direction.shape[-1] - 1.0))
        return np.asarray(np.asarray(length)[..., np.newaxis] * sphere.unit(mean_direction))

    @classmethod
    def _variance(cls, mean_direction: Array, concentration: Array) -> Array:
        covariance = cls._covariance(mean_direction, concentration)
        return np.diagonal(covariance, axis1=-2, axis2=-1)

    @staticmethod
    def _covariance(mean_direction: Array, concentration: Array) -> Array:
        twice = mean_direction.shape[-1] - 1.0
        total = concentration + twice
        across = (2.0 * concentration + twice) / total / (total + 1.0)
        along = twice * across / total
        return sphere.along_mean(sphere.unit(mean_direction), along, across)

    @staticmethod
    def _entropy(mean_direction: Array, concentration: Array) -> Array:
        dim = mean_direction.shape[-1]
        a = 0.5 * (dim - 1.0)
        mean_log = -digamma_difference(concentration + a, np.asarray(a))
        return np.asarray(_log_normalizer(concentration, dim) - concentration * mean_log)

    @staticmethod
    def _marginals(mean_direction: Array, concentration: Array) -> tuple[Marginal, ...]:
        a, mean = 0.5 * (len(mean_direction) - 1.0), sphere.unit(mean_direction)
        law = Beta(concentration + a, a)
        return (Marginal("(1 + μᵀy)/2", lambda y: sphere.separation(y, mean)[1], law),)


def _pull_of(across: Array, size: Array) -> Array:
    """Return κ across/(1 + μᵀy): 0 at y = −μ, where it has no direction."""
    return np.where(across == 0.0, 0.0, 0.5 * np.asarray(size)[..., np.newaxis] * across)


def _log_rest(x: Array, rest: Array) -> Array:
    """Return ln(1 − x), given 1 − x as well."""
    return np.where(x < 0.5, np.log1p(-np.minimum(x, 0.5)), np.log(rest))


def _log_normalizer(kappa: Array, dim: int) -> Array:
    """Return the logarithm of the integral of cos^2κ(θ/2) over the sphere."""
    a = 0.5 * (dim - 1.0)
    return a * math.log(4.0 * math.pi) - log_gamma_rise(kappa + a, dim - 1)


def divergence(kappa: Array, dim: int) -> tuple[Array, Array]:
    """Return KL(p‖u) from the uniform distribution u, and its derivative κ Var ln(1 + μᵀy).

    Where its terms cancel, KL is the integral of the derivative from 0 to κ.
    """
    from scipy.special import polygamma

    def slope(kappa: Array) -> Array:
        return np.asarray(kappa * (polygamma(1, kappa + a) - polygamma(1, kappa + 2.0 * a)))

    kappa, a = np.asarray(kappa), 0.5 * (dim - 1.0)
    mean_log = -digamma_difference(kappa + a, np.asarray(a))
    value = sphere.log_area(dim) - _log_normalizer(kappa, dim) + kappa * mean_log
    small = np.minimum(kappa, 1.0)
    near = small * np.sum(_WEIGHT * slope(small[..., np.newaxis] * _NODE), axis=-1)
    return np.where(kappa < 1.0, near, value), slope(kappa)
