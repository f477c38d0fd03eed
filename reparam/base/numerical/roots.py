"""Roots of functions that grow: many at once, each found by itself.

Floating-point numbers are numbered in order. A step of n places is a factor, however far out,
and halving the places between two numbers ends after 64 steps at the most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["between", "halfway", "halved", "within"]

#: A function of values and of the numbers of their rows.
Formula = Callable[[Array, Any], Array]

#: The numbers of float64 in order: as many halvings find one of them.
_HALVINGS = 64
#: Places from a number to its double.
_OCTAVE = 2**52
#: Steps by interpolation in a bracket, at the most. Then it is halved.
_SMOOTH = 40


@np.errstate(all="ignore")
def within(excess: Formula, low: Array, high: Array) -> Array:
    """Return where functions that grow change their sign, between ends that may be infinite.

    The bracket is searched for by the distance from an endpoint, or from 0 where both are infinite:
    by factors that grow, then by halving the places between. Once it is two octaves wide, the
    method is Chandrupatla's.

    Parameters
    ----------
    excess
        The functions, of values between the endpoints and of the numbers of their rows. They may be
        infinite, and are not evaluated at the endpoints.
    low, high
        The endpoints: one row per function.
    """
    is_low, is_high = np.isfinite(low), np.isfinite(high)
    bounded, free = is_low & is_high, ~(is_low | is_high)
    start = np.where(bounded, 0.5 * low + 0.5 * high, 0.0)
    value, some = np.zeros(low.shape), np.flatnonzero(bounded | free)
    value[some] = excess(start[some], some)
    met = (bounded | free) & (value == 0.0)
    rows = np.flatnonzero(~met)
    up = np.where(bounded, ~(value < 0.0), np.where(free, value < 0.0, is_low))[rows]
    origin = np.where(free[rows], 0.0, np.where(up, low[rows], high[rows]))
    side, bounded = np.where(up, 1.0, -1.0), bounded[rows]

    def away(distance: Array, row: NDArray[np.intp]) -> Array:
        return side[row] * excess(origin[row] + side[row] * distance, rows[row])

    most = np.where(bounded, 0.5 * (high - low)[rows], np.inf)
    first = np.where(bounded, 0.5 * most, np.maximum(1.0, 2.0**-10 * np.abs(origin)))
    beyond = np.where(bounded, np.abs(value[rows]), np.inf)
    left, right, below, above = _bracketed(away, most, first, beyond, np.spacing(np.abs(origin)))
    left, right = (origin + side * distance for distance in (left, right))
    found = start
    found[rows] = between(
        lambda y, row: excess(y, rows[row]), left, right, side * below, side * above
    )
    return found


def _bracketed(
    excess: Formula, most: Array, first: Array, beyond: Array, least: Array
) -> tuple[Array, Array, Array, Array]:
    """Return brackets of positive roots, at most two octaves or `least` wide, and values there.

    The values are infinite where there are none, at 0 and at `most`. Those at `most` may be known.
    """
    rows, step = np.arange(most.size), np.full(most.shape, _OCTAVE)
    near, end, at = np.zeros(most.shape, np.int64), _numbered(most), _numbered(first)
    far = end
    below, above = np.full(most.shape, -np.inf), beyond
    result = np.empty((4, most.size))
    while rows.size:
        value = excess(_number(at), rows)
        is_near = value < 0.0
        near, far = np.where(is_near, at, near), np.where(is_near, far, at)
        below, above = np.where(is_near, value, below), np.where(is_near, above, value)
        unknown = np.where(is_near, (far == end) & np.isinf(above), near == 0)
        room = np.where(is_near, far - at, at - near)
        # into the last octave before an endpoint, to the number next to it
        leap = np.where(room <= _OCTAVE, room - 1, step)
        aside = at + np.where(is_near, leap, -leap)
        at = np.where(unknown & (leap < room), aside, _mean_of(near, far))
        bracket = _number(near), _number(far)
        narrow = ~unknown & (far - near <= 2 * _OCTAVE)
        narrow |= (far - near <= 1) | (bracket[1] - bracket[0] <= least[rows])
        result[:, rows[narrow]] = [each[narrow] for each in (*bracket, below, above)]
        rows, near, far, end, at, below, above, step = (
            each[~narrow]
            for each in (rows, near, far, end, at, below, above, 2 * np.minimum(step, 2**61))
        )
    return tuple(result)  # type: ignore[return-value]


@np.errstate(all="ignore")
def between(excess: Formula, left: Array, right: Array, below: Array, above: Array) -> Array:
    """Return where functions change their sign, by Chandrupatla's method.

    Where no value is exactly 0 it is the smallest number after the change: NaN if the value is.

    Parameters
    ----------
    excess
        The functions, of values and of the numbers of their rows.
    left, right
        Brackets, in any order, one row per function.
    below, above
        The functions' values there, of opposite signs or 0.

    References
    ----------
    Chandrupatla, T. R. (1997). A new hybrid quadratic/bisection algorithm for finding the zero of
    a nonlinear function without using derivatives. Advances in Engineering Software 28, 145-149.
    """
    found = _closest(left, right, below, above)
    apart = np.abs(right - left) > _spacing(left, right)  # not so of the last number and infinity
    rows = np.flatnonzero((below != 0.0) & (above != 0.0) & apart)
    # the last point, the other endpoint of the bracket, and the point before
    x, other, f, f_other = (each[rows] for each in (left, right, below, above))
    share, steps = np.full(rows.shape, 0.5), 0
    while rows.size:
        middle = x + share * (other - x)
        value = excess(middle, rows)
        same = (value < 0.0) == (f < 0.0)
        before, f_before = np.where(same, x, other), np.where(same, f, f_other)
        other, f_other = np.where(same, other, x), np.where(same, f_other, f)
        x, f = middle, value
        done = (f == 0.0) | (np.abs(x - other) <= _spacing(x, other))
        found[rows[done]] = _closest(*(each[done] for each in (x, other, f, f_other)))
        rows, x, other, before, f, f_other, f_before = (
            each[~done] for each in (rows, x, other, before, f, f_other, f_before)
        )
        share, steps = np.full(rows.shape, 0.5), steps + 1
        if steps < _SMOOTH:
            share = _interpolated(x, other, before, f, f_other, f_before)
    return found


def _spacing(x: Array, other: Array) -> Array:
    """Return the distance from the number farther from 0 to its neighbour towards 0."""
    farther = np.maximum(np.abs(x), np.abs(other))
    return np.asarray(farther - np.nextafter(farther, 0.0))


def _closest(x: Array, other: Array, f: Array, f_other: Array) -> Array:
    """Return the root of those next to it, the larger if neither is: NaN if a function is there."""
    larger = np.where(np.isnan(np.where(x > other, f, f_other)), np.nan, np.maximum(x, other))
    return np.select([f == 0.0, f_other == 0.0], [x, other], larger)


def _interpolated(
    x: Array, other: Array, before: Array, f: Array, f_other: Array, f_before: Array
) -> Array:
    """Return how far the root is on the way to the other endpoint, by the inverse quadratic.

    It is at least a unit in the last place from either, and half the way where a quadratic through
    the three points has no inverse in the bracket.
    """
    place, height = (x - other) / (before - other), (f - f_other) / (f_before - f_other)
    smooth = (height**2 < place) & ((1.0 - height) ** 2 < 1.0 - place)
    outer = f_before / (f_before - f_other)
    inner = (before - x) / (other - x) * (f_other / (f_before - f_other)) / (f_before - f)
    share = np.where(smooth, f * (outer / (f - f_other) + inner), 0.5)
    least = np.minimum(_spacing(x, other) / np.abs(other - x), 0.5)
    return np.clip(share, least, 1.0 - least)


def halved(excess: Formula, low: Array, high: Array, row: Array) -> Array:
    """Return where a function that grows changes its sign, to a unit in the last place."""
    left, right = _numbered(low), _numbered(high)
    for _ in range(_HALVINGS):
        middle = _mean_of(left, right)
        grows = excess(_number(middle), row) < 0.0
        left, right = np.where(grows, middle, left), np.where(grows, right, middle)
    return np.where(np.isnan(excess(_number(right), row)), np.nan, _number(right))


def halfway(low: Array, high: Array) -> Array:
    """Return the number that has as many floating-point numbers between it and either endpoint."""
    return _number(_mean_of(_numbered(low), _numbered(high)))


def _mean_of(left: Any, right: Any) -> Any:
    """Return the mean of two integers, rounded down, without overflow."""
    return (left & right) + ((left ^ right) >> 1)


def _numbered(y: Array) -> Any:
    """Return the places of numbers in the order of all floating-point numbers."""
    bits = np.ascontiguousarray(y, np.float64).view(np.int64)
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def _number(place: Any) -> Array:
    """Return the floating-point numbers of those places."""
    bits = np.where(place < 0, np.int64(-(2**63)) - place, place)
    return np.ascontiguousarray(bits, np.int64).view(np.float64)
