"""Smooth functions of one variable, replaced by polynomials that agree to rounding errors.

With fixed shapes, a kernel is a function of the point alone. Over the range that nearly all draws
fall in it is expanded once in Chebyshev polynomials, on panels short enough for a low degree,
checked against the kernel between the nodes, and summed by Horner's rule. Elsewhere, and where
the check fails, the kernel itself serves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.special._elementwise import Regime, select

__all__ = ["RARE", "Interpolant"]

#: What is left to the kernel itself on either side: this much probability.
RARE = 1e-5

#: Degree of a panel's polynomial, how many panels there may be, the relative error allowed.
_DEGREE, _PANELS, _TOLERANCE = 22, 24, 1e-14
#: Elements that a polynomial is evaluated on at a time.
_PIECE = 2**17

_K = np.arange(_DEGREE + 1)
_NODES = np.cos(np.pi * (_K + 0.5) / _K.size)
_CHECKS = np.cos(np.pi * np.arange(1, 2 * _K.size) / (2 * _K.size))


#: From values at the nodes to Chebyshev coefficients.
_TO_SERIES = 2.0 / _K.size * np.cos(np.outer(_K, np.pi * (_K + 0.5) / _K.size))
_TO_SERIES[0] *= 0.5


def _table(values: Array) -> tuple[float, ...]:
    """Return coefficients of 1, t, t², … from values at the nodes, trailing noise left out."""
    series = _TO_SERIES @ values
    size = np.flatnonzero(np.abs(series) > 1e-17 * np.abs(series).max()).max() + 1
    return tuple(np.polynomial.chebyshev.cheb2poly(series[:size]).tolist())


class Interpolant:
    """A kernel with its range cut into panels, each with a polynomial for each output.

    Parameters
    ----------
    exact
        The kernel: a tuple of arrays of the point.
    low, high
        The range to cover.
    """

    def __init__(
        self, exact: Callable[[Array], tuple[Array, ...]], low: float, high: float
    ) -> None:
        self._exact = exact
        self._edges: list[float] = []
        regimes: list[Regime] = []
        pending = [(low, high)]
        while pending:
            start, stop = pending.pop()
            middle, half = 0.5 * (start + stop), 0.5 * (stop - start)
            values = exact(middle + half * np.concatenate([_NODES, _CHECKS]))
            tables = [_table(v[: _K.size]) for v in values]
            fits = all(
                np.all(np.abs(_horner(_CHECKS, table) / v[_K.size :] - 1.0) < _TOLERANCE)
                for table, v in zip(tables, values, strict=True)
            )
            if not fits and len(pending) + len(regimes) < _PANELS:
                pending += [(middle, stop), (start, middle)]
                continue
            self._edges.append(start)
            formula = partial(_panel, middle=middle, half=half, tables=tables)
            regimes.append(Regime(formula, _PIECE) if fits else Regime(exact))
        self._edges.append(high)
        self._outputs = len(tables)
        self._regimes = (Regime(exact), *regimes, Regime(exact))
        self.panels = len(regimes)

    def __call__(self, point: Array) -> tuple[Array, ...]:
        """Return the kernel's outputs."""
        choice = np.zeros(point.size, np.int8)
        for edge in self._edges:
            choice += point >= edge
        result = select(choice, self._regimes, point, outputs=self._outputs)
        return (result,) if self._outputs == 1 else tuple(result)


def _panel(
    point: Array, middle: float, half: float, tables: list[tuple[float, ...]]
) -> tuple[Array, ...]:
    local = (point - middle) * (1.0 / half)
    return tuple(_horner(local, table) for table in tables)


def _horner(t: Array, table: tuple[float, ...]) -> Array:
    total = np.full_like(t, table[-1])
    for coefficient in reversed(table[:-1]):
        total *= t
        total += coefficient
    return total
