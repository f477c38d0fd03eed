"""Logarithms of cumulative functions, also where these underflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies, Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.laws.law import Formula
from reparam.verification.numerics.calculus import differentiate, rounding_of
from reparam.verification.results import Comparison

__all__ = ["of_masses", "of_tails"]

#: The formulas of both tails, that of the other one, and the sign of their slope.
_TAILS = (("cdf", "sf", 1.0), ("sf", "cdf", -1.0))
_SYMBOLS = {"cdf": "ln F", "sf": "ln(1 − F)"}
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
    formulas, target = context.target.formulas, context.target
    values, slopes = Tallies(), Tallies(doubt=_DOUBT)
    for theta in context.sets():
        y, room = context.points(theta)
        if not y.size:
            continue
        low, high = map(float, target.law(theta, context.seed).support)
        far, far_room = _beyond(y, low, high)
        at, space = np.append(y, far), np.append(room, far_room)
        for tail, other, sign in _TAILS:
            log = partial(formulas[f"log_{tail}"], **theta)
            _agree(context, values, (tail, other), theta, at)
            step = np.minimum(0.1 * np.abs(at - np.median(y)), 0.3 * space)
            step = np.where(step > 0.0, step, 0.3 * np.minimum(1.0, space))
            floor = _floor(context, partial(formulas[tail], **theta), at)
            slope, error = differentiate(log, at, step, floor=floor)
            log_p, log_tail = formulas["log_prob"](at, **theta), log(at)
            ratio = sign * np.exp(log_p - log_tail)
            size = np.maximum(np.abs(log_p), np.abs(log_tail))
            lost = _UNITS * np.spacing(size)
            lost = np.where(lost > _TELLING, np.inf, lost * np.abs(slope))
            slopes[f"slope of {_SYMBOLS[tail]}, against p by its tail"].add(
                theta, ratio, slope, rtol=1e-7, atol=lost, uncertainty=error, y=at
            )
    yield from results(values, slopes)


def of_masses(context: Context) -> Iterator[Comparison]:
    """Compare ln F of integers with F, and its jumps with ln p at draws and beyond."""
    formulas, target = context.target.formulas, context.target
    values = Tallies()
    jumps = Tally("ln p(y), against the jump of the smaller tail's logarithm")
    for theta in context.sets():
        y = np.unique(target.values(theta, 64 * context.level.points, context.seed))
        low, high = map(float, target.law(theta, context.seed).support)
        far, _ = _beyond(y, low, high)
        y = np.unique(np.append(y, np.clip(np.rint(far), low, high)))
        for tail, other, _ in _TAILS:
            _agree(context, values, (tail, other), theta, y)
        logs = [[formulas[f"log_{tail}"](y - k, **theta) for k in (0, 1)] for tail, *_ in _TAILS]
        (own, before), (after, upper) = logs
        lower = own < upper  # F(y) − F(y − 1), or the other way round of 1 − F
        whole, part = np.where(lower, own, upper), np.where(lower, before, after)
        share = np.where(part == whole, 0.0, -np.expm1(part - whole))
        lost = _UNITS * (np.spacing(np.abs(whole)) + 4.0 * np.spacing(1.0)) / share
        expected = formulas["log_prob"](y, **theta)
        sure = (whole == -np.inf) | ((share == 0.0) & (expected == -np.inf))
        lost = np.where(sure, 0.0, lost)
        jumps.add(theta, whole + np.log(share), expected, rtol=_RTOL, atol=lost, y=y)
    yield from results(values, jumps)


def _floor(context: Context, tail: Formula, y: Array) -> Array | float:
    """Return what the rounding of a tail makes of its logarithm: 0 for built-in ones."""
    if context.target.strict:
        return 0.0
    probability = np.asarray(tail(y))
    lost = (context.target.rounding + rounding_of(tail, y)) / probability
    return np.where(probability > _LEAST, lost, context.target.rounding)


def _agree(
    context: Context, tallies: Tallies, tails: tuple[str, str], theta: Mapping[str, float], y: Array
) -> None:
    """Compare the logarithm of a tail with the smaller of both tails."""
    formulas = context.target.formulas
    own, other = (np.asarray(formulas[tail](y, **theta)) for tail in tails)
    expected = np.where(other < own, np.log1p(-other), np.log(own))
    lost = context.target.rounding / np.minimum(own, other)
    there = np.minimum(own, other) > _LEAST
    logs = np.asarray(formulas[f"log_{tails[0]}"](y, **theta))
    tallies[f"{_SYMBOLS[tails[0]]}, against F"].add(
        theta,
        logs[there],
        expected[there],
        rtol=_RTOL,
        atol=(lost * np.abs(expected))[there],
        y=y[there],
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
