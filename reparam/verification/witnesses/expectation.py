"""Gradients of expectations: what a sampler's gradients are for, whatever path they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from reparam._typing import Array, ArrayLike
from reparam.base.reparameterized import Marginal
from reparam.regions import Simplex
from reparam.verification.evidence.averages import FREQUENCIES, TESTS, Averages, compare
from reparam.verification.evidence.comparing import Tallies, Tally, failure
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import is_discrete
from reparam.verification.evidence.paths import Drawn
from reparam.verification.evidence.splitting import between, inner_edges, integrated, resolved
from reparam.verification.laws.law import Chained, Law
from reparam.verification.numerics import statistics
from reparam.verification.numerics.calculus import derivative_in, one_after_another, unit_rule
from reparam.verification.refusals import NO_PARAMETERS, NoGradient, NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Sample
from reparam.verification.witnesses._vectors import ROUNDED, has_digits, target_of

__all__ = ["expectation"]

#: Draws that tell whether they are discrete.
_FEW = 2**15
#: The share of a vector's draws with entries that have underflowed, at most, if gradients are to be
#: judged by the others; and how many times as large as theirs scores may be there.
_LOST, _FEW_TIMES = 0.01, 3.0
#: Why gradients of vectors' expectations may be uncertain.
_DOUBT = "entries of too many draws underflow, where the score is not a number"
#: A step along gradients of vectors, and what rounding and the step's square leave of differences.
_ALONG, _LEFT = 1e-6, 1e-5
#: Draws of vectors that are projected.
_PROJECTED = 2**15
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
    if context.target.length:
        yield from _of_vectors(context)
        return
    yield from _quadrature(context)
    yield from _draws(context)


def _draws(context: Context) -> Iterator[Comparison]:
    target, turns = context.target, context.turns()
    tests = TESTS * len(target.parameters)
    alpha = context.alpha / (tests * sum(len(sets) for _, sets in turns))
    n = min(context.level.draws, target.gradient_draws)
    compared, refusal = False, None
    for way, sets in turns:
        found, label = Tallies(), f", draws with {way}" if way else ""
        tallies = {name: Averages.of(found, name, label) for name in target.parameters}
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
            if not is_discrete(np.sort(sample.value[:_FEW])):
                yield from compare(Drawn(context, theta, sample, law), tallies, alpha)
                continue
            for each in tallies.values():
                each.can_not_tell(theta, "its draws are discrete: y has no derivative")
        yield from found.result()
    if not compared and refusal is not None:
        raise refusal


def _quadrature(context: Context) -> Iterator[Comparison]:
    """Compare the quantile path's ∂E[φ]/∂θ with the score's, both by quadrature over u.

    ∫ φ'(y) ∂y/∂θ du = ∫ φ(y) ∂ log p/∂θ du + [φ p ∂y/∂θ], for φ = sin kπF(y), from the first value
    that is resolved to the last one.
    """
    target, found = context.target, Tallies("absolute")
    if not {"icdf", "score", "pathwise", "log_prob"} <= set(target.formulas):
        return
    k = np.array(FREQUENCIES)[:, np.newaxis]
    for case in context.cases():
        f, names = case.formulas, target.parameters
        places = np.asarray(f.icdf(unit_rule().u))
        places = places[resolved(places, *case.law.support)]
        if not places.size:
            continue
        borders = places[[0, -1]]
        first, last = float(f.cdf(borders[0])), float(1.0 - f.sf(borders[1]))
        u, weight = between(first, last, inner_edges(case)[0], _NODES)
        terms = partial(
            _both_sides, f, [*names], _waves(k, u), k * math.pi * np.cos(k * math.pi * u)
        )
        means, sizes, unsure = integrated(terms, np.asarray(f.icdf(u)), weight)
        before, after = _flows(f, [*names], borders).T
        steps = [(last, after), (first, -before)]
        steps += [
            (float(f.cdf(end)), np.array([through.get(name, 0.0) for name in names]))
            for end, through in target.jumps(case.theta)
            if borders[0] < end < borders[1]
        ]
        scores = means[1] + sum(_waves(k, at) * through for at, through in steps)
        for at, name in enumerate(names):
            found[f"∂E[sin kπF(y)]/∂{name}, quadrature"].add(
                case.theta,
                means[0, :, at],
                scores[:, at],
                rtol=1e-8,
                atol=_ROUNDED * np.max(sizes[1]),
                size=sizes[0, :, at],
                uncertainty=unsure[0, :, at] + unsure[1, :, at],
                k=k[:, 0],
            )
    yield from found.result()


def _both_sides(f: Any, names: Sequence[str], waves: Array, slopes: Array, y: Array) -> Array:
    """Return φ'(y) ∂y/∂θ and φ(y) ∂ log p/∂θ, a row per frequency, and in it one per parameter."""
    scores = f.score(y)
    paths = slopes[:, np.newaxis] * _flows(f, names, y)
    return np.stack([paths, waves[:, np.newaxis] * [scores[name] for name in names]])


def _flows(f: Any, names: Sequence[str], y: Array) -> Array:
    """Return p ∂y/∂θ, a row per parameter."""
    density, paths = np.exp(f.log_prob(y)), f.pathwise(y)
    return np.array([density * paths[name] for name in names])


def _waves(k: Array, u: ArrayLike) -> Array:
    """Return sin kπu, by the distance from the nearer end."""
    u = np.asarray(u)
    far = -((-1.0) ** k) * np.sin(k * math.pi * (1.0 - u))
    return np.where(u < 0.5, np.sin(k * math.pi * u), far)


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


