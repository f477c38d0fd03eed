"""The exponential function and its inverse, as maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from reparam._typing import Array
from reparam.domains import POSITIVE, Interval
from reparam.special._accurate import LARGEST
from reparam.transforms.maps._map import Map, MapView, Steps, fixed
from reparam.transforms.maps.affine import Affine

__all__ = ["Exp", "Log"]


class Exp(Map):
    """T(x) = e^x."""

    name = "exp"
    formula = "e^x"
    needs_mean = True
    views: ClassVar[Mapping[str, MapView]] = {"log_value": MapView("_exponent", "_one")}

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.exp(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.log(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return y

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return x

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.ones(())

    def _mean_log_slope(self, mean: Array, *phi: Array) -> Any:
        return mean

    def _from_distance(self, end: float, sign: float) -> Steps:
        # e^x = e^end + e^end (e^(s c) − 1), where e^x has more digits than x
        with np.errstate(over="ignore"):
            there = float(np.exp(end))
        if abs(end) <= 2.0 or not 0.0 < there < np.inf:
            return ()
        last = Affine(there, there), fixed(there, there)
        return (Affine(0.0, sign), fixed(0.0, sign)), (Expm1(), ()), last

    def _to_distance(self, end: float, sign: float) -> Steps:
        return ((Expm1(), ()), (Affine(0.0, sign), fixed(0.0, sign))) if end == 1.0 else ()

    def _exponent(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.clip(x, -LARGEST, LARGEST)

    def _one(self, x: Array, y: Array, *phi: Array) -> float:
        return 1.0


class Log(Map):
    """T(x) = ln x, of positive x."""

    name = "log"
    formula = "ln x"
    domain = POSITIVE
    has_logs = True

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.log(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.exp(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(1.0 / x)

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return -y

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(-1.0 / x)

    def _of_log(self, log_x: Array, *phi: Array) -> Array:
        return log_x

    def _slope_in_log(self, y: Array, *phi: Array) -> Any:
        return 1.0

    def _from_distance(self, end: float, sign: float) -> Steps:
        # ln x = ln e + ln(1 + (s/e) c)
        if end <= 0.0:
            return ()
        ratio, log_end = sign / end, float(np.log(end))
        shares = (Affine(0.0, ratio), fixed(0.0, ratio)), (Log1p(), ())
        return shares if end == 1.0 else (*shares, (Affine(log_end, 1.0), fixed(log_end, 1.0)))


class Expm1(Map):
    """T(x) = e^x − 1: of x by what it differs from 0, as formulas of distances take it."""

    name = "expm1"
    formula = "e^x − 1"

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.expm1(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.log1p(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.exp(x)

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return x

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.ones(())


class Log1p(Map):
    """T(x) = ln(1 + x): the inverse of :class:`Expm1`."""

    name = "log1p"
    formula = "ln(1 + x)"
    domain = Interval(-1.0, np.inf)

    def _value(self, x: Array, *phi: Array) -> Array:
        return np.log1p(x)

    def _inverse(self, y: Array, *phi: Array) -> Array:
        return np.expm1(y)

    def _slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.exp(-y)

    def _log_slope(self, x: Array, y: Array, *phi: Array) -> Array:
        return -y

    def _bend(self, x: Array, y: Array, *phi: Array) -> Array:
        return np.asarray(-1.0 / (1.0 + x))
