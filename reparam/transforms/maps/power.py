"""Powers of positive numbers, and the reciprocal, as maps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.second_order import Triangle
from reparam.domains import POSITIVE, REAL
from reparam.errors import ParameterError
from reparam.parameters import Parameter
from reparam.special._accurate import power
from reparam.transforms.maps._map import Map

__all__ = ["Power", "Reciprocal"]


class Power(Map):
    """T(x) = x^p of positive x, decreasing where the exponent is negative."""

    name = "power"
    formula = "x^p"
    domain = POSITIVE
    has_logs = True
    exponent: Parameter = Parameter("p", REAL, 1.0, (0.5, 3.0), ("p",), "Exponent, not 0")

    def _check(self) -> None:
        if np.any(self._parts["exponent"] == 0.0):
            raise ParameterError("exponent=0 makes everything 1; pass an exponent that is not 0")

    def _value(self, x: Array, *phi: Array) -> Array:
        return _power(x, phi[0])

    def _inverse(self, y: Array, *phi: Array) -> Array:
        x = _power(y, 1.0 / phi[0])
        # 1/p is rounded: a Newton step
        better = x - x * ((_power(x, phi[0]) / y - 1.0) / phi[0])
        return np.where((np.abs(phi[0]) > 1.0) & np.isfinite(better), better, x)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(phi[0] * _power(x, phi[0] - 1.0))

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(np.log(np.abs(phi[0])) + (phi[0] - 1.0) * np.log(x))

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray((phi[0] - 1.0) / x)

    def _partials(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        # x^p ln x → 0 with x^p
        return (np.where(y == 0.0, 0.0, y * np.log(x)),)

    def _parameter_bends(self, x: Array, y: Array, *phi: Array) -> Triangle:
        return ((np.where(y == 0.0, 0.0, y * np.log(x) ** 2),),)

    def _flows(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return (np.where(x == 0.0, 0.0, x * np.log(x)) / phi[0],)

    def _flow_slopes(self, x: Array, y: Array, *phi: Array) -> tuple[Any, ...]:
        return ((np.log(x) + 1.0) / phi[0],)

    def _falls(self, *phi: Array) -> NDArray[np.bool_]:
        return np.asarray(phi[0] < 0.0)

    def _of_log(self, log_x: Array, *phi: Array) -> Array:
        return np.exp(phi[0] * log_x)

    def _slope_in_log(self, y: Array, *phi: Array) -> Any:
        return phi[0] * y

    def _log_power(self, *phi: Array) -> Any:
        return phi[0]


class Reciprocal(Map):
    """T(x) = 1/x of x of one sign: decreasing."""

    name = "reciprocal"
    formula = "1/x"
    domain = REAL
    has_logs = True

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.asarray(1.0 / x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.asarray(1.0 / y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return -y * y

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(2.0 * np.log(np.abs(y)))

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(-2.0 * y)

    def _falls(self, *phi: Array) -> bool:
        return True

    def _of_log(self, log_x: Array, *phi: Array) -> Array:
        return np.exp(-log_x)

    def _slope_in_log(self, y: Array, *phi: Array) -> Any:
        return -y

    def _log_power(self, *phi: Array) -> Any:
        return -1.0

    def _image(self, low: Any, high: Any, *phi: Array) -> tuple[Any, Any]:
        # next to 0 the side decides, which a zero's sign need not show
        low, high = np.asarray(low), np.asarray(high)
        first = np.where(high == 0.0, -np.inf, 1.0 / high)
        last = np.where(low == 0.0, np.inf, 1.0 / low)
        return np.where(high == np.inf, 0.0, first), np.where(low == -np.inf, -0.0, last)

    def _inverse_between(self, y: Array, low: Any, high: Any, *phi: Array) -> Array:
        # likewise of 1/y
        y = np.where(y == 0.0, np.where(np.asarray(high) <= 0.0, -0.0, 0.0), y)
        return super()._inverse_between(y, low, high, *phi)

    def _admits(self, low: Any, high: Any) -> bool:
        return bool(np.all((low >= 0.0) | (high <= 0.0)))


def _power(x: Array, exponent: Array) -> Array:
    """Return x^exponent, the same for an exponent wherever it stands."""
    return power(*np.broadcast_arrays(x, exponent))
