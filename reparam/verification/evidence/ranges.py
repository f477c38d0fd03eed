"""Draws and gradients at many parameter sets, all over the typical ranges: a little at each.

A branch that few parameters take is seen by a few of these sets, with draws of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence import paths
from reparam.verification.evidence.comparing import Tallies, Tally, beside, not_numbers
from reparam.verification.evidence.context import Context, parameter_sets
from reparam.verification.evidence.fit import is_discrete
from reparam.verification.evidence.paths import Drawn
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics import statistics
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Comparison

__all__ = ["over_ranges"]

#: Draws at each set: values, and gradients one by one.
_VALUES, _GRADIENTS = 2048, 128
#: Draws at each set of slow samplers, at the least.
_LEAST = 16
#: Neighbouring sets, in order of one parameter, whose draws are judged together.
_TOGETHER = (1, 4, 8, 32)
#: Normal scores count as this at the most: draws farther out are rounded to an end of the support.
_FARTHEST = 7.0
#: The probability of all that is rounded to the outermost values, if scores are to be normal.
_AT_THE_ENDS = 1e-4


class _Seen(NamedTuple):
    """What was drawn at a set: normal scores of values, and biases of gradients by parameter.

    Rounding may make biases of up to `slack`.
    """

    theta: dict[str, float]
    scores: Array
    bias: Mapping[str, Array]
    slack: float


def over_ranges(context: Context, alpha: float) -> Iterator[Comparison]:
    """Compare draws and gradients with the law at many sets, with fresh noise at each.

    Gradients that are meant to be −F_θ/p are compared one by one. The values' normal scores
    Φ⁻¹(F(y)) are standard normal, and the bias of other gradients is 0: of neighbouring sets, in
    order of each parameter, sums are judged together.
    """
    target, many = context.target, context.level.many
    free = [name for name in target.parameters if name not in target.fixed]
    if not free:
        return
    sets = list(parameter_sets(target, many + 1, context.seeded("ranges")))[1:]
    kinds = 2 + len(target.parameters)
    windows = sum(2 * many // length + 1 for length in _TOGETHER)
    critical = statistics.critical_value(alpha / (kinds * windows * len(free)))
    for turn, way in enumerate(target.ways):
        label = f"{way}, over the ranges" if way else "over the ranges"
        found, seen, broken = Tallies("standard errors"), [], False
        on_path = paths.on_path(found, context, label)
        for number in range(turn, many, len(target.ways)):
            with suppress(NoGradient):
                here = _look(context, on_path, sets[number], context.seeded(label, number), way)
                if isinstance(here, _Seen):
                    seen.append(here)
                elif here is not None and not broken:
                    broken = True
                    yield here
        _judge(found, seen, free, label, critical)
        yield from found.result()


def _look(
    context: Context, on_path: Mapping[str, Tally], theta: dict[str, float], seed: int, way: str
) -> _Seen | Comparison | None:
    """Return what was drawn at a set, or what is not a number; None where the law is unknown."""
    target, bias = context.target, dict[str, Array]()
    most = max(_LEAST, target.gradient_draws // context.level.many)
    drawn = Drawn.of(context, theta, min(_GRADIENTS, most), seed, way)
    if not drawn.is_known:
        return None
    for n in (_GRADIENTS, _VALUES):
        if n > _GRADIENTS:
            drawn = replace(drawn, sample=target.draws(theta, min(n, most), seed, way))
        for fault in not_numbers(theta, drawn.sample, drawn.exact):
            return fault
        if n == _GRADIENTS:
            drawn.compare(on_path)
        others = on_path.keys() - drawn.meant()
        if not others:
            break
        bias = {name: _bias(drawn.sample.gradients[name], drawn.exact[name]) for name in others}
    value = target.values(theta, min(_VALUES, most), seed, way)
    return _Seen(theta, _normal_scores(drawn.law, value), bias, drawn.rtol)


def _bias(gradient: Array, path: Array) -> Array:
    """Return what has the mean of the relative bias of gradients."""
    known = np.isfinite(path) & np.isfinite(gradient)
    path, gradient = path[known].astype(np.float64), gradient[known].astype(np.float64)
    square = float(np.mean(np.square(path))) if path.size else 0.0
    return path * (gradient - path) / square if square else np.zeros(0)


def _normal_scores(law: Law, value: Array) -> Array:
    """Return Φ⁻¹(F(y)); none of draws that are discrete, or many of which rounding makes equal."""
    from scipy.special import ndtri

    y = np.sort(value)
    if is_discrete(y) or (isinstance(law, NumericalLaw) and law.atoms.size):
        return np.zeros(0)
    half = y.size // 2
    below, rounded_to_least = _tail(law.cdf, y[:half], y[:1])
    above, rounded_to_most = _tail(law.sf, y[half:], y[-1:])
    if not max(rounded_to_least, rounded_to_most) < _AT_THE_ENDS:
        return np.zeros(0)
    scores = np.concatenate([ndtri(below), -ndtri(above)])
    scores = np.clip(scores, -_FARTHEST, _FARTHEST)
    return np.where(np.isnan(scores), _FARTHEST, scores)


def _tail(tail: Callable[[Array], Array], y: Array, outermost: Array) -> tuple[Array, float]:
    """Return tail probabilities of values, and that of all that is rounded to the outermost."""
    around = [beside(outermost, side) for side in (-np.inf, np.inf)]
    found = np.asarray(tail(np.concatenate([*around, y])))
    return found[2:], abs(float(found[1] - found[0]))


def _judge(found: Tallies, seen: list[_Seen], free: list[str], label: str, critical: float) -> None:
    """Judge sums over neighbouring sets, by each parameter's order."""
    for name in free:
        ordered = sorted(seen, key=lambda each: each.theta[name])
        for length in _TOGETHER:
            for start in range(0, len(ordered) - length + 1, max(1, length // 2)):
                group = ordered[start : start + length]
                add = partial(_add, found, group[length // 2].theta, critical)
                scores = np.concatenate([each.scores for each in group])
                if scores.size:
                    shift = float(np.sum(scores)) / np.sqrt(scores.size)
                    add(f"displacement of draws ({label})", shift)
                    width = _spread(float(np.sum(np.square(scores))), scores.size)
                    add(f"spread of draws ({label})", width)
                for key in set().union(*(each.bias for each in group)):
                    x = np.concatenate([each.bias[key] for each in group if key in each.bias])
                    if statistics.is_summable(x):
                        z = statistics.mean_score(x, slack=group[0].slack)
                        note = f"off by {100.0 * float(np.mean(x)):+.3g} %"
                        add(f"bias of ∂y/∂{key} ({label})", z, note)


def _add(
    found: Tallies, theta: dict[str, float], critical: float, what: str, z: float, note: str = ""
) -> None:
    found[what].add(theta, z, 0.0, atol=critical, note=note)


def _spread(squares: float, n: int) -> float:
    """Return a sum of n squares of normal variates as a standard score: χ² has exact tails."""
    from scipy.special import chdtr, chdtrc

    below, above = float(chdtr(n, squares)), float(chdtrc(n, squares))
    z = statistics.critical_value(max(min(1.0, 2.0 * min(below, above)), 1e-300))
    return z if above < below else -z
