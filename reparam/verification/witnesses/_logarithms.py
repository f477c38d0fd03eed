"""Logarithms of cumulative functions, also where these underflow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Case, Context
from reparam.verification.numerics.calculus import differentiate, rounding_of
from reparam.verification.results import Comparison

__all__ = ["of_masses", "of_tails"]

#: Both tails: what their logarithms are called, the other one, and the sign of their slope.
_SYMBOLS = {"cdf": "ln F", "sf": "ln(1 − F)"}
_OTHER = {"cdf": "sf", "sf": "cdf"}
_SIGNS = {"cdf": 1.0, "sf": -1.0}
#: The relative error allowed.
_RTOL = 1e-9
#: Probabilities below it may underflow, or have lost digits.
_LEAST = 1e-290
#: How many times farther out than quantiles there are values to look at; of a finite end, nearer.
_FARTHER = np.array([3.0, 8.0, 30.0, 1e4])
#: Units in the last place that a logarithm may be off, in differences of two.
_UNITS = 16.0
#: An error of a logarithm beyond which its exponential decides nothing.
_TELLING = 1e-3
#: Why a derivative may be uncertain.
_DOUBT = "the logarithm moves too little, or too abruptly, from one number to the next"


def of_tails(context: Context) -> Iterator[Comparison]:
    """Compare ln F with F, and its slope with p/F at the quantiles and beyond."""
    found = Tallies(doubt=_DOUBT)
    for case in context.cases():
        y, room = case.points
        if not y.size:
            continue
        far, far_room = _beyond(y, *map(float, case.law.support))
        at, space = np.append(y, far), np.append(room, far_room)
        step = np.minimum(0.1 * np.abs(at - np.median(y)), 0.3 * space)
        step = np.where(step > 0.0, step, 0.3 * np.minimum(1.0, space))
        log_p = case.formulas.log_prob(at)
        for tail, sign in _SIGNS.items():
            log = getattr(case.formulas, f"log_{tail}")
            _agree(case, found, tail, at)
            slope, error = differentiate(log, at, step, floor=_floor(case, tail, at))
            log_tail = log(at)
            ratio = sign * np.exp(log_p - log_tail)
            lost = _UNITS * np.spacing(np.maximum(np.abs(log_p), np.abs(log_tail)))
            lost = np.where(lost > _TELLING, np.inf, lost * np.abs(slope))
            found[f"slope of {_SYMBOLS[tail]}, against p by its tail"].add(
                case.theta, ratio, slope, rtol=1e-7, atol=lost, uncertainty=error, y=at
            )
    yield from found.result()


def of_masses(context: Context) -> Iterator[Comparison]:
    """Compare ln F of integers with F, and its jumps with ln p at draws and beyond."""
    found = Tallies()
    for case in context.cases():
        y = np.unique(case.values(64 * context.level.points))
        low, high = map(float, case.law.support)
        far, _ = _beyond(y, low, high)
        y = np.unique(np.append(y, np.clip(np.rint(far), low, high)))
        for tail in _SYMBOLS:
            _agree(case, found, tail, y)
        f = case.formulas
        (own, before), (after, upper) = (
            [log(y - k) for k in (0, 1)] for log in (f.log_cdf, f.log_sf)
        )
        lower = own < upper  # F(y) − F(y − 1), or the other way round of 1 − F
        whole, part = np.where(lower, own, upper), np.where(lower, before, after)
        share = np.where(part == whole, 0.0, -np.expm1(part - whole))
        lost = _UNITS * (np.spacing(np.abs(whole)) + 4.0 * np.spacing(1.0)) / share
        expected = f.log_prob(y)
        sure = (whole == -np.inf) | ((share == 0.0) & (expected == -np.inf))
        lost = np.where(sure, 0.0, lost)
        found["ln p(y), against the jump of the smaller tail's logarithm"].add(
            case.theta, whole + np.log(share), expected, rtol=_RTOL, atol=lost, y=y
        )
    yield from found.result()


def _floor(case: Case, tail: str, y: Array) -> Array | float:
    """Return what the rounding of a tail makes of its logarithm: 0 for built-in ones."""
    if case.target.strict:
        return 0.0
    rounding, f = case.target.rounding, getattr(case.formulas, tail)
    probability = np.asarray(f(y))
    return np.where(probability > _LEAST, (rounding + rounding_of(f, y)) / probability, rounding)


def _agree(case: Case, found: Tallies, tail: str, y: Array) -> None:
    """Compare the logarithm of a tail with the smaller of both tails."""
    own, other = (np.asarray(getattr(case.formulas, each)(y)) for each in (tail, _OTHER[tail]))
    least = np.minimum(own, other)
    expected = np.where(other < own, np.log1p(-other), np.log(own))
    lost = case.target.rounding / least * np.abs(expected)
    logs, there = np.asarray(getattr(case.formulas, f"log_{tail}")(y)), least > _LEAST
    found.of(f"{_SYMBOLS[tail]}, against F", doubt="").add(
        case.theta, logs[there], expected[there], rtol=_RTOL, atol=lost[there], y=y[there]
    )


def _beyond(y: Array, low: float, high: float) -> tuple[Array, Array]:
    """Return values farther out than all of some, and how far the support's ends are."""
    middle, found = np.median(y), []
    for outermost, end in ((np.min(y), low), (np.max(y), high)):
        if np.isinf(end):
            found.append(middle + (outermost - middle) * _FARTHER)
        elif end == 0.0:
            found.append(outermost / _FARTHER)
    far = np.concatenate(found) if found else np.zeros(0)
    room = np.minimum(far - low, high - far)
    there = np.isfinite(far) & (room > 0.0)
    return far[there], room[there]
