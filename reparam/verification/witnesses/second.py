"""Second derivatives of draws: whether those of expectations by them are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement

import numpy as np

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Tally
from reparam.verification.context import Context
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison

__all__ = ["second"]

#: Draws at each set.
_DRAWS = 2**15
#: Functions that are looked at.
_FUNCTIONS = 3
#: A step of differences of the score of fourth order, relative to the room there is.
_STEP = 1e-3
#: What rounding, and differences, may leave of a mean that is 0.
_ROUNDED = 1e-8


def second(context: Context) -> Iterator[Comparison]:
    """Compare ∂²E[φ(y)]/∂θ∂θ' by second derivatives of draws with that by the score.

    E[φ'' y_a y_b + φ' y_ab] = E[φ (s_a s_b + ∂s_a/∂θ_b)], for functions φ that are bounded with
    their derivatives. It holds for any path. What s_a, s_b and s_a s_b + ∂s_a/∂θ_b, with their mean
    of 0, explain of the difference is taken from it.
    """
    target, sets = context.target, context.sets()
    if target.length:
        raise NotApplicable(
            "its values are vectors, and second derivatives of numbers are compared"
        )
    names = [name for name in target.parameters if name not in target.moving]
    if not names:
        raise NotApplicable("all parameters move an end of the support, where the score tells less")
    pairs = list(combinations_with_replacement(names, 2))
    tallies = {pair: Tally("∂²E[φ(y)]/∂{}∂{}".format(*pair), "standard errors") for pair in pairs}
    critical = statistics.critical_value(context.alpha / (_FUNCTIONS * len(pairs) * len(sets)))
    n = min(context.level.draws, target.gradient_draws, _DRAWS)
    for number, theta in enumerate(sets):
        sample, bends = target.second(theta, n, context.seeded("second", number))
        y = np.asarray(sample.value, dtype=np.float64)
        pilot = target.values(theta, 1024, context.seeded("second pilot", number))
        scores = {name: np.asarray(each) for name, each in target.law(theta, 0).score(y).items()}
        for a, b in pairs:
            twice = scores[a] * scores[b] + _bent_score(context, theta, y, a, b)
            zero = np.stack([scores[a], twice] if a == b else [scores[a], scores[b], twice])
            known = zero.T @ np.linalg.pinv(zero @ zero.T)
            for what, value, slope, bend in _functions(y, pilot):
                path = bend * sample.gradients[a] * sample.gradients[b] + slope * bends[a, b]
                product = (value - np.mean(value)) * twice
                off = path - product
                off = off - (off @ known) @ zero
                if not (np.all(np.isfinite(off)) and statistics.is_summable(off)):
                    continue
                size = float(np.mean(np.abs(path)) + np.mean(np.abs(product)))
                z = statistics.mean_score(off, slack=_ROUNDED * size)
                note = ""
                if abs(z) > critical:
                    exact = float(np.mean(product))
                    note = f"φ = {what}: {exact + float(np.mean(off)):.4g} for {exact:.4g}"
                    note += "; it is 0 at all draws" if not np.any(bends[a, b]) else ""
                tallies[a, b].add(theta, z, 0.0, atol=critical, note=note)
    for tally in tallies.values():
        yield from tally.result()


def _bent_score(context: Context, theta: Mapping[str, float], y: Array, a: str, b: str) -> Array:
    """Return ∂s_a/∂θ_b, by differences of fourth order."""
    target = context.target
    low, high = map(float, target.parameters[b].domain.ends({}))
    step = _STEP * min(theta[b] - low, high - theta[b], 1.0 + abs(theta[b]))

    def at(times: float) -> Array:
        law = target.law({**theta, b: theta[b] + times * step}, 0)
        return np.asarray(law.score(y)[a])

    return (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)


def _functions(y: Array, pilot: Array) -> Iterator[tuple[str, Array, Array, Array]]:
    """Yield functions φ of numbers: what it is, φ(y), φ'(y) and φ''(y)."""
    low, middle, high = np.quantile(pilot, [0.16, 0.5, 0.84])
    width = high - low
    t = np.tanh((y - middle) / width)
    dt = (1.0 - t) * (1.0 + t) / width
    d2t = -2.0 * t * dt / width
    yield "t", t, dt, d2t
    yield "t²", t * t, 2.0 * t * dt, 2.0 * dt * dt + 2.0 * t * d2t
    wave, slope = np.sin(3.0 * t), 3.0 * np.cos(3.0 * t)
    yield "sin 3t", wave, slope * dt, -9.0 * wave * dt * dt + slope * d2t
