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

__all__ = ["as_rows", "in_parameters", "in_values"]

Rows = NDArray[np.intp]

#: The first step, relative to the parameter or the value: of order 6, its error is about rounding.
_STEP = 2.0**-7

#: The steps tried after it, as powers of 16, where a function is rougher, or flatter, than that.
_STEPS = (0, -1, 1, -2, 2, -3, -4, -5, -6)

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
    events = [leaf.shape[-1:] if x.vector else () for leaf, x in zip(leaves, declared, strict=True)]
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

    return _by_steps(moved, np.maximum(np.abs(value), size), room)


def in_values(
    function: Callable[..., Any], y: Array, theta: Sequence[Array], low: Array, high: Array
) -> Array:
    """Return the derivative of ``function(y, *θ)`` in y: of rows, NaN at an end.

    Parameters
    ----------
    function
        Of values and one array per parameter, elementwise.
    y, theta
        Where to differentiate, one number or vector per row.
    low, high
        The ends of the support, per row: steps stay within.
    """

    def moved(rows: Rows, shift: Array) -> Array:
        return np.asarray(function(y[rows] + shift, *(leaf[rows] for leaf in theta)))

    return _by_steps(moved, np.abs(y), np.minimum(y - low, high - y))


def _by_steps(moved: Callable[[Rows, Array], Array], reach: Array, room: Array) -> Array:
    """Return derivatives at 0 of a function of rows' numbers and one shift per row.

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
        slope, doubt = _extrapolated(partial(_shifted, moved, rest, step), step)
        better = doubt < error[rest]
        best[rest[better]], error[rest[better]] = slope[better], doubt[better]
        rest = rest[~(error[rest] <= _GOOD * np.abs(best[rest]))]
        if not rest.size:
            break
    return best


def _shifted(moved: Callable[[Rows, Array], Array], rows: Rows, step: Array, times: float) -> Array:
    return moved(rows, times * step)


def _extrapolated(moved: Callable[[float], Array], step: Array) -> tuple[Array, Array]:
    """Return the derivative of order 6, and what its error is less than."""
    slopes, sizes = [], np.zeros(())
    for k in (2.0, 1.0, 0.5):
        up, down = moved(k), moved(-k)
        slopes.append((up - down) / (2.0 * k * step))
        sizes = np.maximum(sizes, np.maximum(np.abs(up), np.abs(down)))
    coarse, fine = ((4.0 * b - a) / 3.0 for a, b in pairwise(slopes))
    slope = fine + (fine - coarse) / 15.0
    doubt = np.abs(slope - fine) + _EPSILON * sizes / step
    return slope, np.where(np.isfinite(slope), doubt, np.inf)
