"""Derivatives by differences, with a step that each element chooses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.domains import Interval

if TYPE_CHECKING:
    from reparam.parameters import Parameter

__all__ = ["as_rows", "extrapolated", "in_parameters", "in_values"]

Rows = NDArray[np.intp]

#: A function of rows' numbers and one shift per row.
Moved = Callable[[Rows, Array], Array]

#: The first step, relative to the parameter or the value: of order 6, its error is about rounding.
_STEP = 2.0**-7

#: The steps tried after it, as powers of 16, where a function is rougher, or flatter, than that.
_STEPS = (0, -1, 1, -2, 2, -3, -4, -5, -6)

#: Steps to one side, as powers of 16, and how many times the least error ends them.
_UPWARDS, _GROWN = range(250), 100.0

#: The least distance from an endpoint that they start at, at the endpoint itself.
_LEAST = 1e-290

#: The relative error from which on differences are tried to one side.
_POOR = 1e-8

#: The relative error that is good enough to stop at; what is reached is some hundred times smaller.
_GOOD = 1e-9

_EPSILON = float(np.finfo(np.float64).eps)


def in_parameters(
    function: Callable[..., Any],
    y: Array,
    theta: Sequence[Array],
    declared: Sequence[Parameter],
    rank: int = 0,
    size: Array | None = None,
) -> tuple[Array, ...]:
    """Return the derivatives of ``function(y, *θ)`` in the differentiable parameters.

    Central differences of order 4 at two scales agree where the step suits the function, and their
    extrapolation is of order 6. Each element tries steps until they agree, and takes the best.

    Parameters
    ----------
    function
        Of values and one array per parameter, elementwise.
    y
        The values, with `rank` axes of their own.
    theta
        Where to differentiate: arrays, or numbers.
    declared
        The parameters' declarations: steps stay within their domains.
    rank
        How many axes a value has.
    size
        The magnitudes that first steps are relative to where a parameter is smaller: the values'.
    """
    shape, flat_y, flat = as_rows(y, theta, declared, rank)
    if size is None:
        size = np.zeros(len(flat_y)) if rank else np.abs(flat_y)
    found = []
    for index, parameter in enumerate(declared):
        event = flat[index].shape[1:]
        if parameter.differentiable:
            entries = [
                _derivative(function, flat_y, flat, (index, place), parameter, size)
                for place in (range(*event) if event else [None])
            ]
            stacked = np.stack(entries, axis=-1) if event else entries[0]
            found.append(stacked.reshape(shape + event))
    return tuple(found)


def as_rows(
    y: Array, theta: Sequence[Array], declared: Sequence[Parameter], rank: int = 0
) -> tuple[tuple[int, ...], Array, list[Array]]:
    """Return the shape that values and parameters broadcast to, and these as rows, one each.

    Parameters
    ----------
    y, theta, declared, rank
        As :func:`in_parameters` takes them.
    """
    y, leaves = np.asarray(y), [np.asarray(leaf) for leaf in theta]
    events = [x.event(leaf) for leaf, x in zip(leaves, declared, strict=True)]
    own = y.shape[y.ndim - rank :]
    shape = np.broadcast_shapes(
        y.shape[: y.ndim - rank],
        *(x.shape[: x.ndim - len(event)] for x, event in zip(leaves, events, strict=True)),
    )
    rows = math.prod(shape)
    flat = [
        np.broadcast_to(x, shape + event).reshape(rows, *event)
        for x, event in zip(leaves, events, strict=True)
    ]
    return shape, np.broadcast_to(y, shape + own).reshape(rows, *own), flat


def _derivative(
    function: Callable[..., Any],
    y: Array,
    theta: Sequence[Array],
    where: tuple[int, int | None],
    declared: Parameter,
    size: Array,
) -> Array:
    """Return the derivative in one number of θ, of rows."""
    index, place = where
    value = theta[index] if place is None else theta[index][:, place]
    room = np.full(len(value), np.inf)
    if isinstance(declared.domain, Interval):
        low, high = declared.domain.ends({})
        room = np.minimum(value - low, high - value)

    def moved(rows: Rows, shift: Array) -> Array:
        few = [leaf[rows] for leaf in theta]
        leaf = few[index].copy()
        if place is None:
            leaf += shift
        else:
            leaf[:, place] += shift
        return np.asarray(function(y[rows], *few[:index], leaf, *few[index + 1 :]))

    return _by_steps(moved, np.maximum(np.abs(value), size), room)[0]


def in_values(
    function: Callable[..., Any],
    y: Array,
    theta: Sequence[Array],
    low: Array,
    high: Array,
    *,
    size: float = 0.0,
) -> Array:
    """Return the derivative of ``function(y, *θ)`` in y: of rows.

    Next to an endpoint of the support, where central differences have too little room to see a
    function that is smooth there, they are taken to one side.

    Parameters
    ----------
    function
        Of values and one array per parameter, elementwise.
    y, theta
        Where to differentiate, one number or vector per row.
    low, high
        The endpoints of the support, per row: steps stay within.
    size
        What first steps are relative to where y is smaller.
    """

    def moved(rows: Rows, shift: Array) -> Array:
        return np.asarray(function(y[rows] + shift, *(leaf[rows] for leaf in theta)))

    found, error = _by_steps(moved, np.maximum(np.abs(y), size), np.minimum(y - low, high - y))
    here = moved(np.arange(len(y)), np.zeros(len(y)))
    poor = np.flatnonzero(~(error <= _POOR * np.abs(found)) & np.isfinite(here))
    if poor.size:
        inwards = np.where(y - low < high - y, 1.0, -1.0)[poor]
        room = np.maximum(y - low, high - y)[poor]

        def to_one_side(rows: Rows, shift: Array) -> Array:
            return moved(poor[rows], inwards[rows] * shift)

        near = np.maximum(
            np.minimum(y - low, high - y), np.maximum(2e3 * np.spacing(np.abs(y)), _LEAST)
        )
        slope, uncertainty = _to_one_side(to_one_side, here[poor], near[poor], room)
        better = uncertainty < error[poor]
        found[poor[better]] = (inwards * slope)[better]
    return found


def _by_steps(moved: Moved, reach: Array, room: Array) -> tuple[Array, Array]:
    """Return derivatives at 0 of a function of rows' numbers and one shift per row, and errors.

    Parameters
    ----------
    moved
        The function.
    reach
        What first steps are relative to, one per row.
    room
        How far shifts may go.
    """
    reach = np.where((reach > 0.0) & (reach < np.inf), reach, 1.0)
    room = 0.4 * room
    best, error = np.full(len(room), np.nan), np.full(len(room), np.inf)
    rest = np.arange(len(room))
    for power in _STEPS:
        step = np.minimum(_STEP * np.minimum(reach, room)[rest] * 16.0**power, 0.5 * room[rest])
        slope, uncertainty = extrapolated(partial(_shifted, moved, rest, step), step)
        better = uncertainty < error[rest]
        best[rest[better]], error[rest[better]] = slope[better], uncertainty[better]
        rest = rest[~(error[rest] <= _GOOD * np.abs(best[rest]))]
        if not rest.size:
            break
    return best, error


def _shifted(moved: Moved, rows: Rows, step: Array, times: float) -> Array:
    return moved(rows, times * step)


def extrapolated(moved: Callable[[float], Array], step: Array) -> tuple[Array, Array]:
    """Return the derivative of order 6, and what its error is less than."""
    slopes, sizes = [], np.zeros(())
    for k in (2.0, 1.0, 0.5):
        up, down = moved(k), moved(-k)
        slopes.append((up - down) / (2.0 * k * step))
        sizes = np.maximum(sizes, np.maximum(np.abs(up), np.abs(down)))
    coarse, fine = ((4.0 * b - a) / 3.0 for a, b in pairwise(slopes))
    slope = fine + (fine - coarse) / 15.0
    uncertainty = np.abs(slope - fine) + _EPSILON * sizes / step
    return slope, np.where(np.isfinite(slope), uncertainty, np.inf)


def _to_one_side(moved: Moved, here: Array, near: Array, room: Array) -> tuple[Array, Array]:
    """Return derivatives at 0 from values to one side, of order 4, and errors.

    The steps grow from the distance to the end on, until the function bends more than it rounds.
    """
    best, error = np.full(len(room), np.nan), np.full(len(room), np.inf)
    rest = np.arange(len(room))
    for power in _UPWARDS:
        step = np.minimum(_STEP * near[rest] * 16.0**power, 0.1 * room[rest])
        slopes, sizes = [], np.abs(here[rest])
        for k in (4.0, 2.0, 1.0, 0.5):
            there = moved(rest, k * step)
            slopes.append((there - here[rest]) / (k * step))
            sizes = np.maximum(sizes, np.abs(there))
        for order in (2.0, 4.0, 8.0):
            before = slopes[-1]
            slopes = [(order * b - a) / (order - 1.0) for a, b in pairwise(slopes)]
        (slope,) = slopes
        uncertainty = np.abs(slope - before) + 8.0 * _EPSILON * sizes / step
        uncertainty = np.where(np.isfinite(slope), uncertainty, np.inf)
        better = uncertainty < error[rest]
        best[rest[better]], error[rest[better]] = slope[better], uncertainty[better]
        on = (uncertainty < _GROWN * error[rest]) & (step < 0.1 * room[rest])
        rest = rest[on & ~(error[rest] <= _GOOD * np.abs(best[rest]))]
        if not rest.size:
            break
    return best, error
