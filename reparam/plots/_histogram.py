"""Histograms of streams of draws: bounds chosen beforehand, counts added up block by block."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from reparam._typing import Array

__all__ = ["count", "edges"]

#: Bars, at least; of few draws, the square root of their number.
_FEWEST = 24

#: Bars, at most.
_MOST = 60

#: Integers up to which each has a bar.
_SINGLE = 100


def edges(
    limits: tuple[float, float], quartiles: tuple[float, float], n: int, *, whole: bool = False
) -> Array:
    """Return the bounds of bars in a window by the rule of Freedman and Diaconis (1981).

    Parameters
    ----------
    limits
        The window.
    quartiles
        The lower and the upper quartile.
    n
        How many draws there will be.
    whole
        Whether draws are integers: then each bar holds as many of these as the next.
    """
    low, high = limits
    width = 2.0 * (quartiles[1] - quartiles[0]) / max(n, 1) ** (1 / 3)
    bars = (high - low) / width if width > 0.0 else float(_MOST)
    bars = int(min(max(bars, min(_FEWEST, math.sqrt(n)), 1.0), _MOST))
    if whole:
        step = max(1, math.ceil((high - low + 1.0) / (_SINGLE if high - low < _SINGLE else _MOST)))
        return np.arange(low - 0.5, high + 0.5 + step, step)
    return np.linspace(low, high, bars + 1)


def count(blocks: Iterable[Array], bounds: Array) -> tuple[Array, int]:
    """Return how many draws there are in each bar, and in all."""
    counts, total = np.zeros(len(bounds) - 1), 0
    for block in blocks:
        inside = block[(block >= bounds[0]) & (block <= bounds[-1])]
        counts += np.histogram(inside, bounds)[0]
        total += block.size
    return counts, total
