"""The uniform distribution on the sphere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Reparameterized
from reparam.domains import Integers
from reparam.engine.noise import NORMAL
from reparam.errors import ShapeError
from reparam.parameters import Parameter
from reparam.regions import UnitVector
from reparam.special import sphere

__all__ = ["SphericalUniform"]


class SphericalUniform(Reparameterized):
    """The uniform distribution on the unit sphere in `dimension` dimensions.

    Its density with respect to the sphere's area is constant. It has no parameter to be
    differentiated in: the dimension is one number, of which the shape of draws is made.
    """

    name = "spherical-uniform"
    dimension: Parameter = Parameter(
        "K", Integers(2, np.inf), 3.0, (2.0, 10.0), ("dim",), "Dimension", differentiable=False
    )
    about = About(
        density="p(y) = Γ(K/2) / (2 π^(K/2))",
        transform="y = z/‖z‖",
        source="Muller (1959), A note on a method for generating points uniformly on"
        " n-dimensional spheres",
    )
    mechanism = "projection"
    noise = NORMAL
    _support = UnitVector(dims=("dimension",))

    def _unified(self, parts: Mapping[str, Any]) -> dict[str, int]:
        if (dimension := parts["dimension"]).ndim:
            raise ShapeError(
                f"dimension has shape {dimension.shape}; pass one integer, as all draws have one"
                " length"
            )
        return {"dimension": int(dimension)}

    @staticmethod
    def _transform(z: Array, dimension: Array) -> tuple[Array, ...]:
        return (sphere.unit(z),)

    @staticmethod
    def _pull(upstream: Array, y: Array, dimension: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _log_prob(y: Array, dimension: Array) -> Array:
        return np.full(y.shape[:-1], -sphere.log_area(y.shape[-1]))

    @staticmethod
    def _score(y: Array, dimension: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _stein_score(y: Array, dimension: Array) -> Array:
        return np.zeros_like(y)

    @staticmethod
    def _mean(dimension: Array) -> Array:
        return np.zeros(int(dimension))

    @staticmethod
    def _variance(dimension: Array) -> Array:
        return np.full(int(dimension), 1.0 / dimension)

    @staticmethod
    def _covariance(dimension: Array) -> Array:
        return np.eye(int(dimension)) / dimension

    @staticmethod
    def _entropy(dimension: Array) -> Array:
        return np.asarray(sphere.log_area(int(dimension)))
