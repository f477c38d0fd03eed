"""The projected normal distribution."""

from __future__ import annotations

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Reparameterized
from reparam.domains import REAL
from reparam.engine.noise import NORMAL
from reparam.parameters import Parameter
from reparam.regions import UnitVector
from reparam.special import projected_normal as special
from reparam.special import sphere

__all__ = ["ProjectedNormal"]


class ProjectedNormal(Reparameterized):
    """The projected normal distribution, of directions of normal vectors.

    y = x/‖x‖ with x ~ N(μ, I) in K ≥ 2 dimensions: around the direction of μ, the more closely the
    longer μ is, and uniform on the sphere for μ = 0. Densities are with respect to the sphere's
    area.
    """

    name = "projected-normal"
    aliases = ("angular-gaussian",)
    loc: Parameter = Parameter(
        "μ", REAL, 0.0, (-3.0, 3.0), ("mu", "concentration"), "Location before projection", vector=3
    )
    about = About(
        density="p(y) = (2π)^(−K/2) exp((m² − ‖μ‖²)/2) ∫ r^(K−1) exp(−(r − m)²/2) dr,  m = μᵀy",
        transform="y = x/‖x‖,  x = μ + z",
        derivatives={"loc": "(δ_ij − y_i y_j)/‖x‖"},
        source="Presnell, Morrison & Littell (1998), Projected multivariate linear models for"
        " directional data",
    )
    mechanism = "projection"
    noise = NORMAL
    _support = UnitVector()
    _extras = 1
    _extra_dims = ((),)  # ‖x‖

    @staticmethod
    def _transform(z: Array, loc: Array) -> tuple[Array, ...]:
        x = z + loc
        length = np.sqrt(sphere.products(x, x))
        x /= length[..., np.newaxis]
        return x, length

    @staticmethod
    def _pull(upstream: Array, y: Array, length: Array, loc: Array) -> tuple[Array, ...]:
        return (sphere.tangents(upstream, y) / length[..., np.newaxis],)

    @staticmethod
    def _pull_along(
        upstream: Array, tangents: tuple[Array, ...], y: Array, length: Array, loc: Array
    ) -> tuple[Array, ...]:
        # of (c − y (yᵀc))/‖x‖
        along, across = (sphere.products(each, y) for each in (upstream, tangents[0]))
        moved = sphere.tangents(tangents[0], y)
        turned = moved * along[..., np.newaxis]
        turned = turned + y * sphere.products(upstream, moved)[..., np.newaxis]
        turned = turned + sphere.tangents(upstream, y) * across[..., np.newaxis]
        return (-turned / np.square(length)[..., np.newaxis],)

    @staticmethod
    def _log_prob(y: Array, loc: Array) -> Array:
        y = sphere.unit(y)
        across = sphere.tangents(loc, y)
        square = sphere.products(across, across)
        return special.log_density(square, sphere.products(y, loc), y.shape[-1])

    @staticmethod
    def _score(y: Array, loc: Array) -> tuple[Array, ...]:
        # −μ + y E r = −(μ − m y) + y (E r − m)
        y = sphere.unit(y)
        _, _, excess = special.radius(sphere.products(y, loc), y.shape[-1])
        return (np.asarray(excess)[..., np.newaxis] * y - sphere.tangents(loc, y),)

    @staticmethod
    def _stein_score(y: Array, loc: Array) -> Array:
        y = sphere.unit(y)
        _, mean, _ = special.radius(sphere.products(y, loc), y.shape[-1])
        return np.asarray(np.asarray(mean)[..., np.newaxis] * sphere.tangents(loc, y))

    @staticmethod
    def _mean(loc: Array) -> Array:
        _, _, share = special.shrinkage(sphere.products(loc, loc), loc.shape[-1])
        return np.asarray(np.asarray(share)[..., np.newaxis] * loc)

    @classmethod
    def _variance(cls, loc: Array) -> Array:
        return np.diagonal(cls._covariance(loc), axis1=-2, axis2=-1)

    @staticmethod
    def _covariance(loc: Array) -> Array:
        square = sphere.products(loc, loc)
        across, _, _ = special.shrinkage(square, loc.shape[-1])
        _, along = special.angle(square, loc.shape[-1])
        direction = loc / np.sqrt(np.maximum(square, 5e-324))[..., np.newaxis]
        return sphere.along_mean(direction, along, across)

    @staticmethod
    def _entropy(loc: Array) -> Array:
        return special.angle(sphere.products(loc, loc), loc.shape[-1])[0]
