"""What the families share: a standard variate x by its shapes, and values made of it."""

from __future__ import annotations

import abc
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any, ClassVar, Literal, final

import numpy as np

from reparam._typing import Array
from reparam.base import products
from reparam.base.distribution import View
from reparam.base.reparameterized import Reparameterized
from reparam.base.second_order import Triangle
from reparam.domains import POSITIVE, Interval, within
from reparam.engine.noise import UNIFORM, Noise

__all__ = [
    "PositiveFamily",
    "ShapeFamily",
    "Slopes",
    "all_normal",
    "combined",
    "matters",
    "part",
    "scaled",
    "where_normal",
]

Slopes = tuple[Array | float, ...]


class ShapeFamily(Reparameterized):
    """y = g(x) with x of a standard distribution whose shapes are functions of the parameters.

    The single auxiliary array of a draw is ln x, logit x, or x itself.
    """

    mechanism: ClassVar[str] = "implicit"
    noise: ClassVar[Noise] = UNIFORM
    _extras: ClassVar[int] = 1
    path: ClassVar[Literal["map", "field"]] = "field"

    @classmethod
    @abc.abstractmethod
    def _extra(cls, y: Array, *theta: Any) -> Array:
        """The auxiliary array, from y."""

    @classmethod
    @abc.abstractmethod
    def _tail(cls, y: Array, *theta: Any, **_: Any) -> Array:
        """P(Y > y) if `upper`, a keyword, else P(Y ≤ y): to full relative accuracy."""

    @classmethod
    @abc.abstractmethod
    def _log_tail_of(cls, y: Array, *theta: Any, **_: Any) -> Array:
        """Logarithm of P(Y > y) if `upper`, a keyword, else of P(Y ≤ y)."""

    @classmethod
    @abc.abstractmethod
    def _of_tails(cls, u: Array, v: Array, *theta: Any) -> tuple[Array, ...]:
        """y, and the auxiliary array, from u and v = 1 − u, of which the smaller has its digits."""

    @classmethod
    @abc.abstractmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Any) -> Slopes:
        """∂y/∂θ for each parameter, from y and the auxiliary array."""

    @final
    @classmethod
    def _cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._tail(y, *theta, upper=False)

    @final
    @classmethod
    def _sf(cls, y: Array, *theta: Array) -> Array:
        return cls._tail(y, *theta, upper=True)

    @final
    @classmethod
    def _log_cdf(cls, y: Array, *theta: Array) -> Array:
        return cls._log_tail_of(y, *theta, upper=False)

    @final
    @classmethod
    def _log_sf(cls, y: Array, *theta: Array) -> Array:
        return cls._log_tail_of(y, *theta, upper=True)

    @final
    @classmethod
    def _transform(cls, noise: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._of_tails(noise, 1.0 - noise, *theta)

    @final
    @classmethod
    def _transform_upper(cls, v: Array, *theta: Array) -> tuple[Array, ...]:
        return cls._of_tails(1.0 - v, v, *theta)

    @final
    @classmethod
    def _icdf(cls, u: Array, *theta: Array) -> Array:
        return cls._of_tails(u, 1.0 - u, *theta)[0]

    @final
    @classmethod
    def _isf(cls, v: Array, *theta: Array) -> Array:
        return cls._of_tails(1.0 - v, v, *theta)[0]

    @final
    @classmethod
    def _pathwise(cls, y: Array, *theta: Array) -> Slopes:
        return cls._jacobian(y, cls._extra(y, *theta), *theta)

    @classmethod
    @abc.abstractmethod
    def _hessian(cls, y: Array, *extras_and_theta: Any) -> Triangle:
        """∂²y/∂θ∂φ, from y and the auxiliary array."""

    @final
    def _pathwise2(self, y: Array, *theta: Array) -> Triangle:
        return self._hessian(y, self._extra(y, *theta), *theta)


class PositiveFamily(ShapeFamily):
    """y = c g(x) > 0, c a function of the parameters: derivatives are taken on the log scale."""

    _support: ClassVar[Interval] = POSITIVE
    _views: ClassVar[Mapping[str, View]] = {
        "log_value": View("_log_value", "_log_jacobian", "_log_hessian")
    }

    @staticmethod
    @abc.abstractmethod
    def _scale(*theta: Any, **_: Any) -> Array:
        """c."""

    @staticmethod
    @abc.abstractmethod
    def _log_scale(*theta: Any, **_: Any) -> Array | float:
        """ln c, also where c over- or underflows."""

    @classmethod
    @abc.abstractmethod
    def _log_jacobian(cls, y: Array, extra: Array, *theta: Array) -> Slopes:
        """∂ln y/∂θ for each parameter."""

    @classmethod
    @abc.abstractmethod
    def _log_hessian(cls, y: Array, extra: Array, *theta: Array) -> Triangle:
        """∂²ln y/∂θ∂φ."""

    @final
    @classmethod
    def _jacobian(cls, y: Array, *extras_and_theta: Array) -> Slopes:
        return scaled(y, cls._log_jacobian(y, *extras_and_theta))

    @classmethod
    def _hessian(cls, y: Array, *extras_and_theta: Array) -> Triangle:
        slopes = cls._log_jacobian(y, *extras_and_theta)
        rows = enumerate(cls._log_hessian(y, *extras_and_theta))
        return tuple(
            scaled(y, tuple(entry + slopes[i] * slopes[i + k] for k, entry in enumerate(row)))
            for i, row in rows
        )


def scaled(y: Array, slopes: Slopes) -> Slopes:
    """Return y times each: 0 where either factor is, though the other may be infinite."""
    return tuple([products.scaled(y, slope, True) for slope in slopes])


def combined(*terms: tuple[Array | float, Array]) -> Array | float:
    """Return Σ slope · entry; what is infinite doesn't count where its slope is 0 throughout."""
    products = [part(slope, entry) for slope, entry in terms if matters(slope)]
    return reduce(operator.add, products) if products else 0.0


def part(slope: Array | float, entry: Array) -> Array | float:
    """Return slope · entry: 0 if the slope is 0 throughout."""
    if isinstance(slope, float) and slope == 1.0:
        return entry
    return slope * entry if matters(slope) else 0.0


def matters(slope: Array | float) -> bool:
    """Return whether a slope is not 0 throughout."""
    return bool(slope) if isinstance(slope, float) else bool(np.any(slope))


def all_normal(values: Array) -> bool:
    """Return whether positive values neither over- nor underflow."""
    return within(values, 1e-290, np.inf)


def where_normal(values: Array, result: Array, otherwise: Callable[[], Array]) -> Array:
    """Return the result, but the other one where positive values over- or underflow."""
    if all_normal(values):
        return result
    return np.where((values > 1e-290) & (values < np.inf), result, otherwise())
