"""Vectors on the simplex that a smooth map makes of Gaussian vectors."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import View
from reparam.domains import REAL
from reparam.engine.noise import NORMAL
from reparam.engine.outer import Outer
from reparam.families.elliptical import Elliptical
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import LowerTriangular, PositiveDefinite, Simplex
from reparam.special.matrices import apply, transposed

__all__ = ["SimplexGaussian"]

_LOG_TWO_PI = math.log(2.0 * math.pi)


class SimplexGaussian(Elliptical):
    """y = g(x) with x = μ + A z, for a map g onto the simplex with ∂g/∂x = y_0 y_1 ⋯ y_K.

    That is the determinant in the first K entries of y, with respect to which the density is.
    """

    loc: Parameter = Parameter(
        "μ", REAL, 0.0, (-2.0, 2.0), ("mu",), "Mean of the Gaussian vectors", dims=("K",)
    )
    scale_tril: Parameter = matrix(
        "L", LowerTriangular(), ("cholesky",), "Cholesky factor of their covariance"
    )
    covariance: Parameter = matrix(
        "Σ", PositiveDefinite(), ("covariance_matrix", "cov"), "Their covariance"
    )
    precision: Parameter = matrix(
        "P", PositiveDefinite(), ("precision_matrix",), "Inverse of their covariance"
    )
    mechanism = "transformed"
    noise = NORMAL
    _substreams: ClassVar = ((NORMAL, ("K",)),)
    _alternatives = (("scale_tril", "covariance", "precision"),)
    _support = Simplex(dims=("K + 1",))
    _extras = 2
    _extra_dims = (("K",), ("K",))  # x and z
    _views: ClassVar[Mapping[str, View]] = {"log_value": View("_log_value", "_pull_log")}

    @staticmethod
    @abc.abstractmethod
    def _log_onto(x: Array) -> Array:
        """ln g(x)."""

    @staticmethod
    @abc.abstractmethod
    def _pull_onto(upstream: Array, y: Array, x: Array) -> Array:
        """Σ upstream ∂g/∂x."""

    @staticmethod
    @abc.abstractmethod
    def _pull_log_onto(upstream: Array, y: Array, x: Array) -> Array:
        """Σ upstream ∂ln g/∂x."""

    @staticmethod
    @abc.abstractmethod
    def _push_onto(moved: Array, y: Array, x: Array) -> Array:
        """∂g/∂x · dx."""

    @staticmethod
    @abc.abstractmethod
    def _inverse(y: Array, log_y: Array) -> Array:
        """x with g(x) = y, from ln y as well."""

    @final
    @classmethod
    def _transform(cls, z: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        x = loc + apply(a, z)
        return np.exp(cls._log_onto(x)), x, z

    @final
    @classmethod
    def _pull(cls, upstream: Array, y: Array, x: Array, z: Array, *theta: Any) -> tuple[Any, ...]:
        pulled = cls._pull_onto(upstream, y, x)
        return pulled, Outer(pulled, z)

    @final
    @classmethod
    def _push(cls, tangents: tuple[Any, ...], y: Array, x: Array, z: Array, *theta: Any) -> Array:
        return cls._push_onto(tangents[0] + apply(tangents[1], z), y, x)

    @final
    @classmethod
    def _log_value(cls, y: Array, x: Array, z: Array, *theta: Any) -> Array:
        return cls._log_onto(x)

    @final
    @classmethod
    def _pull_log(
        cls, upstream: Array, y: Array, x: Array, z: Array, *theta: Any
    ) -> tuple[Any, ...]:
        pulled = cls._pull_log_onto(upstream, y, x)
        return pulled, Outer(pulled, z)

    @final
    @classmethod
    def _standardized(cls, y: Array, loc: Array, b: Array) -> tuple[Array, Array]:
        """Return z that makes y, and ln y, of the least positive number for 0."""
        log_y = np.log(np.maximum(y, 5e-324))
        return apply(b, cls._inverse(y, log_y) - loc), log_y

    @final
    @classmethod
    def _log_prob(cls, y: Array, loc: Array, a: Array, b: Array) -> Array:
        z, log_y = cls._standardized(y, loc, b)
        squares = np.einsum("...k,...k->...", z, z)
        gaussian = -0.5 * (squares + z.shape[-1] * _LOG_TWO_PI) - cls._log_scale(a)
        return np.where(np.all(y > 0.0, axis=-1), gaussian - np.sum(log_y, axis=-1), -np.inf)

    @final
    @classmethod
    def _score(cls, y: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        z, _ = cls._standardized(y, loc, b)
        back = transposed(b)
        slope = apply(back, z)
        return slope, slope[..., :, np.newaxis] * z[..., np.newaxis, :] - back
