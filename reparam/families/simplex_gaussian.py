"""Vectors on the simplex that a smooth map makes of Gaussian vectors."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, final

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import View
from reparam.domains import REAL
from reparam.engine.noise import NORMAL
from reparam.engine.outer import Outer
from reparam.errors import NoFormulaError
from reparam.families.elliptical import Elliptical
from reparam.families.matrices import matrix
from reparam.parameters import Parameter
from reparam.regions import LowerTriangular, PositiveDefinite, Simplex
from reparam.special.gaussian_cubature import MOST, expectation, node_counts
from reparam.special.matrices import apply, transposed
from reparam.special.normal import LOG_TWO_PI
from reparam.special.simplex import in_shares

__all__ = ["SimplexGaussian", "each"]


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
    covariance_matrix: Parameter = matrix("Σ", PositiveDefinite(), (), "Their covariance")
    precision: Parameter = matrix(
        "P", PositiveDefinite(), ("precision_matrix",), "Inverse of their covariance"
    )
    mechanism = "transformed"
    noise = NORMAL
    _substreams: ClassVar = ((NORMAL, ("K",)),)
    _alternatives = (("scale_tril", "covariance_matrix", "precision"),)
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
    def _pull_onto_along(upstream: Array, moved: Array, y: Array, x: Array) -> Array:
        """The derivative of ``_pull_onto`` as x moves."""

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

    @staticmethod
    @abc.abstractmethod
    def _pull_inverse(upstream: Array, y: Array) -> Array:
        """Σ upstream ∂x/∂ln y."""

    @staticmethod
    @abc.abstractmethod
    def _log_rise(moved: Array, y: Array, x: Array) -> Array:
        """ln g(x + moved) − ln g(x) without the difference, of entries of `moved` below 1."""

    @final
    @classmethod
    def _transform(cls, z: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        x = apply(a, z, loc)
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
    def _pull_along(
        cls, upstream: Array, tangents: tuple[Any, ...], y: Array, x: Array, z: Array, *theta: Any
    ) -> tuple[Any, ...]:
        moved = tangents[0] + apply(tangents[1], z)
        change = cls._pull_onto_along(upstream, moved, y, x)
        return change, Outer(change, z)

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
        gaussian = -0.5 * (squares + z.shape[-1] * LOG_TWO_PI) - cls._log_scale(a)
        return np.where(np.all(y > 0.0, axis=-1), gaussian - np.sum(log_y, axis=-1), -np.inf)

    @final
    @classmethod
    def _score(cls, y: Array, loc: Array, a: Array, b: Array) -> tuple[Array, ...]:
        z, _ = cls._standardized(y, loc, b)
        back = transposed(b)
        slope = apply(back, z)
        return slope, slope[..., :, np.newaxis] * z[..., np.newaxis, :] - back

    @final
    @classmethod
    def _stein_score(cls, y: Array, loc: Array, a: Array, b: Array) -> Array:
        z, _ = cls._standardized(y, loc, b)
        in_logs = -cls._pull_inverse(apply(transposed(b), z), y) - 1.0
        return in_shares(in_logs, y, degree=-float(y.shape[-1]))

    # Moments of y less its value at μ, so that narrow distributions keep their digits

    @final
    @classmethod
    def _rise(cls, moved: Array, loc: Array) -> Array:
        """g(μ + moved) − g(μ), each entry to its own accuracy, for rows of `moved`."""
        x = loc[np.newaxis]
        y = np.exp(cls._log_onto(x))
        near = np.max(np.abs(moved), axis=-1, keepdims=True) < 1.0
        rise = y * np.expm1(cls._log_rise(np.where(near, moved, 0.0), y, x))
        rise = np.where(near, rise, np.exp(cls._log_onto(x + moved)) - y)
        greatest = np.argmax(y)  # the others make up for it
        rise[:, greatest] = 0.0
        rise[:, greatest] = -np.sum(rise, axis=-1)
        return np.asarray(rise)

    @final
    @classmethod
    def _of_rise(cls, loc: Array, a: Array) -> Array:
        """E r, followed by the rows of E r rᵀ, of r = y − g(μ)."""

        def terms(moved: Array) -> Array:
            rise = cls._rise(moved, loc)
            products = rise[:, :, np.newaxis] * rise[:, np.newaxis, :]
            return np.concatenate([rise[:, np.newaxis], products], axis=1).reshape(len(rise), -1)

        n = len(loc) + 1
        return cls._expected("moments", terms, a).reshape(n + 1, n)

    @final
    @classmethod
    def _expected(cls, what: str, function: Callable[[Array], Array], a: Array) -> Array:
        if (count := node_counts(a)) > MOST:
            raise NoFormulaError(
                f"{cls.__name__} has no {what} for these parameters: they are integrals over"
                f" {len(a)} dimensions, of {count:.3g} nodes, and at most {MOST} are computed;"
                " average over draws, rsample(n)"
            )
        return expectation(function, a)

    @final
    @classmethod
    def _mean(cls, loc: Array, a: Array, b: Array) -> Array:
        return np.exp(cls._log_onto(loc)) + each(cls._of_rise, loc, a)[..., 0, :]

    @final
    @classmethod
    def _covariance(cls, loc: Array, a: Array, b: Array) -> Array:
        moments = each(cls._of_rise, loc, a)
        mean = moments[..., 0, :]
        return np.asarray(moments[..., 1:, :] - mean[..., np.newaxis] * mean[..., np.newaxis, :])

    @final
    @classmethod
    def _variance(cls, loc: Array, a: Array, b: Array) -> Array:
        return np.diagonal(cls._covariance(loc, a, b), axis1=-2, axis2=-1)

    @final
    @classmethod
    def _entropy(cls, loc: Array, a: Array, b: Array) -> Array:
        """That of the Gaussian vectors, and E ln |∂g/∂x|."""
        gaussian = 0.5 * a.shape[-1] * (1.0 + LOG_TWO_PI) + cls._log_scale(a)
        return np.asarray(gaussian + cls._log_slope_mean(loc, a))

    @classmethod
    @abc.abstractmethod
    def _log_slope_mean(cls, loc: Array, a: Array) -> Array:
        """E Σ_k ln y_k."""


def each(function: Callable[[Array, Array], Array], loc: Array, a: Array) -> Array:
    """Apply a function of one μ and one A to those of a batch."""
    lead = np.broadcast_shapes(loc.shape[:-1], a.shape[:-2])
    locs = np.broadcast_to(loc, lead + loc.shape[-1:]).reshape(-1, *loc.shape[-1:])
    factors = np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:])
    found = np.stack([function(*pair) for pair in zip(locs, factors, strict=True)])
    return found.reshape(lead + found.shape[1:])
