"""Functions of one number as polynomials, piece by piece: at many points, and integrated.

A law with given parameters is a function of the value alone. What is slow there, because it is
differentiated numerically or integrated, is worked out at the nodes of Legendre series.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["Integrals", "evaluated"]

#: From values at Gauss-Legendre nodes to the coefficients of a series, and what they are of P_n;
#: from these to the series at both ends.
_DEGREE = 20
_NODES, _WEIGHTS = legendre.leggauss(_DEGREE)
_TO_SERIES = legendre.legvander(_NODES, _DEGREE - 1).T * _WEIGHTS
_TO_SERIES *= np.arange(0.5, _DEGREE)[:, np.newaxis]
_TO_ENDS = legendre.legvander(np.array([-1.0, 1.0]), _DEGREE - 1).T
#: How much of what a series is off by at an end counts as left out of it: only that reveals
#: a jump between the end and the outermost node, and of the noise of all coefficients together.
_AT_ENDS = 0.05
#: Fewer points than this are looked at one by one.
_FEW = 2 * _DEGREE
#: Pieces to begin with, and at most.
_PIECES, _MOST = 64, 20_000
#: Where a function falls by more than this inside a piece, its small values lose digits.
_CONTRAST = 1e-3
#: What a series leaves out is noise if it is less than this, and halving the piece leaves as much.
_NOISE = 1e-7
#: Halvings that need not help before a piece is given up.
_FUTILE = 2
#: How much larger than by a constant an integral up to a singularity may be.
_SINGULAR = 100.0
#: Points in pieces narrower than this, relatively, have lost digits.
_NARROW = 1e-13
#: No piece is halved more often: next to 0 none is ever narrow, relatively.
_HALVINGS = 100


def _series(values: Array) -> tuple[Array, Array]:
    """Return Legendre coefficients, last axis, and what is left out relative to the largest.

    Values, last axis, are those at the nodes and at both ends.
    """
    series = values[..., 1:-1] @ _TO_SERIES.T
    size = np.max(np.abs(series), axis=-1)
    off = np.max(np.abs(series @ _TO_ENDS - values[..., [0, -1]]), axis=-1)
    rest = np.maximum(np.max(np.abs(series[..., -3:]), axis=-1), _AT_ENDS * off)
    with np.errstate(all="ignore"):
        return series, np.where(size > 0.0, rest / size, np.where(np.isnan(size), np.inf, 0.0))


def _nodes(start: Array, stop: Array) -> Array:
    """Return each piece's start, nodes and stop, last axis."""
    half = 0.5 * (stop - start)[:, np.newaxis]
    return np.column_stack([start, start[:, np.newaxis] + half * (1.0 + _NODES), stop])


