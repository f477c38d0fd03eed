"""The smallest integer at which a cumulative function reaches a probability, by search.

Each element of a search stops by itself, so that it never depends on its neighbours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array

__all__ = ["Bracket", "anywhere", "rounded_up", "smallest"]

_LARGEST = sys.float_info.max

#: Above it a real number in float64 does not determine the integer it is rounded to.
_EXACT = 2.0**50


class Bracket(NamedTuple):
    """Bounds of a quantile, below < quantile ≤ above, and the integer to try first."""

    below: Array
    above: Array
    start: Array


def anywhere(start: Array, low: Array | float, high: Array | float) -> Bracket:
    """Return the bracket that excludes none of the integers low … high."""
    below = np.array(np.broadcast_to(low, start.shape)) - 1.0
    return Bracket(below, np.array(np.broadcast_to(high, start.shape)), start)


def rounded_up(x: Array, error: Array, low: Array | float, high: Array | float) -> Bracket:
    """Return the bracket of quantiles ⌈x⌉, with x off by at most `error`.

    The bracket excludes nothing where x or its error is large, or not a number.
    """
    below, above = np.ceil(x - error), np.ceil(x + error)
    below -= 1.0
    if not (np.all(below >= low - 1.0) and np.max(above) < _EXACT and np.all(above <= high)):
        near = (np.abs(x) + error < _EXACT) & (x - error <= high)
        above = np.where(near, np.clip(above, low, high), high)
        below = np.where(near, np.clip(below, low - 1.0, above - 1.0), low - 1.0)
    return Bracket(below, above, np.rint(x))


def smallest(
    bracket: Bracket,
    u: Array,
    v: Array,
    cdf: Callable[..., Array],
    sf: Callable[..., Array],
    theta: Sequence[Array],
) -> Array:
    """Return the smallest integer k in the bracket with F(k) ≥ u.

    A search moves away from the start in steps that double until it has passed the quantile, and
    then halves what is left.

    Parameters
    ----------
    bracket
        Flat arrays. Where `above` is the only integer inside, it is the quantile.
    u, v
        Probabilities between 0 and 1, and their complements. Where v < u the upper tail, which
        keeps its digits, decides: 1 − F(k) ≤ v.
    cdf, sf
        F and 1 − F, as formulas of (k, *theta).
    theta
        The parameters: scalars, or arrays with one row per element.

    Returns
    -------
    ndarray
        Above 2⁵³ one of the integers that float64 has; inf beyond the largest of these.
    """
    result = bracket.above.copy()
    members = np.flatnonzero(bracket.above - bracket.below > 1.0)
    if not members.size:
        return result
    below, above, start, u, v = (part[members] for part in (*bracket, u, v))
    theta = [np.asarray(value)[members] if np.ndim(value) else value for value in theta]
    reached = _decision(u, v, cdf, sf, theta)

    last = np.minimum(above - 1.0, _LARGEST)
    at = np.clip(np.where(np.isnan(start), below, start), below + 1.0, last)
    stride, halving = np.zeros(at.shape), np.zeros(at.shape, dtype=bool)
    active = np.arange(at.size)
    while active.size:
        here, before = at[active], stride[active]
        met = reached(here, active)
        below[active] = low = np.where(met, below[active], here)
        above[active] = high = np.where(met, here, above[active])
        first = np.where(met, -1.0, 1.0) * np.maximum(1.0, np.spacing(here))
        halving[active] |= before * first < 0.0
        stride[active] = np.where(before == 0.0, first, 2.0 * before)
        there = here + stride[active]
        least, most = np.maximum(low, -_LARGEST), np.minimum(high, _LARGEST)
        halved = np.floor(least + (0.5 * most - 0.5 * least))
        usable = ~halving[active] & (there > low) & (there < high)
        at[active] = there = np.where(usable, there, halved)
        active = active[(there > low) & (there < high)]
    result[members] = above
    return result


def _decision(
    u: Array,
    v: Array,
    cdf: Callable[..., Array],
    sf: Callable[..., Array],
    theta: Sequence[Any],
) -> Callable[[Array, NDArray[np.integer[Any]]], NDArray[np.bool_]]:
    """Return the function of k, and the numbers of some elements, that compares F(k) with u."""
    upper = v < u

    def reached(k: Array, elements: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
        met = np.empty(k.shape, dtype=bool)
        for side, tail in ((False, cdf), (True, sf)):
            chosen = np.flatnonzero(upper[elements] == side)
            if not chosen.size:
                continue
            # one element by itself may be computed by other instructions than two are
            twice = np.resize(chosen, 2) if chosen.size == 1 else chosen
            some = elements[twice]
            values = tail(k[twice], *(value[some] if np.ndim(value) else value for value in theta))
            at = elements[chosen]
            values = values[: chosen.size]
            met[chosen] = values <= v[at] if side else values >= u[at]
        return met

    return reached
