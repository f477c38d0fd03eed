"""Functions of y = ln x where x = e^y under- or overflows: continued from where it doesn't."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.tree import flat

__all__ = ["continued", "continued_tail"]

#: Beyond this size of y, e^y or what formulas make of it is lost.
_LOST = 690.0

#: Sizes of y that functions are continued from: near them the logarithm of a density is a line in
#: ln x where it falls like a power, and a parabola if x is log-normal.
_FIRST, _STEP, _PLACES = 620.0, 20.0, 4

#: Differences of second and third order that are smaller, relative to the function, are rounding.
_ROUNDING = 1e-13


def continued(method: Callable[..., Any]) -> Callable[..., Any]:
    """Continue a formula of y and θ by a parabola in y: NaN where it isn't one."""

    @wraps(method)
    def whole(self: Any, y: Array, *theta: Any) -> Any:
        if self._undone is not None:
            found = getattr(self._undone, method.__name__)(y, *theta[0][0])
            return tuple(flat(found)) if isinstance(found, tuple) else found
        found = method(self, y, *theta)
        if not self._is_log or not np.any(lost := (np.abs(y) > _LOST) & np.isfinite(y)):
            return found
        places = [
            np.where(lost, np.copysign(_FIRST + k * _STEP, y), np.sign(y)) for k in range(_PLACES)
        ]
        t = (np.abs(np.where(lost, y, 0.0)) - _FIRST) / _STEP
        at = [method(self, place, *theta) for place in places]
        if not isinstance(found, tuple):
            return _joined(found, lost, t, *at)
        return tuple(
            _joined(entry, lost, t, *rest) for entry, *rest in zip(found, *at, strict=True)
        )

    return whole


def continued_tail(method: Callable[..., Any]) -> Callable[..., Any]:
    """Continue ``_cdf``, ``_sf``, ``_log_cdf`` or ``_log_sf`` by the tail that y is in."""
    name = method.__name__
    upper, log = name.endswith("sf"), name.startswith("_log")

    @wraps(method)
    def whole(self: Any, y: Array, *theta: Any) -> Any:
        if self._undone is not None:
            return getattr(self._undone, name)(y, *theta[0][0])
        found = method(self, y, *theta)
        if not self._is_log or not np.any(lost := (np.abs(y) > _LOST) & np.isfinite(y)):
            return found
        below, above = (
            continued(getattr(type(self), tail).__wrapped__)(self, y, *theta)
            for tail in ("_log_cdf", "_log_sf")
        )
        logs = np.where(y < 0.0, below, above)
        if log:
            with np.errstate(divide="ignore"):
                own, other = logs, np.log1p(-np.exp(logs))
        else:
            own, other = np.exp(logs), -np.expm1(logs)
        return np.where(lost, np.where((y > 0.0) == upper, own, other), found)

    return whole


def _joined(found: Any, lost: Any, t: Array, *at: Any) -> Array:
    """Return what was found, and where it is lost the parabola through values at t = 1, 2, 3."""
    if np.ndim(found) > np.ndim(t):
        lost, t = lost[..., np.newaxis], t[..., np.newaxis]
    first, a, b, c = at
    with np.errstate(invalid="ignore"):
        noise = _ROUNDING * np.abs(c)
        bend = c - 2.0 * b + a
        twist = bend - (b - 2.0 * a + first)
        bend = np.where(np.abs(bend) <= noise, 0.0, bend)
        value = c + (t - 3.0) * (c - b) + 0.5 * (t - 3.0) * (t - 2.0) * bend
        value = np.where(np.abs(twist) <= 4.0 * noise, value, np.nan)
    # what is infinite before is so beyond
    return np.where(lost, np.where(np.isinf(c), c, value), found)
