"""Quantiles from a bracket, cumulative functions and densities: Newton's steps, kept inside."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.numerical.roots import halfway

__all__ = ["solved"]

#: A tail this close to its target, relatively, has met it: a last step follows.
_MET = 2.0**-50
#: Below it a distance that is not halved any more is rounding of the cumulative function.
_ROUNDING = 1e-13
#: Steps, of which every other one halves the floating-point numbers in a bracket if Newton's fail.
_MOST = 160


def solved(
    target: Array,
    upper: NDArray[np.bool_],
    tail_and_density: Callable[[Array, NDArray[np.intp]], tuple[Array, Array]],
    low: Array,
    high: Array,
) -> Array:
    """Return the y at which a tail is what it should be: of rows, each found by itself.

    Newton's steps are on the logarithm of the tail. One that leaves the bracket, or that does not
    halve the distance to the target, is replaced by a halving: of the bracket, or of the
    floating-point numbers in it. So distant parts of a distribution, with nothing between, cost a
    few steps. A row that has met its target stays as it is, whatever its neighbours need.

    Parameters
    ----------
    target
        The probability of the tail, one per row.
    upper
        Whether it is the upper tail.
    tail_and_density
        Of values and the numbers of their rows.
    low, high
        A bracket of each y, finite.
    """
    found = high.copy()
    rows = np.flatnonzero(low < high)
    low, high, upper = low[rows], high[rows], upper[rows]
    y, before = np.where(upper, low, high), np.full(rows.shape, np.inf)
    for step in range(_MOST):
        if not rows.size:
            break
        tail, density = tail_and_density(y, rows)
        miss = np.log(tail / target[rows])
        excess = np.where(upper, -miss, miss)
        high, low = np.where(excess > 0.0, y, high), np.where(excess < 0.0, y, low)
        newton = y - excess * (tail / density)
        inside, size = (newton > low) & (newton < high), np.abs(miss)
        slow = size > 0.5 * before
        met = (size <= _MET) | (slow & (size < _ROUNDING)) | (np.nextafter(low, np.inf) >= high)
        met |= inside & (np.abs(newton - y) <= 0.5 * np.spacing(np.abs(y)))
        found[rows] = np.where(inside, newton, y)
        middle = halfway(low, high) if step % 2 else 0.5 * low + 0.5 * high
        y = np.where(inside & ~slow, newton, middle)
        rest = ~met
        rows, y, low, high = rows[rest], y[rest], low[rest], high[rest]
        upper, before = upper[rest], size[rest]
    return found
