"""Gradients of expectations: what a sampler's gradients are for, whatever path they take."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Tally, beside, failure, not_numbers
from reparam.verification.context import Context
from reparam.verification.laws import Law, paths_of
from reparam.verification.numerics import unit_rule
from reparam.verification.refusals import NoGradient
from reparam.verification.results import Comparison
from reparam.verification.targets import Sample
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
#: Why a mean may tell nothing.
_SCATTERED = "gradients scatter by so much that a mean of them tells nothing"
#: The error that a test must notice, if it is to tell anything, beside the size of gradients; and
#: the share of them that tell it.
_NOTICED, _COMMON = 0.5, 0.99
#: How many times the median a weight is at most.
_HEAVY = 20.0
#: Draws in an interval that are enough to be averaged.
_ENOUGH = 100
#: The share of draws of a parameter set that may tell nothing.
_DOUBTFUL = 0.05


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
    tests = (_BINS + len(_FREQUENCIES) + 1) * len(target.parameters)
    alpha = context.alpha / (tests * sum(len(sets) for _, sets in turns))
    n = min(context.level.draws, target.gradient_draws)
    compared, refusal = False, None
    for way, sets in turns:
        label = f", draws with {way}" if way else ""
        tallies = {name: _Tallies.of(name, label) for name in target.parameters}
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
            if is_discrete(np.sort(sample.value)):
                for each in tallies.values():
                    each.can_not_tell(theta, "its draws are discrete: y has no derivative")
                continue
            yield from _compared(context, tallies, theta, sample, law, alpha)
        for each in tallies.values():
            yield from each.result()
    if not compared and refusal is not None:
        raise refusal


@dataclass(frozen=True)
class _Tallies:
    """What is compared of the gradients in one parameter: in intervals, and over all draws."""

    given: Tally
    total: Tally
    mean: Tally

    @classmethod
    def of(cls, name: str, label: str) -> _Tallies:
        what = (f"E[∂y/∂{name} | y]", f"∂E[sin kπF(y)]/∂{name}", f"∂E[y]/∂{name}")
        return cls(*(Tally(each + label, "standard errors", doubt=_DOUBT) for each in what))

    def can_not_tell(self, theta: Mapping[str, float], why: str) -> None:
        """Note that these gradients can't be judged by either, and why."""
        self.given.add(theta, 0.0, np.nan, note=why)
        self.total.add(theta, 0.0, np.nan, note=why)

    def result(self) -> Iterator[Comparison]:
        """Yield the comparisons."""
        for tally in (self.mean, self.total, self.given):
            yield from tally.result()


def _compared(
    context: Context,
    tallies: Mapping[str, _Tallies],
    theta: dict[str, float],
    sample: Sample,
    law: Law,
    alpha: float,
) -> Iterator[Comparison]:
    """Compare all draws' gradients, or some if these are the quantile path's one by one.

    More draws would say no more then. Yields what is no number.
    """
    for few in (True, False):
        some = _thinned(context, sample) if few else sample
        exact, unsure = paths_of(law, some.value)
        if lost := list(not_numbers(theta, some, exact)):
            yield from lost
            return
        if few and all(np.all(_on_path(context, some, exact, name)) for name in tallies):
            break
    y = np.asarray(some.value, dtype=np.float64)
    u = np.asarray(law.cdf(y))
    with np.errstate(all="ignore"):
        density = np.exp(law.log_prob(y))
        # any weight will do that is a function of y: not one that at a pole outweighs all others,
        # or is infinite, at an atom
        known = density[np.isfinite(density)]
        density = np.fmin(density, _HEAVY * np.median(known) if known.size else 1.0)
    steady = _steady(context, some, law, exact)
    for name, each in tallies.items():
        path = np.asarray(exact[name])
        kept = np.isfinite(path) & np.isfinite(unsure[name]) & steady[name]
        if np.mean(kept) < 1.0 - _DOUBTFUL:
            each.can_not_tell(theta, _DOUBT)
            continue
        off = np.asarray(some.gradients[name], dtype=np.float64) - path
        weighed = np.where(kept, density * off, 0.0)
        size = float(np.mean(np.abs(np.where(kept, density * path, 0.0))))
        # what rounding leaves of gradients on the quantile path is no bias, nor is its own error
        slack = context.tolerance(some.value) * size
        slack += float(np.mean(np.where(kept, density * unsure[name], 0.0)))
        own = density * np.asarray(some.gradients[name], dtype=np.float64)
        critical = statistics.critical_value(alpha)
        test = _Test(slack, _NOTICED * _size(own[kept]), float(np.max(np.abs(own[kept]))), critical)
        _in_bins(each.given, theta, u, y, weighed, density * path, test)
        _over_all(each.total, theta, u, weighed, density * path, test)
        slack = context.tolerance(path) * float(np.mean(np.abs(path[kept])))
        slack += float(np.mean(unsure[name][kept]))
        own = (path + off)[kept]
        test = _Test(slack, _NOTICED * _size(own), float(np.max(np.abs(own))), critical)
        _of_mean(each.mean, theta, off[kept], path[kept], test)


