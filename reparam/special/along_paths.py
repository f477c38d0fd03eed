"""Second derivatives along quantile paths, from accurate first ones.

Where u stays, y moves with θ at the speed g(y, θ) = ∂y/∂θ. Along that path

    ∂²y/∂θ_i∂θ_j = d/dε g_i(y + ε g_j, θ + ε e_j)  at ε = 0.

Its parts, ∂g/∂θ and (∂g/∂y) g, may all but cancel: for a gamma shape α each is about √α times the
sum. Along the path g is smooth on the scale of θ itself, so that differences of high order with a
long step lose some 5 bits, whatever the parameters are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["bends", "scale_of"]

#: Speeds g of rows' places and parameters: one array per parameter that moves.
Speeds = Callable[..., Sequence[Array]]

#: Weights of central differences of order 10 with the steps 1 to 5, and of order 8: the error of
#: the latter is the difference, and that of the former is much smaller.
_WEIGHTS = (5 / 6, -5 / 21, 5 / 84, -5 / 504, 1 / 1260)
_LOWER_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280, 0.0)

#: The first step, relative to the parameter: for a function with a pole at θ = 0 the error of order
#: 10 is 1e-14, and rounding errors of g are multiplied by 150.
_STEP = 2.0**-6

#: The steps tried after it where g is rougher, or flatter, than that: relative to the first.
_SCALES = (1.0, 2.0**-3, 2.0**-6, 2.0**3, 2.0**-10, 2.0**-15, 2.0**-20)

#: How much of the room five steps may take.
_OF_ROOM = 0.5

#: The relative error that is good enough to stop at.
_GOOD = 1e-12

#: Less than the rounding errors of g.
_ROUNDING = 2.0**-53


def bends(
    speeds: Speeds,
    y: Array,
    theta: Sequence[Array],
    reach: Sequence[Array],
    room: Sequence[Array],
    distance: Array | float = np.inf,
    *,
    smooth: bool = False,
) -> tuple[tuple[Array, ...], ...]:
    """Return ∂²y/∂θ_i∂θ_j for i ≤ j: a row for each i.

    Parameters
    ----------
    speeds
        g, of some rows: called as ``speeds(rows, y, *theta)``, with the numbers of the rows.
    y, theta
        The places and the parameters that move, flat arrays.
    reach
        What first steps are relative to, one per parameter.
    room
        How far each parameter may move.
    distance
        How far y may move.
    smooth
        Whether g is known to be smooth on the scale of `reach`: one step will do.
    """
    theta, reach, room = (
        [np.ascontiguousarray(np.broadcast_to(each, y.shape)) for each in several]
        for several in (theta, reach, room)
    )
    everything = np.arange(y.size)
    at_rest = [np.asarray(g) + np.zeros(y.shape) for g in speeds(everything, y, *theta)]
    count = len(theta)
    found = [[np.full(y.size, np.nan) for _ in theta] for _ in theta]
    error = [[np.full(y.size, np.inf) for _ in theta] for _ in theta]
    for j in range(count):
        speed = np.abs(at_rest[j])
        most = np.minimum(room[j], np.where(speed > 0.0, distance / speed, np.inf))
        start = np.where((reach[j] > 0.0) & (reach[j] < np.inf), reach[j], 1.0) * _STEP
        rows = everything
        for scale in _SCALES[:1] if smooth else _SCALES:
            step = np.minimum(start[rows] * scale, most[rows] * (_OF_ROOM / len(_WEIGHTS)))
            ends = _moved(speeds, rows, y, theta, at_rest[j], j, step)
            rough = np.zeros(rows.size, dtype=np.bool_)
            for i, (slope, uncertainty, rounding) in enumerate(ends):
                better = ~(uncertainty + rounding >= error[i][j][rows]) & np.isfinite(slope)
                found[i][j][rows[better]] = slope[better]
                error[i][j][rows[better]] = (uncertainty + rounding)[better]
                rough |= ~(uncertainty <= np.maximum(_GOOD * np.abs(slope), rounding))
            rows = rows[rough]
            if not rows.size:
                break
    return tuple(
        tuple(
            np.where(error[i][j] <= error[j][i], found[i][j], found[j][i]) for j in range(i, count)
        )
        for i in range(count)
    )


def scale_of(log: Array) -> Array:
    """Return how far a logarithm, or a logit, may move: what bends next to 0 does so within 1."""
    return np.maximum(1.0, 0.5 * np.abs(log))


def _moved(
    speeds: Speeds,
    rows: NDArray[np.intp],
    y: Array,
    theta: Sequence[Array],
    speed: Array,
    index: int,
    step: Array,
) -> list[tuple[Array, Array, Array]]:
    """Return for each speed its derivative, and the errors of the rule and of rounding."""
    here, few = y[rows], [leaf[rows] for leaf in theta]
    there, way = few[index], speed[rows]
    totals = [[np.zeros(rows.size) for _ in range(3)] for _ in theta]
    for k, (weight, lower) in enumerate(zip(_WEIGHTS, _LOWER_WEIGHTS, strict=True), start=1):
        for sign in (1.0, -1.0):
            few[index] = there + sign * k * step
            # what the parameter has moved by, rounded
            shift = few[index] - there
            for total, value in zip(totals, speeds(rows, here + shift * way, *few), strict=True):
                total[0] += sign * weight * value
                total[1] += sign * lower * value
                total[2] = np.maximum(total[2], np.abs(value))
    return [
        (
            high / step,
            np.abs(high - low) / step / 8.0,
            2.0 * _ROUNDING * size / step,
        )
        for high, low, size in totals
    ]
