"""Gradients of expectations of vectors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from reparam._typing import Array
from reparam.regions import Simplex
from reparam.verification.evidence.comparing import Tally, failure, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.projections import Projections, tests_of
from reparam.verification.numerics import statistics
from reparam.verification.refusals import NO_PARAMETERS, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Sample
from reparam.verification.witnesses.of_vectors._shared import ROUNDED, has_digits, target_of

__all__ = ["expectation"]

#: The share of draws with entries that have underflowed, at most, if gradients are to be judged by
#: the others; and how many times as large as theirs scores may be there.
_LOST, _FEW_TIMES = 0.01, 3.0
#: Why gradients of expectations may be uncertain.
_DOUBT = "entries of too many draws underflow, where the score is not a number"


def _functions(y: Array) -> Iterator[tuple[str, Array, Array]]:
    """Yield functions φ of vectors: what it is, φ(y), and ∂φ/∂y_i, all bounded if entries are.

    Entries that are the same in all vectors are left out.
    """
    unit = np.eye(y.shape[-1])
    varying = np.flatnonzero(np.ptp(y, axis=0) > 0.0)
    for i, j in zip(varying, np.roll(varying, -1), strict=True):
        yield f"y_{i}", y[:, i], np.broadcast_to(unit[i], y.shape)
        # of symmetric vectors all others are odd, and blind to a scale
        yield f"y_{i}²", np.square(y[:, i]), 2.0 * y[:, [i]] * unit[i]
        yield f"y_{i} y_{j}", y[:, i] * y[:, j], y[:, [j]] * unit[i] + y[:, [i]] * unit[j]
    c = np.cos(2.0 * np.arange(y.shape[-1]))  # weights of no symmetry
    for k in (1, 3):
        phase = k * math.pi * (y @ c)
        slope = k * math.pi * np.cos(phase)
        yield f"sin({k}π Σ c_i y_i)", np.sin(phase), slope[:, np.newaxis] * c


def _bounded(y: Array) -> tuple[Array, Array]:
    """Return tanh of entries in units of their spread, bounded whatever the tails, and slopes.

    Functions φ are then of these in place of y.
    """
    low, middle, high = np.quantile(y, [0.16, 0.5, 0.84], axis=0)
    spread = np.where(high > low, high - low, 1.0)
    inside = np.tanh((y - middle) / spread)
    return inside, (1.0 - inside) * (1.0 + inside) / spread


def expectation(context: Context) -> Iterator[Comparison]:
    """Compare ∂E[φ(y)]/∂θ by the gradients of draws and by the score, at the same draws.

    E[Σ_i ∂φ/∂y_i ∂y_i/∂θ] = E[φ(y) ∂ log p/∂θ], for φ that are bounded with their derivatives.
    What the scores explain of the difference, with their mean of 0, is taken from it.
    """
    target, sets = target_of(context), context.sets()
    names = list(target.parameters)
    if not names:
        raise NotApplicable(NO_PARAMETERS)
    along = tests_of(target.marginals(sets[0])) if target.noise is None else 0
    tests = (3 * target.length + 2 + along) * len(sets) * len(names)
    critical = statistics.critical_value(context.alpha / tests)
    projections = Projections(context, context.alpha / tests)
    tallies = {name: Tally(f"∂E[φ(y)]/∂{name}", "standard errors", doubt=_DOUBT) for name in names}
    judged = False
    for number, theta in enumerate(sets):
        way = target.ways[number % len(target.ways)]
        n = min(context.level.draws, target.gradient_draws)
        sample = target.draws(theta, n, context.seeded("gradients", number), way)
        if broken := list(_not_numbers(theta, sample.value, sample.gradients)):
            yield from broken
            judged = True
            continue
        certain = has_digits(target, sample.value)
        y, lost = sample.value[certain], 1.0 - float(np.mean(certain))
        judged = judged or lost <= _LOST
        if lost > _LOST:
            for tally in tallies.values():
                tally.add(theta, 0.0, np.nan)
            continue
        claimed = target.formulas["score"](y, **theta)
        scores = np.stack([claimed[name] for name in names])
        if along:
            kept = {name: sample.gradients[name][certain] for name in names}
            yield from projections.add(theta, Sample(y, kept))
        gradients = np.stack([sample.gradients[name][certain].T for name in names])
        known = scores.T @ np.linalg.pinv(scores @ scores.T)
        outweighed, asked = dict.fromkeys(names, 0), 0
        bounded, steep = (y, 1.0) if isinstance(target.region, Simplex) else _bounded(y)
        for what, value, slope in _functions(bounded):
            asked += 1
            paths = np.sum((slope * steep).T * gradients, axis=1)
            products = (value - np.mean(value)) * scores
            differences = paths - products
            differences -= (differences @ known) @ scores
            each = zip(names, paths, products, differences, strict=True)
            for name, path, weighted, off in each:
                tally = tallies[name]
                if not statistics.is_summable(off):
                    outweighed[name] += 1  # the tests of other φ stand
                    continue
                # the others' scores are at most a few times as large
                slack = _FEW_TIMES * lost * np.max(np.abs(off))
                slack += ROUNDED * float(np.mean(np.abs(path)) + np.mean(np.abs(weighted)))
                z = statistics.mean_score(off, slack=slack)
                note = ""
                if abs(z) > critical:
                    bias = float(np.mean(off))
                    exact = float(np.mean(path)) - bias
                    note = f"φ = {what}, off by {100.0 * bias / (exact or math.nan):+.3g} %"
                tally.add(theta, z, 0.0, atol=critical, note=note)
        for name, count in outweighed.items():
            if count == asked:
                note = "few draws outweigh the others, whatever φ"
                tallies[name].add(theta, 0.0, np.nan, note=note)
    if not judged:
        raise NotApplicable(_DOUBT)
    yield from results(tallies)
    yield from projections.result()


def _not_numbers(
    theta: Mapping[str, float], y: Array, gradients: Mapping[str, Array]
) -> Iterator[Comparison]:
    """Yield a failure for draws and gradients that are no numbers: they have no mean."""
    here = {"values": y, **{f"∂y/∂{name}": entry for name, entry in gradients.items()}}
    for what, entry in here.items():
        if count := int(np.sum(~np.isfinite(entry))):
            yield failure(what, theta, f"{count} of {entry.size} entries: NaN or infinite")