def evaluated(
    f: Callable[[Array], tuple[Array, Array]], y: Array, *, rtol: float = 1e-10
) -> tuple[Array, Array]:
    """Return f(y) and its errors, by interpolation where many points lie close and f is smooth.

    f returns values and their errors; `rtol` is relative to values nearby, if these are larger.
    """
    points, place = np.unique(y, return_inverse=True)
    result, error = np.empty((2, *points.shape))
    edges = np.unique(np.linspace(0, points.size, _PIECES + 1).astype(np.int64))
    first, last = edges[:-1], edges[1:]
    alone = []
    while first.size:
        # too few to be worth a series; infinities and NaN, which are sorted to the ends, too
        few = (last - first < _FEW) | ~np.isfinite(points[first]) | ~np.isfinite(points[last - 1])
        alone += [np.arange(*ends) for ends in zip(first[few], last[few], strict=True)]
        first, last = first[~few], last[~few]
        if not first.size:
            break
        start, stop = points[first], points[last - 1]
        at = _nodes(start, stop)
        with np.errstate(all="ignore"):
            values, own = (rows.reshape(at.shape) for rows in f(at.ravel()))
            series, rest = _series(values)
            # errors are small beside each value: where it changes sign, points end up alone
            size, off = np.abs(values), rest * np.max(np.abs(series), axis=-1)
            good = off <= np.maximum(rtol * np.max(size, axis=-1), 2.0 * np.median(own, axis=-1))
            good &= np.min(size, axis=-1) >= _CONTRAST * np.max(size, axis=-1)
            good &= (np.ptp(np.sign(values), axis=-1) == 0.0) & np.all(np.isfinite(own), axis=-1)
        for piece in np.flatnonzero(good):
            here = slice(first[piece], last[piece])
            x = (points[here] - start[piece]) / (0.5 * (stop[piece] - start[piece])) - 1.0
            result[here] = legendre.legval(x, series[piece])
            near = np.clip(np.searchsorted(at[piece], points[here]), 1, at.shape[1] - 1)
            error[here] = np.maximum(own[piece, near - 1], own[piece, near]) + off[piece]
        first, last = first[~good], last[~good]
        middle = (first + last) // 2
        first, last = np.concatenate([first, middle]), np.concatenate([middle, last])
    if alone:
        rest_of = np.concatenate(alone)
        result[rest_of], error[rest_of] = f(points[rest_of])
    return tuple(each[place].reshape(np.shape(y)) for each in (result, error))


class Integrals:
    """The integrals of functions below and above any point, and their errors.

    Pieces are halved until a Legendre series holds the functions, or what it leaves out is not more
    than their own errors, and until the first of them, which is positive, no longer falls by orders
    of magnitude inside a piece. Of a piece that is given up, at a jump say, no more is known than
    between what values the functions lie.

    Parameters
    ----------
    f
        From points to the values of several functions there, one a row, and their errors.
    knots
        Where pieces begin and end.
    lost
        How far the first and the last knot are from the ends of the functions' support: what
        may be there is an error of all integrals from that side.
    rtol
        The error allowed in a piece, relative to the functions' largest values there.
    """

    def __init__(
        self,
        f: Callable[[Array], tuple[Array, Array]],
        knots: Array,
        *,
        lost: tuple[float, float] = (0.0, 0.0),
        rtol: float = 1e-12,
    ) -> None:
        start, stop, series, error = _fitted(f, knots, rtol)
        order = np.argsort(start)
        self._start, self._half = start[order], 0.5 * (stop - start)[order]
        series, error = series[:, order], error[:, order]
        # ∫ P_n from −1 to x is (P_{n+1} − P_{n−1})/(2n + 1); it is 0 at −1
        self._below = legendre.legint(series, axis=-1, lbnd=-1.0) * self._half[:, np.newaxis]
        self._above = -legendre.legint(series, axis=-1, lbnd=1.0) * self._half[:, np.newaxis]
        whole = 2.0 * series[..., 0] * self._half
        self._before = _sums(whole)
        self._after = _sums(whole[:, ::-1])[:, ::-1]
        with np.errstate(all="ignore"):
            beyond = _SINGULAR * np.abs(f(knots[[0, -1]])[0]) * lost
        beyond = np.where(np.array(lost) > 0.0, np.nan_to_num(beyond, nan=np.inf), 0.0)
        self._unsure = (
            _sums(error) + beyond[:, :1],
            _sums(error[:, ::-1])[:, ::-1] + beyond[:, 1:],
        )
        #: The errors of the integrals over all pieces, without what may lie beyond these.
        self.inner_error = _sums(error)[:, -1]
        #: The integrals over all pieces, and their errors.
        self.total = np.sum(whole, axis=-1), self._unsure[0][:, -1] + beyond[:, 1]

    def __call__(self, y: Array, *, upper: bool) -> tuple[Array, Array]:
        """Return the integrals below or above each y, one row a function, and their errors."""
        y = np.clip(y, self._start[0], self._start[-1] + 2.0 * self._half[-1])
        piece = np.clip(np.searchsorted(self._start, y, side="right") - 1, 0, len(self._start) - 1)
        x = (y - self._start[piece]) / self._half[piece] - 1.0
        series = self._above if upper else self._below
        parts = np.stack([_clenshaw(rows, piece, x) for rows in series])
        if upper:
            return np.asarray(parts + self._after[:, piece + 1]), self._unsure[1][:, piece]
        return np.asarray(parts + self._before[:, piece]), self._unsure[0][:, piece + 1]