def _of_vectors(context: Context) -> Iterator[Comparison]:
    """Compare ∂E[φ(y)]/∂θ by the gradients of draws and by the score, at the same draws.

    E[Σ_i ∂φ/∂y_i ∂y_i/∂θ] = E[φ(y) ∂ log p/∂θ], for φ that are bounded with their derivatives.
    What the scores explain of the difference, with their mean of 0, is taken from it.
    """
    target, sets, found = target_of(context), context.sets(), Tallies("standard errors")
    names = list(target.parameters)
    if not names:
        raise NotApplicable(NO_PARAMETERS)
    along = TESTS * len(target.marginals(sets[0])) if target.noise is None else 0
    tests = (3 * target.length + 2 + along) * len(sets) * len(names)
    alpha, judged = context.alpha / tests, False
    tallies = {name: found.of(f"∂E[φ(y)]/∂{name}", doubt=_DOUBT) for name in names}
    for number, theta in enumerate(sets):
        way = target.ways[number % len(target.ways)]
        n = min(context.level.draws, target.gradient_draws)
        sample = target.draws(theta, n, context.seeded("gradients", number), way)
        if broken := list(_not_numbers(theta, sample)):
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
        sample = Sample(y, {name: sample.gradients[name][certain] for name in names})
        if along:
            yield from _compare_along(found, context, theta, sample, alpha)
        claimed = target.formulas["score"](y, **theta)
        scores = np.stack([claimed[name] for name in names])
        _compare_with_scores(
            tallies, theta, sample, scores, isinstance(target.region, Simplex), lost, alpha
        )
    if not judged:
        raise NotApplicable(_DOUBT)
    yield from found.result()


def _compare_with_scores(
    tallies: Mapping[str, Tally],
    theta: Mapping[str, float],
    sample: Sample,
    scores: Array,
    is_bounded: bool,
    lost: float,
    alpha: float,
) -> None:
    """Compare gradients with scores, one row each, where a share of draws has been lost."""
    critical = statistics.critical_value(alpha)
    gradients = np.stack([sample.gradients[name].T for name in tallies])
    known = scores.T @ np.linalg.pinv(scores @ scores.T)
    outweighed, asked = dict.fromkeys(tallies, 0), 0
    bounded, steep = (sample.value, 1.0) if is_bounded else _bounded(sample.value)
    for what, value, slope in _functions(bounded):
        asked += 1
        paths = np.sum((slope * steep).T * gradients, axis=1)
        products = (value - np.mean(value)) * scores
        differences = paths - products
        differences -= (differences @ known) @ scores
        each = zip(tallies.items(), paths, products, differences, strict=True)
        for (name, tally), path, weighted, off in each:
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


def _not_numbers(theta: Mapping[str, float], sample: Sample) -> Iterator[Comparison]:
    """Yield a failure for draws and gradients that are no numbers: they have no mean."""
    slopes = {f"∂y/∂{name}": entry for name, entry in sample.gradients.items()}
    for what, entry in {"values": sample.value, **slopes}.items():
        if count := int(np.sum(~np.isfinite(entry))):
            yield failure(what, theta, f"{count} of {entry.size} entries: NaN or infinite")


def _compare_along(
    found: Tallies, context: Context, theta: dict[str, float], sample: Sample, alpha: float
) -> Iterator[Comparison]:
    """Compare gradients along projections whose distributions are known, as those of numbers are.

    A number x that a vector makes has the derivative −F_θ/p on average, given x: whatever path the
    vector takes. Yields what is not a number.
    """
    target: Any = context.target
    context = replace(context, rtol=_LEFT)
    y = sample.value[:_PROJECTED]
    on_simplex = isinstance(target.region, Simplex)
    at = np.log(y) if on_simplex else y
    for number, marginal in enumerate(target.marginals(theta)):
        slopes = {}
        for name, gradient in sample.gradients.items():
            along = gradient[: len(y)] / y if on_simplex else gradient[: len(y)]
            step = _ALONG * max(1.0, abs(theta[name]))
            above, below = (
                target.marginals({**theta, name: theta[name] + by})[number].of(at + by * along)
                for by in (step, -step)
            )
            slopes[name] = (np.asarray(above) - np.asarray(below)) / (2.0 * step)
        projected = Sample(np.asarray(marginal.of(at)), slopes)
        tallies = {name: Averages.of(found, name, "", marginal.what) for name in slopes}
        law = _in_theta(target, theta, number, marginal)
        yield from compare(Drawn(context, theta, projected, law), tallies, alpha)


def _in_theta(target: Any, theta: Mapping[str, float], number: int, marginal: Marginal) -> Law:
    """Return the law of a marginal, in the parameters of the vector's."""
    chain: dict[str, dict[str, float]] = {}
    for ours in marginal.law.parameters:
        value = partial(_value, target, number, ours)
        slopes = {
            name: derivative_in(name, value, theta, target.parameters)[0]
            for name in target.parameters
        }
        chain[ours] = {
            name: float(each) if np.isfinite(each) else 0.0 for name, each in slopes.items()
        }
    return cast(Law, Chained(marginal.law, chain))


def _value(target: Any, number: int, ours: str, /, **theta: Any) -> Array:
    """Return a parameter of a marginal, for each of the values of a parameter."""
    return one_after_another(lambda one: target.marginals(one)[number].law[ours], theta)
