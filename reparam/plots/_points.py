"""Where functions are evaluated, and which part of them is shown.

A curve must look right to the eye: bends, kinks and steep ends get more points, and a window holds
what the draws do, however far the tails reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.plots._laws import is_discrete, quantile

__all__ = ["ceiling", "integers", "points", "poles", "span", "united", "window"]

#: Probabilities beyond which nothing is shown.
_RARE = 0.001

#: The window ends, on each side, this many times as far from the median as the tenth of draws
#: farthest out begins: heavy tails would squeeze the rest into a line.
_REACH = 4.0

#: A tail is heavy if its thousandth begins this many times as far from the median as its tenth.
_HEAVY = 30.0

#: The window of a heavy tail ends where the density falls below this share of its maximum.
_FAINT = 0.01

#: A bound of the support this near, as a share of the window's width, is in the window.
_NEAR = 0.25

#: The share of the window next to a pole whose values don't set the scale.
_STEEP = 0.02

#: Where pictures end: differences of numbers farther out overflow.
_FARTHEST = 1e300

#: Equidistant points to begin with.
_FIRST = 97

#: How often the intervals between points are halved where a curve bends.
_HALVINGS = 8

#: A bend, as a share of the picture's height, that is not visible.
_INVISIBLE = 1 / 800

#: Integers that are drawn one by one; of more, a selection.
_MOST_STEMS = 100


def window(law: Distribution) -> tuple[float, float]:
    """Return the part of the real line that a picture of a distribution shows."""
    u = np.array([_RARE, 0.1, 0.5, 0.9, 1.0 - _RARE])
    shown = np.clip(quantile(law, u), -_FARTHEST, _FARTHEST)
    lowest, tenth, median, ninetieth, highest = shown.tolist()
    low = max(lowest, median - _REACH * (median - tenth))
    high = min(highest, median + _REACH * (ninetieth - median))
    if not is_discrete(law) and not poles(law):
        at = quantile(law, np.linspace(0.005, 0.995, 199))
        faint = np.exp(law.log_prob(at)) >= _FAINT * np.exp(np.max(law.log_prob(at)))
        if highest - median > _HEAVY * (ninetieth - median):
            high = min(high, float(at[faint].max(initial=median)))
        if median - lowest > _HEAVY * (median - tenth):
            low = max(low, float(at[faint].min(initial=median)))
    if not low < high:  # all of these draws are one number, up to rounding
        width = max(abs(low) * 1e-6, 1e-300)  # of their sizes, or of the least that can be halved
        low, high = (low - 2.0, low + 2.0) if is_discrete(law) else (low - width, low + width)
    first, last = (float(end) for end in law.support)
    near = _NEAR * (high - low)
    low = first if low - first < near else low
    high = last if last - high < near else high
    return low, high


def poles(law: Distribution) -> list[float]:
    """Return where the density is infinite: of the bounds of the support and the median."""
    low, high = map(float, law.support)
    median = float(quantile(law, np.array(0.5)))
    return [y for y in dict.fromkeys((low, median, high)) if law.log_prob(y) == np.inf]


def united(windows: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return the smallest interval that holds all of these."""
    lows, highs = zip(*windows, strict=True)
    return min(lows), max(highs)


def integers(law: Distribution, limits: tuple[float, float]) -> tuple[Array, bool]:
    """Return integers of the support in a window, and whether these are all."""
    first, last = (float(end) for end in law.support)
    low, high = max(math.floor(limits[0]), first), min(math.ceil(limits[1]), last)
    if high - low < _MOST_STEMS:
        return np.arange(low, high + 1.0), True
    return np.unique(np.round(np.linspace(low, high, 4 * _MOST_STEMS))), False


def points(
    function: Callable[[Array], Array],
    law: Distribution,
    limits: tuple[float, float],
    heights: Callable[[Array, Array], tuple[float, float]],
) -> tuple[Array, Array]:
    """Return a curve of a distribution: its points, closer to each other where it bends.

    Parameters
    ----------
    function
        What is drawn over y.
    law
        The distribution, whose quantiles and bounds are among the points.
    limits
        The window.
    heights
        The range of values that will be shown, from points and values.

    Returns
    -------
    tuple of ndarray
        y in ascending order, and the function there: finite, except for NaN in gaps.
    """
    first, last = (float(end) for end in law.support)
    low, high = max(limits[0], first), min(limits[1], last)
    near = (high - low) * 10.0 ** np.arange(-12.0, -1.0)
    ends = [low, high, *(low + near), *(high - near)]
    inner = quantile(law, np.linspace(0.005, 0.995, 67))
    x = np.concatenate([np.linspace(low, high, _FIRST), ends, inner])
    x = np.unique(x[(x >= low) & (x <= high)])
    y = function(x)
    bottom, top = heights(x, y)
    smallest = (high - low) * 2.0**-24
    bent = np.ones(len(x) - 1, bool)
    for _ in range(_HALVINGS):
        bent &= np.diff(x) > smallest
        if not np.any(bent):
            break
        at = np.flatnonzero(bent)
        middle = 0.5 * (x[at] + x[at + 1])
        value = function(middle)
        shown, left, right = (np.clip(v, bottom, top) for v in (value, y[at], y[at + 1]))
        off = np.abs(shown - 0.5 * (left + right)) > _INVISIBLE * (top - bottom)
        halves = np.zeros(len(bent), bool)
        halves[at] = off
        x, y = np.insert(x, at + 1, middle), np.insert(y, at + 1, value)
        # both halves of an interval that is cut, and the one that was whole
        bent = np.insert(halves, at + 1, off)
    y = np.where(np.isfinite(y), y, np.nan)
    return x, y


def ceiling(x: Array, y: Array, steep: Iterable[float], limits: tuple[float, float]) -> float:
    """Return the greatest height of a density that sets the scale: not that of a pole's flank."""
    width = limits[1] - limits[0]
    flat = np.isfinite(y)
    for pole in steep:
        flat &= np.abs(x - pole) > _STEEP * width
    return float(np.max(y[flat], initial=0.0))


def span(x: Array, y: Array, limits: tuple[float, float]) -> tuple[float, float]:
    """Return the range of a derivative's values that is shown.

    It is the whole range, unless values next to the bounds of the window are far beyond all others.
    """
    width = limits[1] - limits[0]
    finite = np.isfinite(y)
    away = finite & (x - limits[0] > _STEEP * width) & (limits[1] - x > _STEEP * width)
    if not np.any(away):
        away = finite
    if not np.any(away):
        return -1.0, 1.0
    low, high = float(y[away].min()), float(y[away].max())
    lowest, highest = float(y[finite].min()), float(y[finite].max())
    height = max(high - low, 1e-6 * max(abs(low), abs(high)), 1e-300)
    return max(lowest, low - height), min(highest, high + height)
