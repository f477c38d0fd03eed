"""Where a function of a number jumps, found by halving."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Jump", "jumps"]

#: Halvings until two points are neighbours, from 1e300 to the smallest number at most.
_HALVINGS = 2200

#: How far a function may be from the trapezium rule for its slope, of its size: rounding errors.
_ROUNDING = 1e-9

#: How far aside, in distances between the first points, the sides of a jump must still differ by
#: most of it: poles and rounding errors don't.
_ASIDE, _MOST = 1e-6, 0.5


@dataclass(frozen=True)
class Jump:
    """Where a function jumps.

    Attributes
    ----------
    left, right
        Neighbouring numbers, on either side.
    height
        How far it jumps.
    width
        How far the points were from each other between which it was looked for.
    """

    left: float
    right: float
    height: float
    width: float

    def sides(self) -> Array:
        """Return a point on either side, aside."""
        return np.array([self.left - _ASIDE * self.width, self.right + _ASIDE * self.width])

    def stays(self, values: Array) -> bool:
        """Whether values on either side differ as they do here, all but for a part."""
        return bool(abs(values[1] - values[0] - self.height) <= _MOST * abs(self.height))


def jumps(function: Callable[[Array], tuple[Array, Array]], y: Array) -> list[Jump]:
    """Return where a function jumps between increasing points.

    A piece is halved, and the half followed on which the function is farther from what its slope
    says, until it is nothing but rounding errors or the ends are neighbours. Poles are not jumps.

    Parameters
    ----------
    function
        The function and its slope, of an array.
    y
        The points.
    """
    value, slope = function(y)
    left, right = y[:-1], y[1:]
    ends = [value[:-1], value[1:], slope[:-1], slope[1:]]
    width = right - left
    found: list[Jump] = []
    for _ in range(_HALVINGS):
        if not left.size:
            break
        middle = left + 0.5 * (right - left)
        done = (middle <= left) | (middle >= right)
        for k in np.flatnonzero(done):
            jump = Jump(
                float(left[k]), float(right[k]), float(ends[1][k] - ends[0][k]), float(width[k])
            )
            if jump.stays(function(jump.sides())[0]):
                found.append(jump)
        left, middle, right, width = (of[~done] for of in (left, middle, right, width))
        ends = [of[~done] for of in ends]
        if not left.size:
            break
        value, slope = function(middle)
        gaps = [
            np.abs(b - a - 0.5 * (y1 - y0) * (c + d))
            for y0, y1, a, b, c, d in (
                (left, middle, ends[0], value, ends[2], slope),
                (middle, right, value, ends[1], slope, ends[3]),
            )
        ]
        after = gaps[1] > gaps[0]
        left, right = np.where(after, middle, left), np.where(after, right, middle)
        pairs = ((value, ends[0]), (ends[1], value), (slope, ends[2]), (ends[3], slope))
        ends = [np.where(after, *pair) for pair in pairs]
        gap = np.where(after, gaps[1], gaps[0])
        kept = (gap > _ROUNDING * (np.abs(ends[0]) + np.abs(ends[1]))) & np.isfinite(gap)
        left, right, width = left[kept], right[kept], width[kept]
        ends = [of[kept] for of in ends]
    return found
