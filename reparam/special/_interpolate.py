"""Smooth functions of one variable, replaced by polynomials that agree to rounding errors.

With fixed shapes, a quantile function and its derivatives are functions of the noise alone. Over
the range that nearly all noise falls in they are expanded once in Chebyshev polynomials, on panels
short enough for a low degree, checked against the kernels between the nodes, and summed by Horner's
rule. Elsewhere the kernels themselves serve.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reparam._typing import Array

__all__ = ["REACH", "Interpolant", "interpolant"]

#: Standard normal noise further out, which has a probability of 2e-9, is left to the kernels.
REACH = 6.0

#: Degree of a panel's polynomial, how many panels there may be, the error allowed.
_DEGREE, _PANELS, _TOLERANCE = 24, 27, 1.5e-14

_K = np.arange(_DEGREE + 1)
_NODES = np.cos(np.pi * (_K + 0.5) / _K.size)
_CHECKS = np.cos(np.pi * np.arange(1, 2 * _K.size) / (2 * _K.size))

#: From values at the nodes to Chebyshev coefficients.
_TO_SERIES = 2.0 / _K.size * np.cos(np.outer(_K, np.pi * (_K + 0.5) / _K.size))
_TO_SERIES[0] *= 0.5

#: Coefficients of 1, t, t², …
Table = tuple[float, ...]
#: An array for each of some functions, from an array of points.
Functions = Callable[[Array], tuple[Array, ...]]


def _table(values: Array, allowed: float) -> Table:
    """Return coefficients from values at the nodes, as few as the allowed error lets be."""
    series = _TO_SERIES @ values
    left_out = np.cumsum(np.abs(series[::-1]))[::-1]
    size = max(1, np.count_nonzero(left_out > 0.1 * allowed))
    return tuple(np.polynomial.chebyshev.cheb2poly(series[:size]).tolist())


class _Panel(NamedTuple):
    """A polynomial for each output on middle ± half."""

    middle: float
    half: float
    tables: list[Table]

    def __call__(self, point: Array, outputs: tuple[int, ...]) -> tuple[Array, ...]:
        local = (point - self.middle) * (1.0 / self.half)
        return tuple(_horner(local, self.tables[k]) for k in outputs)


def _fitted(exact: Functions, start: float, stop: float, least: tuple[float, ...]) -> _Panel | None:
    """Return a panel, if its polynomials agree with the functions between the nodes."""
    middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
    with np.errstate(all="ignore"):
        values = exact(middle + half * np.concatenate([_NODES, _CHECKS]))
    sizes = least + (0.0,) * (len(values) - len(least))
    scales = [np.maximum(np.abs(value), size) for value, size in zip(values, sizes, strict=True)]
    allowed = [_TOLERANCE * float(scale.min()) for scale in scales]
    tables = [_table(v[: _K.size], a) for v, a in zip(values, allowed, strict=True)]
    for table, value, scale in zip(tables, values, scales, strict=True):
        errors = np.abs(_horner(_CHECKS, table) - value[_K.size :]) / scale[_K.size :]
        if not np.all(errors < _TOLERANCE):
            return None
    return _Panel(middle, half, tables)


class Interpolant:
    """Functions of one variable on a range cut into panels; made by :func:`interpolant`."""

    def __init__(self, exact: Functions, panels: list[_Panel], typical: float) -> None:
        self._exact, self._panels = exact, panels
        self._edges = [panel.middle - panel.half for panel in panels]
        self._edges.append(panels[-1].middle + panels[-1].half)
        self._main = int(np.searchsorted(self._edges, typical, side="right"))

    def __call__(self, point: Array, *outputs: int) -> tuple[Array, ...]:
        """Return those of the functions with the given numbers."""
        choice = np.zeros(point.size, np.int8)
        for edge in self._edges:
            choice += point >= edge
        # where most points are it is evaluated everywhere: to pick them out would cost as much
        found = self._panels[self._main - 1](point, outputs)
        for number, panel in enumerate([None, *self._panels, None]):
            if number == self._main or not (members := np.flatnonzero(choice == number)).size:
                continue
            if panel:
                values = panel(point[members], outputs)
            else:
                exact = self._exact(point[members])
                values = tuple(exact[k] for k in outputs)
            for array, value in zip(found, values, strict=True):
                array[members] = value
        return found


def interpolant(
    exact: Functions,
    low: float,
    high: float,
    typical: float = 0.0,
    least: tuple[float, ...] = (1.0,),
) -> Interpolant | None:
    """Return functions of one variable as polynomials, if these agree with all of them.

    To 1.5e-14 of each one's value, or of the size given for it where that is larger.

    Parameters
    ----------
    exact
        The functions: an array each from an array of points.
    low, high
        The range to cover.
    typical
        A point in the midst of most.
    least
        For each of the functions the least size that errors are relative to; 0 if left out.
    """
    panels: list[_Panel] = []
    pending = [(low, high)]
    while pending:
        start, stop = pending.pop()
        if panel := _fitted(exact, start, stop, least):
            panels.append(panel)
        else:
            cuts = np.linspace(start, stop, 4).tolist()
            pending += reversed(list(pairwise(cuts)))
        if len(pending) + len(panels) > _PANELS:
            return None
    return Interpolant(exact, panels, typical)


def _horner(t: Array, table: Table) -> Array:
    total = np.full_like(t, table[-1])
    for coefficient in reversed(table[:-1]):
        total *= t
        total += coefficient
    return total
