"""The affine map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.second_order import Triangle
from reparam.base.seen import Link
from reparam.domains import REAL
from reparam.errors import ParameterError
from reparam.parameters import Parameter
from reparam.transforms.maps._map import Map, Steps

__all__ = ["Affine"]


class Affine(Map):
    """T(x) = loc + scale · x, decreasing where the scale is negative."""

    name = "affine"
    formula = "a + b x"
    is_affine = True
    loc: Parameter = Parameter("a", REAL, 0.0, (-3.0, 3.0), ("shift",), "What is added")
    scale: Parameter = Parameter("b", REAL, 1.0, (0.1, 10.0), ("factor",), "Factor, not 0")

    def _check(self) -> None:
        if np.any(self._parts["scale"] == 0.0):
            raise ParameterError("scale=0 makes everything the same; pass a scale that is not 0")

    def _value(self, x: Array, *phi: Array) -> Array:
        loc, scale = phi
        return np.asarray(loc + scale * x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        loc, scale = phi
        return np.asarray((y - loc) / scale)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return phi[1]

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.log(np.abs(phi[1]))

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.zeros(())

    def _partials(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return 1.0, x

    def _flows(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return 1.0 / phi[1], x / phi[1]

    def _flow_slopes(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return 0.0, 1.0 / phi[1]

    def _parameter_bends(self, x: Array, y: Array, *phi: Array) -> Triangle:
        return (0.0, 0.0), (0.0,)

    def _from_distance(self, end: float, sign: float) -> Steps:
        # loc + scale x = (loc + scale e) + (scale s) c
        links = Link(0.0, {0: 1.0, 1: end}), Link(0.0, {1: sign})
        return ((type(self)(*(link.of(self._theta) for link in links)), links),)

    def _to_distance(self, end: float, sign: float) -> Steps:
        links = Link(-sign * end, {0: sign}), Link(0.0, {1: sign})
        return ((type(self)(*(link.of(self._theta) for link in links)), links),)

    def _keeps_distance(self, end: float, *phi: Array) -> NDArray[np.bool_]:
        loc, scale = phi
        return np.asarray(np.abs(loc + scale * end) <= 0.5 * np.abs(loc))

    def _falls(self, *phi: Array) -> NDArray[np.bool_]:
        return np.asarray(phi[1] < 0.0)

    def _mean_log_slope(self, mean: Array, *phi: Array) -> Any:
        return np.log(np.abs(phi[1]))
