"""Gradients of expectations: what a sampler's gradients are for, whatever path they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Context, NotApplicable, Tally, beside, not_numbers
from reparam.verification.laws import Law
from reparam.verification.numerics import unit_rule
from reparam.verification.results import Comparison
from reparam.verification.targets import Sample
from reparam.verification.witnesses import of_vectors
from reparam.verification.witnesses.distribution import is_discrete

__all__ = ["expectation"]

#: Intervals of equal probability in which gradients are averaged.
_BINS = 32
#: Frequencies of the test functions sin(kπF(y)).
_FREQUENCIES = (1, 2, 3, 5)
#: Why −F_θ/p may be unknown, of a law that its density or its cdf alone has to tell.
_DOUBT = (
    "−F_θ/p takes a smoother density, or cdf (if a density jumps where a parameter moves, a cdf)"
)
#: Draws that tell whether gradients are on the quantile path.
_FEW = 2**15


def expectation(context: Context) -> Iterator[Comparison]:
    """Compare ∂E[φ(y)]/∂θ by the sampler's gradients with the exact value.

    A sampler's gradient J is unbiased for every φ if and only if E[J | y] is the quantile path's
    derivative −F_θ/p. So J + F_θ/p is averaged, weighted with the density: in intervals of y, and
    over all y, for φ = sin(kπF(y)) and, where its moments allow, φ(y) = y. The control variate
    leaves of the variance what the sampler's own path adds; on the quantile path that is nothing.
    """
    if context.target.length:
        yield from of_vectors.expectation(context)
        return
    yield from _quadrature(context)
    yield from _draws(context)


def _draws(context: Context) -> Iterator[Comparison]:
    target, turns = context.target, list(context.turns())
    tests = (_BINS + len(_FREQUENCIES) + 1) * len(target.parameters)
    alpha = context.alpha / (tests * sum(len(sets) for _, sets in turns))
    critical = statistics.critical_value(alpha)
    for way, sets in turns:
        label = f", draws with {way}" if way else ""
        given, total, mean = (
            {
                name: Tally(what.format(name) + label, "standard errors", doubt=_DOUBT)
                for name in target.parameters
            }
            for what in ("E[∂y/∂{0} | y]", "∂E[sin kπF(y)]/∂{0}", "∂E[y]/∂{0}")
        )
        for number, theta in sets:
            seed = context.seed + 1000 + number
            n = min(context.level.draws, target.gradient_draws)
            law = target.law(theta, seed)
            sample = target.draws(theta, min(n, _FEW), seed, way)
            if is_discrete(np.sort(sample.value)):
                raise NotApplicable("its draws are discrete: y has no derivative to average")
            exact = law.pathwise(sample.value)
            if lost := list(not_numbers(theta, sample, exact)):
                yield from lost
                continue
            if not all(np.all(_on_path(context, sample, exact, name)) for name in exact):
                sample = target.draws(theta, n, seed, way)
                exact = law.pathwise(sample.value)
                if lost := list(not_numbers(theta, sample, exact)):
                    yield from lost
                    continue
            y = np.asarray(sample.value, dtype=np.float64)
            u = np.asarray(law.cdf(y))
            with np.errstate(all="ignore"):
                density = np.exp(law.log_prob(y))
            steady = _steady(context, sample, law, exact)
            for name in target.parameters:
                path = np.asarray(exact[name])
                if np.mean(np.isnan(path)) > 0.5:
                    mean[name].add(theta, 0.0, np.nan)
                    continue
                off = np.asarray(sample.gradients[name], dtype=np.float64) - path
                kept = np.isfinite(density) & np.isfinite(path) & steady[name]
                weighed = np.where(kept, density * off, 0.0)
                slope = np.where(kept, density * path, 0.0)
                # what rounding leaves of gradients on the quantile path is no bias
                size = context.tolerance(sample.value) * float(np.mean(np.abs(slope)))
                _in_bins(given[name], theta, u, y, weighed, slope, size, critical)
                _over_all(total[name], theta, u, weighed, size, critical)
                _of_mean(mean[name], theta, off[kept], path[kept], context, critical)
        for tallies in (mean, total, given):
            for tally in tallies.values():
                yield from tally.result()


def _on_path(
    context: Context, sample: Sample, exact: Mapping[str, Array], name: str
) -> NDArray[np.bool_]:
    """Whether gradients are −F_θ/p: if all are, more draws would say no more."""
    with np.errstate(all="ignore"):
        off = np.abs(sample.gradients[name] - exact[name])
        return ~(off > context.tolerance(sample.value) * np.abs(exact[name]))


def _steady(
    context: Context, sample: Sample, law: Law, exact: Mapping[str, Array]
) -> dict[str, NDArray[np.bool_]]:
    """Return where −F_θ/p is the same for the next number, or else the gradient is.

    Next to an end of the support a value has lost, by rounding, what the gradient was computed
    from.
    """
    steady = {name: _on_path(context, sample, exact, name) for name in sample.gradients}
    doubtful = np.flatnonzero(~np.all(list(steady.values()), axis=0))
    if doubtful.size:
        rtol = context.tolerance(sample.value)
        there = law.pathwise(beside(sample.value[doubtful], math.inf))
        with np.errstate(all="ignore"):
            for name, each in steady.items():
                path = exact[name][doubtful]
                each[doubtful] |= np.abs(there[name] - path) <= rtol * np.abs(path)
    return steady


def _z(x: Array, size: float) -> float | None:
    """Return the mean in standard errors, to which `size` adds; None if that tells nothing.

    It tells nothing if few elements dominate the sum. No central limit is needed where all are
    equal, or where there is no more to sum than `size`.
    """
    sure = np.ptp(x) == 0.0 or float(np.mean(np.abs(x))) <= size
    if not (sure or statistics.is_summable(x)):
        return None
    error = float(np.std(x)) / math.sqrt(x.size) + size
    return float(np.mean(x)) / error if error > 0.0 else 0.0


def _in_bins(
    tally: Tally,
    theta: dict[str, float],
    u: Array,
    y: Array,
    weighed: Array,
    slope: Array,
    size: float,
    critical: float,
) -> None:
    bins = np.minimum((u * _BINS).astype(np.int64), _BINS - 1)
    for number in range(_BINS):
        here = bins == number
        if np.sum(here) < 100 or (z := _z(weighed[here], size)) is None:
            continue
        ratio = float(np.sum(weighed[here])) / (float(np.sum(slope[here])) or math.nan)
        if tally.note == "" or abs(z) > critical:
            tally.note = f"off by {100.0 * ratio:+.3g} % there" if abs(z) > critical else ""
        tally.add(theta, z, 0.0, atol=critical, y=float(np.median(y[here])))


def _over_all(
    tally: Tally, theta: dict[str, float], u: Array, weighed: Array, size: float, critical: float
) -> None:
    for k in _FREQUENCIES:
        terms = k * math.pi * np.cos(k * math.pi * u) * weighed
        if (z := _z(terms, k * math.pi * size)) is not None:
            tally.add(theta, z, 0.0, atol=critical, k=k)


def _of_mean(
    tally: Tally,
    theta: dict[str, float],
    off: Array,
    path: Array,
    context: Context,
    critical: float,
) -> None:
    exact = float(np.mean(path))
    z = _z(off, context.tolerance(path) * float(np.mean(np.abs(path))))
    if z is None:
        return
    if abs(z) > critical:
        bias = 100.0 * float(np.mean(off)) / (exact or math.nan)
        average = exact + float(np.mean(off))
        tally.note = f"{average:.4g} for {exact:.4g} by −F_θ/p of the same draws: {bias:+.3g} %"
    tally.add(theta, z, 0.0, atol=critical)


def _quadrature(context: Context) -> Iterator[Comparison]:
    """Compare the quantile path's ∂E[φ]/∂θ with the score's, both by quadrature over u.

    ∫ φ'(y) ∂y/∂θ du = ∫ φ(y) ∂ log p/∂θ du, for φ = sin kπF(y), which is 0 at both ends.
    """
    target, formulas, rule = context.target, context.target.formulas, unit_rule()
    if not {"icdf", "score", "pathwise", "log_prob"} <= set(formulas):
        return
    tallies = {
        name: Tally(f"∂E[sin kπF(y)]/∂{name}, quadrature", "absolute") for name in target.parameters
    }
    for theta in context.sets():
        y = formulas["icdf"](rule.u, **theta)
        with np.errstate(all="ignore"):
            scores, paths = formulas["score"](y, **theta), formulas["pathwise"](y, **theta)
            density = np.exp(formulas["log_prob"](y, **theta))
        for name, tally in tallies.items():
            with np.errstate(all="ignore"):
                flow, weight = density * paths[name], scores[name] * rule.weight
                small = np.minimum(rule.u, rule.complement)
                kept = np.isfinite(flow) & np.isfinite(weight) & (np.diff(y, append=np.inf) > 0.0)
                lost = float(np.sum(np.where(kept, 0.0, rule.weight)))
            for k in _FREQUENCIES:
                wave = np.where(
                    rule.u < 0.5,
                    np.sin(k * math.pi * rule.u),
                    -((-1.0) ** k) * np.sin(k * math.pi * rule.complement),
                )
                path = k * math.pi * np.cos(k * math.pi * rule.u) * flow * rule.weight
                size = float(np.sum(np.abs(path[kept])))
                largest = float(np.max(np.abs(flow[kept])))
                blind = k * math.pi * lost * largest + lost * float(
                    np.max(np.abs(scores[name][kept]) * small[kept])
                )
                tally.add(
                    theta,
                    np.sum(path[kept]),
                    np.sum((wave * weight)[kept]),
                    atol=1e-8 * size,
                    uncertainty=blind,
                    k=float(k),
                )
    for tally in tallies.values():
        yield from tally.result()
