"""The distribution of draws, against the cdf or the density, and against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence import fit, independence
from reparam.verification.evidence.comparing import Tallies, beside
from reparam.verification.evidence.context import Case, Context
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics import statistics
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Unlike
from reparam.verification.witnesses._vectors import (
    ROUNDED,
    add_inside,
    all_counts,
    extremes,
    has_digits,
    target_of,
)

__all__ = ["distribution"]

#: Draws with a parameter set each that are all different.
_UNLIKE = 2**14
#: The error of a density's integral, and how many times what it may be wrong by is wrong.
_WHOLE, _BEYOND_DOUBT = 1e-6, 100.0
#: Why a density's integral may be uncertain.
_ROUGH = "the density has jumps or poles that quadrature can't resolve; pass a cdf"


def distribution(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the law, and know nothing of each other.

    By the largest distance of the empirical cdf (the DKW bound), by the counts in both tails
    (binomial, exact) and the outermost draws, by E[∂ log p/∂θ] = 0, the most powerful test against
    draws of another θ, and by the most powerful ones against draws that are all moved, or spread,
    by some factor. Draws that repeat, agree with those before them or with those of another seed
    are not random, nor are those that are too even. Suspicious draws are looked at again, at more
    of them.
    """
    target = context.target
    if target.length:
        yield from _of_counts(context) if target.obstacle else _of_vectors(context)
        return
    unlike, turns = target.unlike(_UNLIKE, context.seeded("unlike")), context.turns()
    tests = (fit.TESTS + len(target.parameters)) * sum(len(sets) for _, sets in turns)
    alpha = context.alpha / (fit.LOOKS * tests + (unlike is not None))
    for way, sets in turns:
        yield from _of_way(context, way, sets, alpha)
    if unlike is not None:
        yield from _of_unlike(unlike, alpha)


def _of_way(
    context: Context, way: str, sets: list[tuple[int, dict[str, float]]], alpha: float
) -> Iterator[Comparison]:
    """Compare draws of one way with the law, at some of the numbered parameter sets."""
    target, what = context.target, f"draws ({way})" if way else "draws"
    yield from independence.of_the_generator(context, sets[0][1], way, what)
    found = Tallies("standard errors")
    scores = {
        name: found[f"mean ∂ log p/∂{name} of {what}"]
        for name in target.parameters
        if name not in target.moving  # whose mean is not 0
    }

    def compare(theta: dict[str, float], n: int, seed: int) -> float:
        value, law = target.values(theta, n, seed, way), target.law(theta, seed)
        outer = np.array([np.min(value), np.max(value)], dtype=np.float64)
        inside = found.of(f"{what} in the support", "absolute")
        inside.add(theta, outer, np.clip(outer, *law.support), y=outer)
        if not _is_known(found, theta, law):
            return -math.inf
        ordered = np.sort(value)  # NaN is last
        smooth = bool(target.obstacle) or not fit.is_discrete(ordered)
        kinds = {"moving": smooth, "independent": target.independent}
        off = fit.add_fit(found, what, theta, law, value, ordered, alpha, **kinds)
        if not (smooth and scores):
            return off
        return max(off, fit.add_scores(scores, theta, law, value[: target.formula_draws], alpha))

    for number, theta in sets:
        fit.look(context, what, number, partial(compare, theta))
    yield from found.result()


def _of_unlike(unlike: Unlike, alpha: float) -> Iterator[Comparison]:
    """Compare draws, each of which has parameters of its own, by the distance of F(y) from u."""
    found, y, n = Tallies("probability"), unlike.sample.value, unlike.sample.value.size
    # what y was before it was rounded lies between its neighbours
    low, high = (
        np.sort(np.asarray(unlike.law.cdf(beside(y, towards)))) for towards in (-np.inf, np.inf)
    )
    rank = np.arange(1.0, n + 1.0) / n
    gap = np.maximum(rank - high, low - rank + 1.0 / n)  # NaN is the largest
    at, bound = int(np.argmax(gap)), statistics.dkw_bound(n, alpha)
    tally = found["sup |Fₙ − F| of F(y), draws with unlike parameters"]
    tally.add({}, np.maximum(gap[at], 0.0), 0.0, atol=bound, u=low[at])
    yield from found.result()


