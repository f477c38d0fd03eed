"""The uniform distribution on the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import About
from reparam.base.reparameterized import Marginal, Reparameterized
from reparam.distributions.beta import Beta
from reparam.domains import Integers
from reparam.engine.noise import NORMAL
from reparam.parameters import Parameter
from reparam.regions import UnitVector
from reparam.special import sphere

__all__ = ["SphericalUniform"]


class SphericalUniform(Reparameterized):
    """The uniform distribution on the unit sphere in `dimension` dimensions.

    Its density with respect to the sphere's area is constant. It has no parameter to be
    differentiated in: all draws of a batch have one dimension.
    """

    name = "spherical-uniform"
    dimension: Parameter = Parameter(
        "K",
        Integers(2, np.inf),
        3.0,
        (3.0, 3.0),
        ("dim",),
        "Dimension",
        differentiable=False,
        length_of="K",
    )
    about = About(
        density="p(y) = Γ(K/2) / (2 π^(K/2))",
        transform="y = z/‖z‖",
        source="Muller (1959), A note on a method for generating points uniformly on"
        " n-dimensional spheres",
    )
    mechanism = "projection"
    noise = NORMAL
    _support = UnitVector()

    # what formulas take in place of the dimension is the middle of the sphere
    _prepared_dims = (("K",),)
    _functions_of_others = 1

    def _prepared(self, *theta: Any) -> tuple[Array, ...]:
        return (np.zeros((*self.batch_shape, *self.event_shape)),)

    def _pulled_back(self, entries: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        return ()

    def _pushed_on(self, tangents: Sequence[Array], *theta_and_prepared: Any) -> tuple[Any, ...]:
        return ()

    @staticmethod
    def _transform(z: Array, middle: Array) -> tuple[Array, ...]:
        return (sphere.unit(z),)

    @staticmethod
    def _pull(upstream: Array, y: Array, middle: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _pull_along(upstream: Array, tangents: Any, y: Array, middle: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _log_prob(y: Array, middle: Array) -> Array:
        return np.full(y.shape[:-1], -sphere.log_area(y.shape[-1]))

    @staticmethod
    def _score(y: Array, middle: Array) -> tuple[Array, ...]:
        return ()

    @staticmethod
    def _stein_score(y: Array, middle: Array) -> Array:
        return np.zeros_like(y)

    @staticmethod
    def _mean(middle: Array) -> Array:
        return middle

    @staticmethod
    def _variance(middle: Array) -> Array:
        return np.full_like(middle, 1.0 / middle.shape[-1])

    @staticmethod
    def _covariance(middle: Array) -> Array:
        dim = middle.shape[-1]
        return np.broadcast_to(np.eye(dim) / dim, (*middle.shape, dim))

    @staticmethod
    def _entropy(middle: Array) -> Array:
        return np.full(middle.shape[:-1], sphere.log_area(middle.shape[-1]))

    @staticmethod
    def _marginals(dimension: Array) -> tuple[Marginal, ...]:
        a = 0.5 * (np.max(dimension) - 1.0)
        return (Marginal("(1 + y_0)/2", lambda y: 0.5 * (1.0 + y[..., 0]), Beta(a, a)),)
