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
from reparam.verification.evidence.splitting import inner_edges, split_rule
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Comparison

__all__ = ["expectation"]

#: Draws that tell whether they are discrete.
_FEW = 2**15
#: What φ p ∂y/∂θ counts as 0 at an end that moves, relative to the integral.
_VANISHING = 1e-8
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

    ∫ φ'(y) ∂y/∂θ du = ∫ φ(y) ∂ log p/∂θ du, for φ = sin kπF(y), which is 0 at both ends.
    """
    target, formulas = context.target, context.target.formulas
    if not {"icdf", "score", "pathwise", "log_prob"} <= set(formulas):
        return
    tallies = {
        name: Tally(f"∂E[sin kπF(y)]/∂{name}, quadrature", "absolute") for name in target.parameters
    }
    for theta in context.sets():
        rule = split_rule(inner_edges(target, theta))
        y = formulas["icdf"](rule.u, **theta)
        jumps = [
            (float(formulas["cdf"](end, **theta)), through) for end, through in target.jumps(theta)
        ]
        with np.errstate(all="ignore"):
            scores, paths = formulas["score"](y, **theta), formulas["pathwise"](y, **theta)
            density = np.exp(formulas["log_prob"](y, **theta))
            sizes = [np.nansum(np.abs(scores[name] * rule.weight)) for name in tallies]
        slack = _ROUNDED * max((float(size) for size in sizes if np.isfinite(size)), default=0.0)
        for name, tally in tallies.items():
            with np.errstate(all="ignore"):
                flow, weight = density * paths[name], scores[name] * rule.weight
                small = np.minimum(rule.u, rule.complement)
                kept = np.isfinite(flow) & np.isfinite(weight) & (np.diff(y, append=np.inf) > 0.0)
                lost = float(np.sum(np.where(kept, 0.0, rule.weight)))
            for k in FREQUENCIES:
                wave = np.where(
                    rule.u < 0.5,
                    np.sin(k * math.pi * rule.u),
                    -((-1.0) ** k) * np.sin(k * math.pi * rule.complement),
                )
                flows = sum(
                    through.get(name, 0.0) * math.sin(k * math.pi * at) for at, through in jumps
                )
                path = k * math.pi * np.cos(k * math.pi * rule.u) * flow * rule.weight
                size = float(np.sum(np.abs(path[kept])))
                beyond = np.max(np.abs((wave * flow)[kept][[0, -1]]))
                if name in target.moving and beyond > _VANISHING * size:
                    continue  # both integrals differ by φ p ∂y/∂θ at the end that moves
                largest = float(np.max(np.abs(flow[kept])))
                blind = k * math.pi * lost * largest + lost * float(
                    np.max(np.abs(scores[name][kept]) * small[kept])
                )
                tally.add(
                    theta,
                    np.sum(path[kept]),
                    np.sum((wave * weight)[kept]) + flows,
                    atol=1e-8 * size + slack,
                    uncertainty=blind,
                    k=float(k),
                )
    yield from results(tallies)
