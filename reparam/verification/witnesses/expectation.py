"""Gradients of expectations: what a sampler's gradients are for, whatever path they take."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from reparam.verification.evidence.averages import FREQUENCIES, TESTS, Averages, compare
from reparam.verification.evidence.comparing import Tally, failure, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import is_discrete
from reparam.verification.evidence.paths import Drawn
from reparam.verification.evidence.splitting import between, inner_edges, resolved
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
    """Compare the quantile path's ∂E[φ]/∂θ with the score's, both by quadrature over u.

    ∫ φ'(y) ∂y/∂θ du = ∫ φ(y) ∂ log p/∂θ du + [φ p ∂y/∂θ], for φ = sin kπF(y), from the first value
    that is resolved to the last one.
    """
    target, formulas = context.target, context.target.formulas
    if not {"icdf", "score", "pathwise", "log_prob"} <= set(formulas):
        return
    tallies = {
        name: Tally(f"∂E[sin kπF(y)]/∂{name}, quadrature", "absolute") for name in target.parameters
    }
    for theta in context.sets():
        places = np.asarray(formulas["icdf"](unit_rule().u, **theta))
        places = places[resolved(places, *target.law(theta, context.seed).support)]
        if not places.size:
            continue
        borders = places[[0, -1]]
        first, last = (
            formulas["cdf"](borders[0], **theta),
            1.0 - formulas["sf"](borders[1], **theta),
        )
        u, weight = between(float(first), float(last), inner_edges(target, theta)[0], _NODES)
        y = np.append(np.asarray(formulas["icdf"](u, **theta)), borders)
        u = np.append(u, [first, last])
        with np.errstate(all="ignore"):
            scores, paths = formulas["score"](y, **theta), formulas["pathwise"](y, **theta)
            density = np.exp(formulas["log_prob"](y, **theta))
            sizes = [np.nansum(np.abs(scores[name][:-2] * weight)) for name in tallies]
        slack = _ROUNDED * max((float(size) for size in sizes if np.isfinite(size)), default=0.0)
        jumps = [
            (float(formulas["cdf"](end, **theta)), through)
            for end, through in target.jumps(theta)
            if borders[0] < end < borders[1]
        ]
        for name, tally in tallies.items():
            with np.errstate(all="ignore"):
                flow, score = density * paths[name], np.asarray(scores[name])[:-2]
                inside = flow[:-2]
                kept = np.isfinite(inside) & np.isfinite(score) & (np.diff(y[:-1]) > 0.0)
                lost = float(np.sum(np.where(kept, 0.0, weight)))
                largest = float(np.max(np.abs(inside[kept])))
                small = np.minimum(u, 1.0 - u)[:-2]
                steep = float(np.max(np.abs(score[kept]) * small[kept]))
            for k in FREQUENCIES:
                wave = np.where(
                    u < 0.5,
                    np.sin(k * math.pi * u),
                    -((-1.0) ** k) * np.sin(k * math.pi * (1.0 - u)),
                )
                flows = sum(
                    through.get(name, 0.0) * math.sin(k * math.pi * at) for at, through in jumps
                )
                flows += (wave * flow)[-1] - (wave * flow)[-2]
                path = k * math.pi * np.cos(k * math.pi * u[:-2]) * inside * weight
                tally.add(
                    theta,
                    np.sum(path[kept]),
                    np.sum((wave[:-2] * score * weight)[kept]) + flows,
                    atol=1e-8 * float(np.sum(np.abs(path[kept]))) + slack,
                    uncertainty=k * math.pi * lost * largest + lost * steep,
                    k=float(k),
                )
    yield from results(tallies)
