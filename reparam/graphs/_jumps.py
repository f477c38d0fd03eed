"""Where a function of a number jumps, or has a pole, found by halving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from reparam._typing import Array

__all__ = ["Break", "breaks"]

#: Halvings until two points are neighbours: from 1e300 to the smallest number at most.
_HALVINGS = 2200

#: How far a function may be from the trapezium rule for its slope, of its size: rounding errors.
_ROUNDING = 1e-9

#: By how many units in the last place a kink may be off.
_ROUNDED = 16.0

#: How far aside of a jump its height is taken, and where the sides must still differ by most of it,
#: in distances between the first points: those of poles, kinks and rounding errors don't.
_NEAR, _ASIDE, _MOST = 1e-9, 1e-6, 0.5


@dataclass(frozen=True)
class Break:
    """Neighbouring numbers between which a function jumps, or is not smooth in another way.

    Attributes
    ----------
    left, right
        The numbers.
    height
        How far the function jumps; 0 for a pole, or if it has no value on one side.
    width
        How far the points were from each other between which it was looked for.
    """

    left: float
    right: float
    height: float
    width: float

    @property
    def place(self) -> float:
        """Where it is, 0 if it is so near."""
        return self.right if abs(self.right) > _ASIDE * self.width else 0.0

    def sides(self, distance: float = _ASIDE) -> Array:
        """Return points on either side, that far aside in units of the width."""
        return np.array([self.left - distance * self.width, self.right + distance * self.width])

    def stays(self, values: Array) -> bool:
        """Return whether values on either side still differ by most of the height."""
        return bool(abs(values[1] - values[0] - self.height) <= _MOST * abs(self.height))


def breaks(function: Callable[[Array], tuple[Array, Array]], y: Array) -> list[Break]:
    """Return where a function is not smooth between increasing points.

    A piece is halved, and the half followed on which the function is farther from what its slope
    says, until it is nothing but rounding errors or the endpoints are neighbours. Of a region where
    there are no values the endpoints are found.

    Parameters
    ----------
    function
        The function and its slope, of an array.
    y
        The points.
    """
    # the rows are points, values and slopes
    known = np.array([y, *function(y)])
    left, right = known[:, :-1], known[:, 1:]
    width = right[0] - left[0]
    found: list[Break] = []
    for _ in range(_HALVINGS):
        gap, least = _gap(left, right)
        kept = gap > least
        left, right, width = left[:, kept], right[:, kept], width[kept]
        middle = left[0] + 0.5 * (right[0] - left[0])
        done = (middle <= left[0]) | (middle >= right[0])
        found += [
            _break(function, *numbers)
            for numbers in zip(left[0, done], right[0, done], width[done], strict=True)
        ]
        left, right, width, middle = left[:, ~done], right[:, ~done], width[~done], middle[~done]
        if not middle.size:
            break
        centre = np.array([middle, *function(middle)])
        after = _gap(centre, right)[0] > _gap(left, centre)[0]
        left, right = np.where(after, centre, left), np.where(after, right, centre)
    return found


def _gap(left: Array, right: Array) -> tuple[Array, Array]:
    """Return how far values are from the trapezium rule, and what rounding errors may make of it.

    It is infinite where one endpoint has no value, and nothing where neither has.
    """
    finite = np.isfinite(left[1]) & np.isfinite(right[1])
    gap = np.abs(right[1] - left[1] - 0.5 * (right[0] - left[0]) * (left[2] + right[2]))
    gap = np.where(finite, np.where(np.isnan(gap), np.inf, gap), np.inf)
    neither = ~(np.isfinite(left[1]) | np.isfinite(right[1]))
    size = np.where(finite, np.abs(left[1]) + np.abs(right[1]), 0.0)
    return np.where(neither, -1.0, gap), _ROUNDING * size


def _break(
    function: Callable[[Array], tuple[Array, Array]], left: float, right: float, width: float
) -> Break:
    place = Break(float(left), float(right), 0.0, float(width))
    (low, high), slopes = function(place.sides(_NEAR))
    jump = replace(place, height=float(high - low))
    # at a kink both sides differ by what its place is rounded by
    rounded = _ROUNDED * np.spacing(max(abs(left), abs(right))) * np.max(np.abs(slopes))
    is_high = abs(jump.height) > (rounded if np.isfinite(rounded) else 0.0)
    return jump if is_high and jump.stays(function(jump.sides())[0]) else place
