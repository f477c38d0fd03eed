"""Numerical differentiation and integration: what formulas are compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from reparam._typing import Array, ArrayLike
from reparam.parameters import Parameter

__all__ = [
    "Rule",
    "beside",
    "derivative_in",
    "differentiate",
    "ends",
    "forced",
    "integral",
    "moved",
    "of_tails",
    "one_after_another",
    "quantiles",
    "rounding_of",
    "spans",
    "unit_rule",
]

#: Halvings of the step to begin with, and those that are tried while they may help. After more of
#: them, numbers beside x are so near that a sum of large terms may not see them: f is constant.
_HALVINGS = np.arange(16.0), np.arange(16.0, 28.0), np.arange(28.0, 40.0)
#: Orders of extrapolation.
_ORDERS = 6
#: Relative errors of a derivative that shorter steps are not needed for (their rounding errors may
#: agree with each other by chance), and of one that has converged at all.
_ENOUGH, _CONVERGED = 1e-4, 1e-2
#: More halvings may help while rounding makes less than this share of the error.
_HELPFUL = 0.1
#: Differences this many times as large as their rounding errors are real.
_DOUBT = 1e4
#: A factor next to the smallest normal number, and to the largest.
_ROOM = 2.0**30
#: Units in the last place that a number may be off by, and a few beyond.
_UNITS = 8.0
#: How many of the shortest steps tell what the errors of a function are.
_LAST = 4
#: Nodes of the rules of an integral, and of those that have both ends among them: around a kink two
#: rules may agree by chance, and between an end and the outermost node all that don't have it.
_NODES, _WITH_ENDS = (13, 16, 20), (15, 18)


def ends(dtype: DTypeLike) -> tuple[float, float]:
    """Return the sizes between which numbers of a kind are safe, with room for formulas."""
    info = np.finfo(dtype)
    return float(info.tiny) * _ROOM, float(info.max) / _ROOM


def beside(y: NDArray[np.floating], towards: float) -> Array:
    """Return the next numbers of y's own precision: y was rounded by up to as much.

    Where numbers end, or nearly, no more is known of y than that: sums and quotients that it was
    made of, or that formulas make of it, may have become 0 or infinite.
    """
    least, most = ends(y.dtype)
    following = np.asarray(np.nextafter(y, y.dtype.type(towards)), dtype=np.float64)
    size, outwards = np.abs(following), (y == 0.0) | ((y > 0.0) == (towards > 0.0))
    size = np.where(size < least, np.where(outwards, least, 0.0), size)
    size = np.where(size > most, np.where(outwards, np.inf, most), size)
    return np.copysign(size, following)


def rounding_of(f: Callable[[Array], Array], y: Array) -> Array:
    """Return what rounding y, or what f makes of it at first, makes of f, at the most.

    By several units: f may be flat from one number to the next, and then jump.
    """
    with np.errstate(all="ignore"):
        step = _UNITS * np.spacing(np.abs(y))
        change = np.abs(np.asarray(f(y + step)) - np.asarray(f(y - step)))
    return np.nan_to_num(change, nan=0.0, posinf=0.0)


def moved(f: Callable[[Array], Array], y: NDArray[np.floating], value: Array) -> Array:
    """Return how much rounding y may have changed `value`, which is f(y): 0 where f ends."""
    with np.errstate(all="ignore"):
        places = (np.nextafter(y, y.dtype.type(end)) for end in (-np.inf, np.inf))
        changes = [np.abs(f(place.astype(np.float64)) - value) for place in places]
    return np.nan_to_num(np.fmax(*changes), nan=0.0, posinf=np.inf)


def forced(
    f: Callable[..., Array],
    theta: Mapping[str, float],
    parameters: Mapping[str, Parameter],
    value: Array,
) -> Array:
    """Return how much rounding the parameters may have changed `value`, which is f(**theta)."""
    total = np.zeros(np.shape(value))
    for name, centre in theta.items():
        low, high = map(float, parameters[name].domain.ends({}))
        places = [float(np.nextafter(centre, end)) for end in (-np.inf, np.inf)]
        sides = [f(**{**theta, name: place}) for place in places if low < place < high]
        with np.errstate(all="ignore"):
            changes = [
                np.nan_to_num(np.abs(side - value), nan=0.0, posinf=np.inf) for side in sides
            ]
        total = total + (np.fmax.reduce(changes) if changes else 0.0)
    return np.asarray(total)


def differentiate(
    f: Callable[[Array], Array],
    x: Array,
    step: Array,
    *,
    noise: float = 0.0,
    floor: float | Array = 0.0,
) -> tuple[Array, Array]:
    """Return df/dx by Richardson extrapolation of central differences, and its error.

    Of all extrapolations, the one that agrees best with its neighbours is returned, so that a
    kink inside a large step, or the rounding errors of a small one, are passed by. (SciPy's
    ``scipy.differentiate.derivative`` does the same with fewer evaluations, but stated, over the
    transforms of this library, errors of down to a thousandth of the true ones.) Steps are powers
    of 2: x ± h is then exact down to the distance of numbers around x, except for errors that are
    small beside h. Steps go on being halved while that may help.

    Parameters
    ----------
    f
        Elementwise; called with many places at once: a leading dimension more. Its values may have
        further dimensions, between that one and x's own.
    x, step
        Where, and the largest step, of equal shape.
    noise
        The relative error of f's values beyond rounding, such as that of single precision.
    floor
        Their absolute error: that of a small F may be the rounding of 1, as in 1 − e^−x.

    Returns
    -------
    tuple of ndarray
        The derivative and its error; NaN and infinity where no differences agree.
    """
    ladder: list[_Differences] = []
    enough = np.asarray(False)
    with np.errstate(all="ignore"):
        step = np.exp2(np.floor(np.log2(step)))
        for halvings in _HALVINGS:
            shares = 0.5 ** np.reshape(halvings, (-1,) + (1,) * np.ndim(step))
            ladder.append(_differences(f, x, step * shares, noise, floor))
            every = _Differences(*map(np.concatenate, zip(*ladder, strict=True)))
            if len(ladder) == 1:
                value, error = map(np.asarray, _extrapolated(every))
            else:  # where that was not enough
                lacking = np.asarray(~enough)
                some = _Differences(*(entry[:, lacking] for entry in every))
                value[lacking], error[lacking] = _extrapolated(some)
            enough = error <= _ENOUGH * np.abs(value)
            if np.all(enough | ~(ladder[-1].rounding[-1] < _HELPFUL * error)):
                break
    return value, error


class _Differences(NamedTuple):
    """Central differences, each step half the one before, and what rounding x and f makes of them.

    What it makes of f is an estimate, an ulp, where formulas may lose more.
    """

    slope: Array
    of_x: Array
    of_f: Array

    @property
    def rounding(self) -> Array:
        return self.of_x + self.of_f


def _differences(
    f: Callable[[Array], Array], x: Array, steps: Array, noise: float, floor: float | Array
) -> _Differences:
    right, left = x + steps, x - steps
    values = f(np.concatenate([right, left]))
    inner = (len(steps),) + (1,) * (values.ndim - right.ndim) + x.shape
    # x ± h may round: what counts is the step that was taken, to both sides the same
    width = (right - left).reshape(inner)
    off = (np.abs(right - x - steps) + np.abs(x - left - steps)).reshape(inner)
    above, below = values[: len(steps)], values[len(steps) :]
    slope = (above - below) / width
    size = np.fmax(np.abs(above), np.abs(below))
    lost = np.spacing(size) + noise * size + floor
    return _Differences(slope, 2.0 * np.abs(slope) * off / width, 2.0 * lost / width)


def _extrapolated(ladder: _Differences) -> tuple[Array, Array]:
    """Return the best extrapolation of all, and its error.

    Steps beyond all that f does may agree with each other: f = 0 and f = 1, say, for all of
    them. So what has not converged counts for nothing where shorter steps have, and is off by what
    differences grow by at shorter steps, if that is beyond any doubt. The shortest tell what f's
    own errors are.
    """
    table, rounding = ladder.slope, ladder.rounding
    size, row, last = np.abs(table), np.arange(len(table)), table
    sure = np.where(size > _DOUBT * rounding, size, 0.0)
    largest = np.maximum.accumulate(sure[::-1])[::-1]  # at any shorter step
    growth = np.nan_to_num(largest - size)
    rows = np.concatenate([row[order + 1 : -1] for order in range(1, _ORDERS)])
    values, errors = np.empty((2, rows.size, *table.shape[1:]))
    step, start = np.diff(table, axis=0), 0
    for order in range(1, _ORDERS):
        table = table[1:] + step / (4.0**order - 1.0)
        last = table[-_LAST:] if order <= 2 else last  # of short steps more orders mean nothing
        step = np.diff(table, axis=0)
        change = np.abs(step)
        here = slice(start, start + len(table) - 2)
        values[here] = table[1:-1]
        errors[here] = change[1:] + change[:-1] + rounding[order + 1 : -1]
        start = here.stop
    aside = (-1,) + (1,) * (table.ndim - 1)
    place = rows.reshape(aside)
    converged = errors <= _CONVERGED * np.abs(values)
    np.maximum(errors, growth[rows], out=errors, where=~converged)
    errors[~converged & (place < np.max(place * converged, axis=0))] = np.inf
    errors[np.isnan(errors) | np.isnan(values)] = np.inf
    best = np.argmin(errors, axis=0)[np.newaxis]
    found, least = (np.take_along_axis(entry, best, 0)[0] for entry in (values, errors))
    off = np.fmax(np.abs(last - found) - 2.0 * ladder.of_x[-_LAST:], 0.0)
    own = np.nan_to_num(np.fmax.reduce(off * 0.5 ** row[-_LAST:].reshape(aside)))
    least = least + 2.0 * own * 2.0 ** rows[best[0]]
    return np.where(np.isfinite(least), found, np.nan), least


def derivative_in(
    name: str,
    f: Callable[..., Array],
    theta: Mapping[str, float],
    parameters: Mapping[str, Parameter],
    *,
    shape: tuple[int, ...] = (),
    noise: float = 0.0,
    floor: float | Array = 0.0,
) -> tuple[Array, Array]:
    """Return the derivative of ``f(**theta)`` in one parameter, and its error.

    Parameters
    ----------
    name
        The parameter to move.
    f
        A function of the parameters, elementwise: the one that moves is an array of `shape` with
        a leading dimension, the others are numbers.
    theta
        Where.
    parameters
        The declarations: steps stay in the domain.
    shape
        The shape of f's values except for the leading dimension.
    noise, floor
        As for :func:`differentiate`.
    """
    low, high = parameters[name].domain.ends({})
    centre = theta[name]
    room = min(centre - float(low), float(high) - centre)
    step = min(0.25 * room, 0.1 * (1.0 + abs(centre)))
    with np.errstate(all="ignore"):
        return differentiate(
            lambda moved: f(**{**theta, name: moved}),
            np.full(shape, centre),
            np.full(shape, step),
            noise=noise,
            floor=floor,
        )


def one_after_another(
    f: Callable[[dict[str, float]], ArrayLike], theta: Mapping[str, Any]
) -> Array:
    """Return f, which takes numbers alone, in each row of the parameter that is an array.

    A row has one value, as :func:`derivative_in` makes them.
    """
    moving = next((name for name, value in theta.items() if np.ndim(value)), None)
    if moving is None:
        return np.asarray(f(dict(theta)))
    numbers = (float(np.ravel(row)[0]) for row in theta[moving])
    return np.asarray([f({**theta, moving: number}) for number in numbers], dtype=np.float64)


def quantiles(
    cdf: Callable[[Array], Array], sf: Callable[[Array], Array], u: Array, within: Array
) -> Array:
    """Return values y with F(y) = u, by the smaller of F and 1 − F; NaN where no value has that.

    Of the sorted values `within` the outermost are brackets, unless u is farther out.
    """
    from scipy.optimize import elementwise

    def off(y: Array, u: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.where(u < 0.5, np.asarray(cdf(y)) - u, (1.0 - u) - np.asarray(sf(y)))

    width = max(float(within[-1] - within[0]), 4.0 * float(np.spacing(np.max(np.abs(within)))))
    low = np.full(u.shape, float(within[0]))
    with np.errstate(all="ignore"):
        found = elementwise.bracket_root(off, low, low + width, args=(u,))
        return np.asarray(elementwise.find_root(off, found.bracket, args=(u,)).x)


def of_tails(below: tuple[Array, Array], above: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return F's derivative and its error, from those of F and 1 − F: the more accurate one."""
    lower = ~(above[1] < below[1]) & ~(np.isnan(below[1]) & ~np.isnan(above[1]))
    return np.where(lower, below[0], -above[0]), np.where(lower, below[1], above[1])


