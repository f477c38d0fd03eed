"""Second derivatives of draws: whether those of expectations by them are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.comparing import Tallies
from reparam.verification.evidence.context import Context
from reparam.verification.numerics import statistics
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison

__all__ = ["second"]

#: Draws at each set.
_DRAWS = 2**15
#: Functions that are looked at.
_FUNCTIONS = 3
#: Draws that tell where the mass is.
_PILOT = 1024
#: A step of differences of fourth order, relative to the room there is.
_STEP = 1e-3
#: What differences may leave of second derivatives: of formulas, and of what is numerical itself.
_ROUNDED, _NUMERICAL = 1e-6, 1e-2
#: The share of draws at which the reference must be known.
_ENOUGH = 0.95


def second(context: Context) -> Iterator[Comparison]:
    """Compare ∂²E[φ(y)]/∂θ∂θ' by second derivatives of draws with that by the quantile path's.

    E[φ'' y_a y_b + φ' y_ab] is the same for any path, and φ is bounded with its derivatives. The
    quantile path's first derivatives are P_a = −F_a/p, and its second ones the derivative of P_a
    along its flow: y + h P_b as θ_b + h.
    """
    target, sets = context.target, context.sets()
    if target.length:
        raise NotApplicable("its values are vectors; second derivatives are those of numbers")
    pairs = list(combinations_with_replacement(target.parameters, 2))
    found = Tallies("standard errors")
    critical = statistics.critical_value(context.alpha / (_FUNCTIONS * len(pairs) * len(sets)))
    n = min(context.level.draws, target.gradient_draws, _DRAWS)
    rounded = _NUMERICAL if target.is_numerical else _ROUNDED
    for number, theta in enumerate(sets):
        sample, bends = target.second(theta, n, context.seeded("second", number))
        y = np.asarray(sample.value, dtype=np.float64)
        pilot = target.values(theta, _PILOT, context.seeded("second pilot", number))
        slopes = {name: np.asarray(each) for name, each in target.law(theta, 0).pathwise(y).items()}
        for a, b in pairs:
            tally = found[f"∂²E[φ(y)]/∂{a}∂{b}"]
            exact = _bend(context, theta, y, slopes[b], a, b)
            kept = np.isfinite(exact)
            if np.mean(kept) < _ENOUGH:
                tally.add(theta, 0.0, np.nan, note="−F_θ/p is not smooth enough")
                continue
            for what, slope, bend in _functions(y, pilot):
                own = bend * sample.gradients[a] * sample.gradients[b] + slope * bends[a, b]
                path = bend * slopes[a] * slopes[b] + slope * exact
                own, path = own[kept], path[kept]
                off, slack = own - path, rounded * float(np.mean(np.abs(path)))
                z = statistics.mean_score(off, slack=slack)
                note = ""
                if abs(z) > critical:
                    note = f"φ = {what}: {np.mean(own):.4g} for {np.mean(path):.4g}"
                    note += "" if np.any(bends[a, b]) else "; that of draws is 0, all of them"
                summable = np.all(np.abs(off) <= slack) or statistics.is_summable(off)
                tally.add(theta, z, 0.0 if summable else np.nan, atol=critical, note=note)
    yield from found.result()


def _bend(
    context: Context, theta: Mapping[str, float], y: Array, along: Array, a: str, b: str
) -> Array:
    """Return the quantile path's second derivative in two parameters, by fourth-order differences.

    The flow keeps each value's probability, but that of a kink may move: NaN where one is crossed.
    """
    target = context.target
    low, high = map(float, target.parameters[b].domain.ends({}))
    step = _STEP * min(theta[b] - low, high - theta[b], 1.0 + abs(theta[b]))
    pieces = []

    def at(times: float) -> Array:
        there, moved = {**theta, b: theta[b] + times * step}, y + times * step * along
        pieces.append(np.searchsorted(np.sort(target.joints(there)), moved))
        return np.asarray(target.law(there, 0).pathwise(moved)[a])

    slope = (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)
    return np.where(np.ptp(pieces, axis=0) == 0, slope, np.nan)


def _functions(y: Array, pilot: Array) -> Iterator[tuple[str, Array, Array]]:
    """Yield functions φ of numbers: what it is, φ'(y) and φ''(y)."""
    low, middle, high = np.quantile(pilot, [0.16, 0.5, 0.84])
    width = high - low
    t = np.tanh((y - middle) / width)
    dt = (1.0 - t) * (1.0 + t) / width
    d2t = -2.0 * t * dt / width
    yield "t", dt, d2t
    yield "t²", 2.0 * t * dt, 2.0 * dt * dt + 2.0 * t * d2t
    wave, slope = np.sin(3.0 * t), 3.0 * np.cos(3.0 * t)
    yield "sin 3t", slope * dt, -9.0 * wave * dt * dt + slope * d2t