def _sums(pieces: Array) -> Array:
    """Return the sums before each piece, and of all."""
    return np.concatenate([np.zeros((len(pieces), 1)), np.cumsum(pieces, axis=1)], axis=1)


def _clenshaw(series: Array, piece: NDArray[np.integer], x: Array) -> Array:
    """Return each point's own series there, a term at a time: rows for all points are large."""
    high, low = np.zeros(x.shape), np.zeros(x.shape)
    for n in range(series.shape[-1] - 1, 0, -1):
        high, low = (
            series[piece, n] + (2.0 * n + 1.0) / (n + 1.0) * x * high - (n + 1.0) / (n + 2.0) * low,
            high,
        )
    return np.asarray(series[piece, 0] + x * high - 0.5 * low)


def _fitted(
    f: Callable[[Array], tuple[Array, Array]], knots: Array, rtol: float
) -> tuple[Array, Array, Array, Array]:
    """Return the pieces' ends, series, and the errors of the functions' integrals over them."""
    start, stop = knots[:-1], knots[1:]
    before, futile = np.array(np.inf), np.array(0)
    done: list[tuple[Array, Array, Array, Array]] = []
    while start.size:
        at = _nodes(start, stop)
        with np.errstate(all="ignore"):
            values, noise = (rows.reshape(-1, *at.shape) for rows in f(at.ravel()))
        lost = ~np.isfinite(values)
        values, noise = np.where(lost, 0.0, values), np.where(lost, np.inf, noise)
        series, rest = _series(values)
        size, width = np.max(np.abs(series), axis=-1), stop - start
        own = np.median(noise, axis=-1)  # around a kink errors are large, and it can be cut out
        with np.errstate(all="ignore"):
            rest = np.where(rest * size <= 2.0 * own, np.minimum(rest, rtol), rest)
        better = rest <= np.maximum(rtol, 0.25 * before)
        held = (rest <= rtol) | ((before < _NOISE) & ~better)
        # what neither half is better for is noise; a kink is in one of them
        halves = better.reshape(len(better), -1, len(start) if not done else len(start) // 2)
        either = np.tile(np.any(halves, axis=1), halves.shape[1])
        futile = np.where(either, 0, futile + 1)
        first = np.abs(values[0])
        good = np.all(held | (futile >= _FUTILE), axis=0)
        good &= np.min(first, axis=-1) >= _CONTRAST * np.max(first, axis=-1)
        # nothing there, too narrow, or too many
        good |= np.max(first, axis=-1) == 0.0
        good |= width <= _NARROW * np.maximum(np.abs(start), np.abs(stop))
        good |= len(done) >= _HALVINGS
        good |= sum(len(piece[0]) for piece in done) + len(start) > _MOST
        left_out = np.where(
            held, (rest + rtol) * size, np.minimum(np.ptp(values, axis=-1), _DEGREE * rest * size)
        )
        error = (left_out + 0.5 * noise[..., 1:-1] @ _WEIGHTS) * width
        done.append((start[good], stop[good], series[:, good], error[:, good]))
        start, stop = start[~good], stop[~good]
        before, futile = (np.tile(rows[:, ~good], 2) for rows in (rest, futile))
        middle = 0.5 * (start + stop)
        start, stop = np.concatenate([start, middle]), np.concatenate([middle, stop])
    parts = [np.concatenate([piece[i] for piece in done], axis=i // 2) for i in range(4)]
    return parts[0], parts[1], parts[2], parts[3]
