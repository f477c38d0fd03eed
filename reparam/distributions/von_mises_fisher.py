"""The von Mises-Fisher distribution."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.domains import POSITIVE
from reparam.engine.noise import NORMAL, UNIFORM, further
from reparam.parameters import Parameter
from reparam.regions import UnitVector
from reparam.special import sphere
from reparam.special import von_mises_fisher as special
from reparam.special._accurate import log1pmx

__all__ = ["VonMisesFisher"]


class VonMisesFisher(Reparameterized):
    """The von Mises-Fisher distribution, of unit vectors around a mean direction.

    p(y) ∝ exp(κ μᵀy) on the unit sphere in K ≥ 2 dimensions, a density with respect to its area.
    The derivative in κ moves y along the great circle through μ, at a fixed quantile of μᵀy. The
    derivative in μ is that of the rotation in the plane of μ and dμ: dy = dμ (μᵀy) − μ (dμᵀy). It
    is orthogonal to μ, as the derivative of a function of μ/‖μ‖ is.
    """

    name = "von-mises-fisher"
    aliases = ("vmf",)
    mean_direction: Parameter = Parameter(
        "μ", UnitVector(), 0.0, (-3.0, 3.0), ("loc", "mu"), "Mean direction", vector=3
    )
    concentration: Parameter = Parameter(
        "κ", POSITIVE, 1.0, (0.1, 30.0), ("kappa",), "Concentration"
    )
    about = About(
        density="p(y) = κ^(K/2−1) exp(κ μᵀy) / ((2π)^(K/2) I_(K/2−1)(κ))",
        transform="y = cos θ μ + sin θ v,  θ = F⁻¹(u; κ),  v uniform, orthogonal to μ",
        derivatives={
            "mean_direction": "(μᵀy) δ_ij − μ_i y_j",
            "concentration": "(cos θ v − sin θ μ) ∂θ/∂κ,  ∂θ/∂κ = −(∂F(θ; κ)/∂κ) / p(θ)",
        },
        source="Figurnov, Mohamed & Mnih (2018), Implicit reparameterization gradients; draws:"
        " Wood (1994), Simulation of the von Mises Fisher distribution",
    )
    mechanism = "implicit"
    noise = NORMAL  # most of it
    path = "field"
    _support = UnitVector()
    _substreams: ClassVar = (NORMAL, (UNIFORM, ()))
    _extras = 1  # the half tangent

    @staticmethod
    def _transform(
        z: Array, u: Array, mean_direction: Array, concentration: Array
    ) -> tuple[Array, ...]:
        mean = sphere.unit(mean_direction)
        across, tangent = sphere.frame(z[..., 1:], mean)
        g = sphere.half_tangent(z[..., 0], across)
        return sphere.placed(_half_tangents(g, u, concentration, z.shape[-1]), tangent, mean)

    @staticmethod
    def _pull(
        upstream: Array, y: Array, half: Array, mean_direction: Array, concentration: Array
    ) -> tuple[Array, ...]:
        mean = sphere.unit(mean_direction)
        g, along = sphere.moved(half, mean)
        in_angle = special.pathwise(g, concentration, y.shape[-1])
        return (
            sphere.pulled(upstream, y, mean),
            np.asarray(sphere.products(upstream, along) * in_angle),
        )

    @staticmethod
    def _log_prob(y: Array, mean_direction: Array, concentration: Array) -> Array:
        # κ μᵀy = κ − 2κ x, x = sin²(θ/2)
        x, _, _ = sphere.separation(sphere.unit(y), sphere.unit(mean_direction))
        log_normalizer = special.log_normalizer(concentration, y.shape[-1])
        return np.asarray(-2.0 * concentration * x - log_normalizer)

    @staticmethod
    def _score(y: Array, mean_direction: Array, concentration: Array) -> tuple[Array, ...]:
        x, _, across = sphere.separation(sphere.unit(y), sphere.unit(mean_direction))
        deficit = special.mean_deficit(concentration, y.shape[-1])
        return np.asarray(concentration)[..., np.newaxis] * across, deficit - 2.0 * x

    @staticmethod
    def _stein_score(y: Array, mean_direction: Array, concentration: Array) -> Array:
        _, _, across = sphere.separation(sphere.unit(mean_direction), sphere.unit(y))
        return np.asarray(np.asarray(concentration)[..., np.newaxis] * across)

    @staticmethod
    def _mean(mean_direction: Array, concentration: Array) -> Array:
        length = special.moments(concentration, mean_direction.shape[-1])[1]
        return np.asarray(np.asarray(length)[..., np.newaxis] * sphere.unit(mean_direction))

    @classmethod
    def _variance(cls, mean_direction: Array, concentration: Array) -> Array:
        covariance = cls._covariance(mean_direction, concentration)
        return np.diagonal(covariance, axis1=-2, axis2=-1)

    @staticmethod
    def _covariance(mean_direction: Array, concentration: Array) -> Array:
        # (1 − E (μᵀy)²)/(K − 1) = A/κ
        _, length, _, along = special.moments(concentration, mean_direction.shape[-1])
        return sphere.along_mean(sphere.unit(mean_direction), along, length / concentration)

    @staticmethod
    def _entropy(mean_direction: Array, concentration: Array) -> Array:
        log_normalizer, _, deficit, _ = special.moments(concentration, mean_direction.shape[-1])
        return np.asarray(log_normalizer + concentration * deficit)

    @staticmethod
    def _marginals(mean_direction: Array, concentration: Array) -> tuple[Marginal, ...]:
        if len(mean_direction) != 3:
            return ()
        # in three dimensions the area between parallel planes is their distance (Archimedes)
        mean, law = sphere.unit(mean_direction), ContinuousBernoulli(-2.0 * concentration)
        return (Marginal("(1 − μᵀy)/2", lambda y: sphere.separation(y, mean)[0], law),)


def _half_tangents(g: Array, u: Array, kappa: Array, dim: int) -> Array:
    """Return tan(θ/2) of draws, of a uniform direction's and a uniform number each.

    Wood (1994) proposes √q tan(θ/2) for uniform directions. With m = K − 1 the best q is
    m/(2κ + √(4κ² + m²)), and a proposal is accepted with probability ((1 + r) e^−r)^m, r =
    ½ (1 − q) ((1 + q) G²/(1 + q G²) − 1) for G = tan(θ/2): 0.66 to 1 on average. A rejected one is
    made again from :func:`~reparam.engine.noise.further`.
    """
    m = dim - 1.0
    root = np.hypot(2.0 * kappa, m)
    q = m / (2.0 * kappa + root)
    less = 2.0 * kappa * (1.0 + 2.0 * kappa / (root + m)) / (2.0 * kappa + root)  # 1 − q
    square = g * g
    r = 0.5 * less * ((1.0 + q) * square / (1.0 + q * square) - 1.0)
    found = np.sqrt(q) * g
    rejected = np.flatnonzero(np.log(u) > m * log1pmx(r))
    if rejected.size:
        first, second = further(u[rejected], g[rejected])
        again, _ = further(first, second)
        found[rejected] = _half_tangents(
            sphere.uniform_half_tangent(first, second, dim),
            again,
            kappa if np.ndim(kappa) == 0 else kappa[rejected],
            dim,
        )
    return found
