"""The integers, or vectors of counts, that a discrete distribution's probability is on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.context import Case
from reparam.verification.targets.registered import Masses

__all__ = ["every"]

#: The most terms of a sum over all values, and the probability left out of it on either side.
_TERMS, _REST = 2.0**22, 1e-18
#: How many values are summed over where that is too many.
_FIRST = 2.0**14
#: Values that a sum need not choose from.
_FEW = 64.0
#: The most vectors of counts that are enumerated.
_VECTORS = 2**16


def every(case: Case) -> tuple[Array, bool]:
    """Return all values that are not too improbable, in order, and whether these are all.

    Where they are too many they are the first of them, and no vectors. Vectors are rows.
    """
    if case.target.length:
        return _vectors(case)
    cdf, sf = case.formulas.cdf, case.formulas.sf
    low, high = map(float, case.law.support)
    start = low if np.isfinite(low) else float(case.values(1)[0])
    if start == low:
        first = _border(lambda y: cdf(y) > _REST, low, high)
    else:
        first = -_border(lambda y: cdf(-y) <= _REST, -start, -low)
    last = _border(lambda y: sf(y) <= _REST, start, high)
    if last - low < _FEW:  # all of them, where the rarest may have all that scores vary by
        first, last = low, min(high, low + _FEW)
    if last - first < _TERMS:
        return np.arange(first, last + 1.0), True
    return np.arange(first, first + _FIRST + 1.0), False


def _border(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Return the least integer that is beyond something, of those from low to high.

    None is looked for farther than there are too many to sum over.
    """
    width = 1.0
    while low + width < high and width <= _TERMS and not beyond(low + width):
        width *= 2.0
    last = min(low + width, high)
    while low < last:
        middle = low + (last - low) // 2.0
        low, last = (low, middle) if beyond(middle) else (middle + 1.0, last)
    return last


def _vectors(case: Case) -> tuple[Array, bool]:
    length, total = case.target.length, cast(Masses, case.target).total(case.theta)
    if math.comb(total + length - 1, total) > _VECTORS:
        return np.empty((0, length)), False
    return np.array([*_counts(length, total)], dtype=np.float64), True


def _counts(length: int, total: int) -> Iterator[tuple[int, ...]]:
    """Yield all vectors of counts with that sum."""
    if length == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in _counts(length - 1, total - first))