def _is_known(found: Tallies, theta: dict[str, float], law: Law) -> bool:
    """Compare a density's integral with 1, if F is made of it; whether F is any use, then."""
    if not isinstance(law, NumericalLaw) or law.mass is None:
        return True
    mass, error = law.mass
    sure = abs(mass - 1.0) > _BEYOND_DOUBT * error
    note = "log_prob is to be −∞ outside the support"
    if mass > 1.0 and law.is_never_negative:
        note = "log_prob is nowhere negative: is it the density, and not its logarithm?"
    tally = found.of("∫ p dy", "relative", doubt=_ROUGH)
    tally.add(theta, mass, 1.0, rtol=_WHOLE, uncertainty=0.0 if sure else error, note=note)
    return law.is_known


def _of_vectors(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the density: in known marginals, and by E[∂ log p/∂θ] = 0.

    A factor of the density that depends on y alone leaves both: −E[log p(y)] is the entropy, if
    that has a formula.
    """
    target, cases, found = target_of(context), context.cases(), Tallies("standard errors")
    marginals = [target.marginals(case.theta) for case in cases]
    tests = len(target.parameters) + 1 + len(marginals[0]) * fit.TESTS
    alpha = context.alpha / (fit.LOOKS * tests * len(cases))
    scores = {name: found[f"mean ∂ log p/∂{name} of draws"] for name in target.parameters}

    def compare(number: int, case: Case, n: int, seed: int) -> float:
        theta, way = case.theta, target.ways[number % len(target.ways)]
        y, log_y = target.logarithms(theta, n, seed, way)
        add_inside(found, target, theta, extremes(target, y), "draws")
        ranks = []
        for marginal in marginals[number]:
            x = marginal.of(log_y)
            x, what = np.where(np.isnan(x), np.inf, x), f"{marginal.what} of draws"
            ranks.append(fit.add_fit(found, what, theta, marginal.law, x, np.sort(x), alpha))
        if scores and np.all(has_digits(target, y)):  # scores of the others have no mean of 0
            ranks.append(fit.add_scores(scores, theta, target.law(theta), y, alpha))
            entropy = target.entropy(theta)
            off = -case.formulas.log_prob(y) - entropy
            if np.all(np.isfinite(off)) and statistics.is_summable(off):
                z = statistics.mean_score(off, slack=ROUNDED * (1.0 + abs(entropy)))
                surprise = found["mean −log p of draws, less the entropy"]
                ranks.append(surprise.add(theta, z, 0.0, atol=statistics.critical_value(alpha)))
        return max(ranks)

    for number, case in enumerate(cases):
        fit.look(context, "draws", number, partial(compare, number, case))
    yield from found.result()


def _of_counts(context: Context) -> Iterator[Comparison]:
    """Test how often each vector is drawn (binomial, exact), and whether draws are independent."""
    target, found = context.target, Tallies("standard errors")
    every = [(case.theta, *all_counts(case)) for case in context.cases()]
    tests = sum(len(p) + independence.TESTS for *_, p in every)
    alpha = context.alpha / (fit.LOOKS * tests)

    def compare(theta: dict[str, float], y: Array, p: Array, n: int, seed: int) -> float:
        drawn = target.values(theta, n, seed)
        base = (1.0 + np.max(y)) ** np.arange(target.length)
        codes, order, own = y @ base, np.argsort(y @ base), drawn @ base
        place = np.clip(np.searchsorted(codes[order], own), 0, len(y) - 1)
        known = np.all(y[order][place] == drawn, axis=1)
        inside = found.of("draws that are no vectors of counts of that sum", "draws")
        inside.add(theta, np.sum(~known), 0.0)
        count = np.bincount(order[place[known]], minlength=len(y)).astype(np.float64)
        z = fit.as_scores(statistics.binomial_tails(count, n, np.minimum(p, 1.0)))
        serial, critical = found["dependence of draws on others"], statistics.critical_value(alpha)
        ranks = [independence.add_dependence(serial, theta, own, np.sort(own), alpha)]
        for k in np.unique(y[:, 0]).astype(int):
            here, tally = y[:, 0] == k, found[f"how often draws have y[0] = {k}"]
            entries = {f"y[{at}]": y[here, at] for at in range(1, target.length)}
            ranks.append(tally.add(theta, z[here], 0.0, atol=critical, **entries))
        return max(ranks)

    for number, each in enumerate(every):
        fit.look(context, "draws", number, partial(compare, *each))
    yield from found.result()
