"""How fast a target draws, and how much to look at so that slow ones are finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from reparam.verification.evidence.context import Level
from reparam.verification.refusals import NoGradient
from reparam.verification.targets.target import Target

__all__ = ["affordable"]

#: Draws that are timed at first, and how often: the first call may compile something.
_TIMED, _TIMES = 64, 2
#: Where these seem slow, as many times as many are timed, until they take `_LONG` seconds: what
#: else the machine does may have been in the way.
_MORE, _LONG = 4, 0.1
#: Draws at a parameter set, at the least, and points.
_LEAST, _FEWEST = 2**10, 8
#: How often each point is drawn again, roughly: for differences, in each parameter, at each set.
_AGAIN = 2**9


def affordable(target: Target, level: Level, theta: Mapping[str, float]) -> Level:
    """Return how much to look at, and note how many draws of a target may be asked for.

    Fewer than the level says where its seconds are not enough for them. Draws are timed for that,
    which depends on the machine: numbers are halved until they fit, so that they seldom change.
    Where drawing raises it is for witnesses to say so, after what they find before.
    """
    if not target.may_be_slow:
        return level
    try:
        return _fitted(target, level, theta)
    except Exception:
        return level


def _fitted(target: Target, level: Level, theta: Mapping[str, float]) -> Level:
    seconds = level.seconds / level.sets

    def fitting(n: int, each: float) -> int:
        while n > _LEAST and n * each > seconds:
            n //= 2
        return n

    plain = _seconds(partial(target.values, theta), level.draws, seconds)
    draws = fitting(level.draws, plain)
    target.pilot_draws = min(target.pilot_draws, draws)
    try:
        slopes = _seconds(partial(target.draws, theta), target.gradient_draws, seconds)
        target.gradient_draws = fitting(target.gradient_draws, slopes)
    except NoGradient:
        slopes = plain
    points = level.points
    while points > _FEWEST and points * _AGAIN * slopes > seconds:
        points //= 2
    return replace(level, draws=draws, points=points)


def _seconds(draw: Callable[[int, int], object], most: int, seconds: float) -> float:
    """Return how long one draw more takes, of many in one call; at the most, if `most` fit."""

    def timed(n: int) -> float:
        found = []
        for _ in range(_TIMES):
            start = time.perf_counter()
            draw(n, 0)
            found.append(time.perf_counter() - start)
        return min(found)

    n, start = _TIMED, timed(1)
    while True:
        took = max(0.0, timed(n) - start)
        each = took / (n - 1)
        if most * each <= seconds or took >= _LONG or n >= most:
            return each
        n *= _MORE
