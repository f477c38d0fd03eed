"""The logistic function and its relatives, as maps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from reparam._typing import Array
from reparam.special import logistic
from reparam.special._accurate import LARGEST
from reparam.transforms.maps._map import Map, MapView, Steps, fixed
from reparam.transforms.maps.affine import Affine

__all__ = ["Sigmoid", "Softplus", "Tanh"]

_LOG_TWO = math.log(2.0)

#: Below it e^x is all of softplus(x) to the last digit.
_TINY = -40.0


class Sigmoid(Map):
    """T(x) = 1/(1 + e^−x)."""

    name = "sigmoid"
    formula = "1/(1 + e^−x)"
    views: ClassVar[Mapping[str, MapView]] = {
        "log_value": MapView("_log", "_complement"),
        "complement": MapView("_complement", "_falling"),
        "log_complement": MapView("_log_complement", "_minus_value"),
    }

    def _value(self, x: Array, *phi: Array) -> Array:
        return logistic.sigmoid(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return logistic.logit(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return logistic.slope(x)

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return logistic.log_slope(x)

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return -np.tanh(0.5 * x)

    def _to_distance(self, end: float, sign: float) -> Steps:
        # 1 − T(x) = T(−x)
        if (end, sign) != (1.0, -1.0):
            return ()
        return (Affine(0.0, -1.0), fixed(0.0, -1.0)), (Sigmoid(), ())

    def _log(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.maximum(-logistic.softplus(-x), -LARGEST)

    def _complement(self, x: Array, y: Array, *phi: Array) -> Array:
        return logistic.sigmoid(-x)

    def _falling(self, x: Array, y: Array, *phi: Array) -> Array:
        return -logistic.slope(x)

    def _log_complement(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.maximum(-logistic.softplus(x), -LARGEST)

    def _minus_value(self, x: Array, y: Array, *phi: Array) -> Array:
        return -y


class Tanh(Map):
    """T(x) = tanh x."""

    name = "tanh"
    formula = "tanh x"
    views: ClassVar[Mapping[str, MapView]] = {
        "complement": MapView("_complement", "_falling"),
        "log_complement": MapView("_log_complement", "_log_falling"),
    }

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.tanh(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.arctanh(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(4.0 * logistic.slope(2.0 * x))

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        # ln(1 − tanh² x) = 2 (ln 2 − |x| − ln(1 + e^(−2|x|))), which cancels next to 0
        far = 2.0 * _LOG_TWO + logistic.log_slope(2.0 * x)
        return np.where(np.abs(x) < 0.5, np.log1p(-y * y), far)

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return -2.0 * y

    def _to_distance(self, end: float, sign: float) -> Steps:
        # 1 ± tanh x = 2/(1 + e^(∓2x))
        if end != -sign:
            return ()
        within, beyond = Affine(0.0, 2.0 * sign), Affine(0.0, 2.0)
        return (within, fixed(0.0, 2.0 * sign)), (Sigmoid(), ()), (beyond, fixed(0.0, 2.0))

    def _complement(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(2.0 * logistic.sigmoid(-2.0 * x))

    def _falling(self, x: Array, y: Array, *phi: Array) -> Array:
        return -self._slope(x, y)

    def _log_complement(self, x: Array, y: Array, *phi: Array) -> Array:
        far = _LOG_TWO - logistic.softplus(2.0 * x)
        return np.where(np.abs(x) < 0.25, np.log1p(-y), np.maximum(far, -LARGEST))

    def _log_falling(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(-2.0 * logistic.sigmoid(2.0 * x))


class Softplus(Map):
    """T(x) = ln(1 + e^x)."""

    name = "softplus"
    formula = "ln(1 + e^x)"
    views: ClassVar[Mapping[str, MapView]] = {"log_value": MapView("_log", "_log_rise")}

    def _value(self, x: Array, *phi: Array) -> Array:
        return logistic.softplus(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        # ln(e^y − 1): e^y − 1 is as good as exact for small y, and e^y overflows for large
        small = np.minimum(y, _LOG_TWO)
        large = np.maximum(y, _LOG_TWO)
        far = large + np.log1p(-np.exp(-large))
        return np.where(y < _LOG_TWO, np.log(np.expm1(small)), far)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return logistic.sigmoid(x)

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return -logistic.softplus(-x)

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return logistic.sigmoid(-x)

    def _log(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.where(x < _TINY, np.maximum(x, -LARGEST), np.log(y))

    def _log_rise(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.where(x < _TINY, 1.0, logistic.sigmoid(x) / y)