def integral(f: Callable[[Array], Array], start: Array, end: Array) -> tuple[Array, Array]:
    """Return the integrals of a smooth function over intervals, and their errors.

    By Gauss-Legendre rules of several orders, and Gauss-Lobatto rules, whose nodes are rounded.
    """
    half = 0.5 * (end - start)
    rules = [*map(_lobatto, _WITH_ENDS), *map(np.polynomial.legendre.leggauss, _NODES)]
    sums = []
    for node, weight in rules:
        at, weights = start + half * (1.0 + node[:, np.newaxis]), weight[:, np.newaxis]
        values = f(at)
        sums.append(half * np.sum(weights * values, axis=0))
    rounding = np.abs(half) * np.sum(weights * moved(f, at, values), axis=0)
    return sums[-1], np.max(np.abs(sums[-1] - sums[:-1]), axis=0) + rounding


def spans(y: Array) -> list[tuple[Array, Array]]:
    """Return where intervals between values start and end: from the median down, and up.

    An interval starts at a value and is half as long as the way to the next one, but no longer than
    that to the median, so that a power's interval is a moderate one.
    """
    ordered = np.unique(y)
    middle = len(ordered) // 2
    found = []
    for half in (ordered[middle::-1], ordered[middle:]):
        start, outer = half[:-1], half[1:]
        step = np.minimum(0.5 * np.abs(outer - start), np.abs(start - half[:1]))
        found.append((start, start + np.copysign(step, outer - start)))
    return found


