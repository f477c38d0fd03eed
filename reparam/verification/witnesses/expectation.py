"""Gradients of expectations: what a sampler's gradients are for, whatever path they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence.averages import FREQUENCIES, TESTS, Averages, compare
from reparam.verification.evidence.comparing import Tally, failure, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import is_discrete
from reparam.verification.evidence.paths import Drawn
from reparam.verification.evidence.splitting import between, inner_edges, integrated, resolved
from reparam.verification.numerics.calculus import unit_rule
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Comparison

__all__ = ["expectation"]

#: Draws that tell whether they are discrete.
_FEW = 2**15
#: Nodes in each half of an integral.
_NODES = 300
#: What rounding leaves of an integral's terms, relative to those of all parameters.
_ROUNDED = 1e-14


def expectation(context: Context) -> Iterator[Comparison]:
    """Compare ∂E[φ(y)]/∂θ by the sampler's gradients with the exact value.

    A sampler's gradient J is unbiased for every φ if and only if E[J | y] is the quantile path's
    derivative −F_θ/p. So J + F_θ/p is averaged, weighted with the density: in intervals of y, and
    over all y, for φ = sin(kπF(y)) and, where its moments allow, φ(y) = y. The control variate
    leaves of the variance what the sampler's own path adds; on the quantile path that is nothing.
    """
    yield from _quadrature(context)
    yield from _draws(context)


def _draws(context: Context) -> Iterator[Comparison]:
    target, turns = context.target, list(context.turns())
    tests = TESTS * len(target.parameters)
    alpha = context.alpha / (tests * sum(len(sets) for _, sets in turns))
    n = min(context.level.draws, target.gradient_draws)
    compared, refusal = False, None
    for way, sets in turns:
        label = f", draws with {way}" if way else ""
        tallies = {name: Averages.of(name, label) for name in target.parameters}
        for number, theta in sets:
            seed = context.seeded(f"gradients{label}", number)
            law = target.law(theta, seed)
            try:
                sample = target.draws(theta, n, seed, way)
            except NoGradient as reason:
                refusal = refusal or reason
                if compared:
                    yield failure("∂y/∂θ", theta, str(reason))
                continue
            compared = True
            if is_discrete(np.sort(sample.value[:_FEW])):
                for each in tallies.values():
                    each.can_not_tell(theta, "its draws are discrete: y has no derivative")
                continue
            yield from compare(Drawn(context, theta, sample, law), tallies, alpha)
        for each in tallies.values():
            yield from each.result()
    if not compared and refusal is not None:
        raise refusal


def _quadrature(context: Context) -> Iterator[Comparison]:
    """Compare the quantile path's ∂E[φ]/∂θ with the score's, both by quadrature over u."""
    target, formulas = context.target, context.target.formulas
    if not {"icdf", "score", "pathwise", "log_prob"} <= set(formulas):
        return
    tallies = {
        name: Tally(f"∂E[sin kπF(y)]/∂{name}, quadrature", "absolute") for name in target.parameters
    }
    for theta in context.sets():
        _by_parts(context, theta, tallies)
    yield from results(tallies)


def _by_parts(context: Context, theta: dict[str, float], tallies: Mapping[str, Tally]) -> None:
    """Compare ∫ φ'(y) ∂y/∂θ du with ∫ φ(y) ∂ log p/∂θ du + [φ p ∂y/∂θ] for φ = sin kπF(y).

    From the first value that is resolved to the last one.
    """
    target, formulas = context.target, context.target.formulas
    places = np.asarray(formulas["icdf"](unit_rule().u, **theta))
    places = places[resolved(places, *target.law(theta, context.seed).support)]
    if not places.size:
        return
    borders = places[[0, -1]]
    first = float(formulas["cdf"](borders[0], **theta))
    last = 1.0 - float(formulas["sf"](borders[1], **theta))
    u, weight = between(first, last, inner_edges(target, theta)[0], _NODES)
    # a row per frequency, and in it one per parameter
    k = np.array(FREQUENCIES)[:, np.newaxis, np.newaxis]
    waves, slopes = _waves(k, u), k * math.pi * np.cos(k * math.pi * u)

    def flows(y: Array) -> Array:
        paths = formulas["pathwise"](y, **theta)
        density = np.exp(formulas["log_prob"](y, **theta))
        return np.array([density * paths[name] for name in tallies])

    def terms(y: Array) -> Array:
        scores = formulas["score"](y, **theta)
        return np.stack([slopes * flows(y), waves * [scores[name] for name in tallies]])

    with np.errstate(all="ignore"):
        means, sizes, unsure = integrated(terms, np.asarray(formulas["icdf"](u, **theta)), weight)
        before, after = flows(borders).T
    steps = [(last, after), (first, -before)]
    steps += [
        (formulas["cdf"](end, **theta), np.array([through.get(name, 0.0) for name in tallies]))
        for end, through in target.jumps(theta)
        if borders[0] < end < borders[1]
    ]
    scores = means[1] + sum(_waves(k[..., 0], at) * through for at, through in steps)
    for row, frequency in enumerate(FREQUENCIES):
        for at, tally in enumerate(tallies.values()):
            tally.add(
                theta,
                means[0, row, at],
                scores[row, at],
                rtol=1e-8,
                atol=_ROUNDED * np.max(sizes[1]),
                size=sizes[0, row, at],
                uncertainty=unsure[0, row, at] + unsure[1, row, at],
                k=float(frequency),
            )


def _waves(k: Array, u: Array | float) -> Array:
    """Return sin kπu, which is 0 at 1."""
    v = np.subtract(1.0, u)
    return np.where(v > 0.5, np.sin(k * math.pi * u), (-1.0) ** (k + 1) * np.sin(k * math.pi * v))
