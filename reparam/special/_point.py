"""A point of the unit interval, held by its distances from both endpoints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from reparam._typing import Array

__all__ = ["Point", "from_logit", "from_odds", "of_arrays", "point_at", "sigmoid"]

#: Beyond this 1 + e^|logit| is e^|logit|.
_FAR = 700.0


class Point(NamedTuple):
    """x, 1 − x and logit x: each accurate by itself, whatever the others round to."""

    x: Array
    rest: Array
    logit: Array

    @property
    def mirrored(self) -> Point:
        """The point with x and 1 − x exchanged."""
        return Point(self.rest, self.x, -self.logit)

    @property
    def logs(self) -> tuple[Array, Array]:
        """ln x and ln(1 − x): the one near 0 by log1p, the other from the logit."""
        near_one = self.x > 0.62
        if not np.any(near_one):
            log_rest = np.log1p(-self.x)
            return self.logit + log_rest, log_rest
        log = np.log1p(-np.where(near_one, self.rest, self.x))
        return np.where(near_one, log, self.logit + log), np.where(near_one, log - self.logit, log)

    def moved(self, step: Array) -> Point:
        """Return the point with its logit moved, x and 1 − x each to full relative accuracy."""
        growth = np.expm1(step)
        scale = 1.0 + self.x * growth
        x, rest = self.x + self.x * (self.rest * (growth / scale)), self.rest / scale
        jumped = from_logit(self.logit + step)
        far = np.abs(step) > 1.0
        x, rest = np.where(far, jumped.x, x), np.where(far, jumped.rest, rest)
        logit = np.where(np.minimum(x, rest) > 1e-290, np.log(x / rest), jumped.logit)
        return Point(x, rest, logit)


def point_at(x: Array) -> Point:
    """Return the point at x, with 1 − x as exact as x allows."""
    return Point(x, 1.0 - x, np.log(x) - np.log1p(-x))


def from_odds(odds: Array, logit: Array) -> Point:
    """Return the point with x/(1 − x) = odds, whose logarithm counts where it over- or underflows.

    Both x and 1 − x are exact to a rounding or two.
    """
    x, rest = odds / (1.0 + odds), 1.0 / (1.0 + odds)
    if np.any(lost := ~((odds > 1e-290) & (odds < 1e290))):
        x, rest = np.where(lost, sigmoid(logit), x), np.where(lost, sigmoid(-logit), rest)
    return Point(x, rest, logit)


def from_logit(logit: Array) -> Point:
    """Return the point with that logit: as exact as the logit allows, subnormal ones too."""
    return Point(sigmoid(logit), sigmoid(-logit), logit)


def sigmoid(logit: Array) -> Array:
    """Return x from logit x, where it is subnormal too."""
    x = 1.0 / (1.0 + np.exp(-logit))
    if np.any(far := logit < -_FAR):  # where exp(−logit) will overflow
        x = np.where(far, np.exp(logit), x)
    return np.asarray(x)


def of_arrays(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Make a formula of (point, α, β) one of the point's three arrays and the shapes."""

    def unpacked(*arguments: Array) -> Any:
        *point, alpha, beta = arguments
        return formula(Point(*point), alpha, beta)

    return unpacked