@cache
def _lobatto(n: int) -> tuple[Array, Array]:
    """Return the Gauss-Lobatto rule on [−1, 1] (Abramowitz & Stegun 1964, 25.4.32)."""
    last = np.polynomial.Legendre.basis(n - 1)
    inside = last.deriv().roots().real  # all are, and complex numbers from NumPy 2.5 on
    node = np.concatenate([[-1.0], np.sort(inside), [1.0]])
    return node, 2.0 / (n * (n - 1.0) * last(node) ** 2)


class Rule(NamedTuple):
    """Nodes u and weights for ∫ g(u) du over (0, 1), with 1 − u as accurate as u."""

    u: Array
    complement: Array
    weight: Array


@cache
def unit_rule(n: int = 300) -> Rule:
    """Return the double-exponential (tanh-sinh) rule on (0, ½) and (½, 1) (Takahasi & Mori 1974).

    Its error falls exponentially with n for functions that are analytic inside each half,
    whatever their integrable singularities at the ends and in the middle.
    """
    t = np.linspace(-6.1, 3.6, n)
    s = math.pi * np.sinh(t)
    u = 0.5 / (1.0 + np.exp(-s))  # from 1e-304 to ½
    weight = (t[1] - t[0]) * math.pi * np.cosh(t) * 2.0 * u * (0.5 / (1.0 + np.exp(s)))
    upper = 1.0 - u[::-1]
    return Rule(
        np.concatenate([u, upper]),
        np.concatenate([1.0 - u, u[::-1]]),
        np.concatenate([weight, weight[::-1]]),
    )