def _thinned(context: Context, sample: Sample) -> Sample:
    some = context.thin(sample.value.size, _FEW)
    gradients = {name: np.asarray(entry)[some] for name, entry in sample.gradients.items()}
    return Sample(sample.value[some], gradients)


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
        there, _ = paths_of(law, beside(sample.value[doubtful], math.inf))
        with np.errstate(all="ignore"):
            for name, each in steady.items():
                path = exact[name][doubtful]
                each[doubtful] |= np.abs(there[name] - path) <= rtol * np.abs(path)
    return steady


@dataclass(frozen=True)
class _Test:
    """A test of whether means are 0.

    Attributes
    ----------
    slack
        What is added to standard errors.
    noticed
        What a mean must be noticed for being off by, if the test is to tell anything.
    most
        The size of the largest gradient: what makes up for others may be too rare to have come up.
    critical
        The score beyond which it fails.
    """

    slack: float
    noticed: float
    most: float
    critical: float

    def add(
        self,
        tally: Tally,
        theta: Mapping[str, float],
        x: Array,
        *,
        path: Array,
        times: float = 1.0,
        needed: bool = False,
        **where: float,
    ) -> None:
        """Compare the mean of x with 0, which is that of gradients less that of `path`.

        Where it would tell nothing it is not, which makes a test that is `needed` inconclusive.
        """
        most, slack = times * self.most, times * self.slack
        error = statistics.standard_error(x, most=most)
        nothing = float(np.mean(np.abs(x))) <= slack  # but what rounding leaves
        if not (nothing or self.critical * error <= times * self.noticed):
            if needed:
                tally.add(theta, 0.0, np.nan, note=_SCATTERED, **where)
            return
        z = statistics.mean_score(x, most=most, slack=slack)
        note = ""
        if abs(z) > self.critical:
            mean, exact = float(np.mean(x)), float(np.mean(path))
            note = f"off by {100.0 * mean / (exact or math.nan):+.3g} %"
        tally.add(theta, z, 0.0, atol=self.critical, note=note, **where)


def _size(gradients: Array) -> float:
    """Return the mean size of gradients, of which the largest count as less."""
    size = np.abs(gradients)
    return float(np.mean(np.minimum(size, np.quantile(size, _COMMON))))


def _in_bins(
    tally: Tally,
    theta: dict[str, float],
    u: Array,
    y: Array,
    weighed: Array,
    path: Array,
    test: _Test,
) -> None:
    bins = np.minimum((u * _BINS).astype(np.int64), _BINS - 1)
    for number in range(_BINS):
        here = bins == number
        if np.sum(here) >= _ENOUGH:
            place = float(np.median(y[here]))
            test.add(tally, theta, weighed[here], path=path[here], y=place)


def _over_all(
    tally: Tally, theta: dict[str, float], u: Array, weighed: Array, path: Array, test: _Test
) -> None:
    for k in _FREQUENCIES:
        wave = k * math.pi * np.cos(k * math.pi * u)
        terms, times = wave * weighed, k * math.pi
        test.add(tally, theta, terms, path=wave * path, times=times, needed=True, k=k)


def _of_mean(tally: Tally, theta: dict[str, float], off: Array, path: Array, test: _Test) -> None:
    """Compare where the moments of y allow for it."""
    if statistics.is_summable(path) or np.ptp(path) == 0.0:
        test.add(tally, theta, off, path=path)


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
