"""The distribution of draws, against the cdf, and against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np

from reparam.verification.evidence.comparing import Tally, beside, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import LOOKS, Fit, add_scores, is_discrete, look
from reparam.verification.evidence.independence import of_the_generator
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics import statistics
from reparam.verification.results import Comparison
from reparam.verification.targets.target import Unlike

__all__ = ["distribution"]

#: Draws with a parameter set each that are all different.
_UNLIKE = 2**14
#: The error of a density's integral, and how many times what it may be wrong by is wrong.
_WHOLE, _BEYOND_DOUBT = 1e-6, 100.0
#: What a density's integral may be too large for.
_NOT_ITS_LOGARITHM = "log_prob is nowhere negative: is it the density, and not its logarithm?"
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
    target, unlike = context.target, context.target.unlike(_UNLIKE, context.seeded("unlike"))
    turns = list(context.turns())
    tests = (Fit.TESTS + len(target.parameters)) * sum(len(sets) for _, sets in turns)
    alpha = context.alpha / (LOOKS * tests + (unlike is not None))
    for way, sets in turns:
        yield from _of_way(context, way, sets, alpha)
    if unlike is not None:
        yield from _of_unlike(unlike, alpha)


def _of_way(
    context: Context, way: str, sets: list[tuple[int, dict[str, float]]], alpha: float
) -> Iterator[Comparison]:
    """Compare draws of one way with the law, at some of the numbered parameter sets."""
    target, label = context.target, f" ({way})" if way else ""
    yield from of_the_generator(context, sets[0][1], way, label)
    inside = Tally(f"draws{label} in the support", "absolute")
    whole = Tally("∫ p dy", note="log_prob is to be −∞ outside the support", doubt=_ROUGH)
    fit = Fit(f"draws{label}")
    scores = {
        name: Tally(f"mean ∂ log p/∂{name} of draws{label}", "standard errors")
        for name in target.parameters
        if name not in target.moving  # whose mean is not 0
    }

    def compare(theta: dict[str, float], n: int, seed: int) -> float:
        value, law = target.values(theta, n, seed, way), target.law(theta, seed)
        low, high = law.support
        outer = np.array([np.min(value), np.max(value)], dtype=np.float64)
        inside.add(theta, outer, np.clip(outer, low, high), y=outer)
        if not _is_known(whole, theta, law):
            return -math.inf
        ordered = np.sort(value)  # NaN is last
        smooth = bool(target.obstacle) or not is_discrete(ordered)
        independent = target.independent
        off = fit.add(theta, law, value, ordered, alpha, moving=smooth, independent=independent)
        if not (smooth and scores):
            return off
        return max(off, add_scores(scores, theta, law, value[: target.formula_draws], alpha))

    for number, theta in sets:
        look(context, f"draws{label}", number, partial(compare, theta))
    yield from results(inside, whole, scores)
    yield from fit.result()


def _of_unlike(unlike: Unlike, alpha: float) -> Iterator[Comparison]:
    """Compare draws, each of which has parameters of its own, by the distance of F(y) from u."""
    tally = Tally("sup |Fₙ − F| of F(y), draws with unlike parameters", "probability")
    y, n = unlike.sample.value, unlike.sample.value.size
    # what y was before it was rounded lies between its neighbours
    low, high = (
        np.sort(np.asarray(unlike.law.cdf(beside(y, towards)))) for towards in (-np.inf, np.inf)
    )
    rank = np.arange(1.0, n + 1.0) / n
    gap = np.maximum(rank - high, low - rank + 1.0 / n)  # NaN is the largest
    at = int(np.argmax(gap))
    tally.add({}, np.maximum(gap[at], 0.0), 0.0, atol=statistics.dkw_bound(n, alpha), u=low[at])
    yield from tally.result()


def _is_known(tally: Tally, theta: dict[str, float], law: Law) -> bool:
    """Compare a density's integral with 1, if F is made of it; whether F is any use, then."""
    if not isinstance(law, NumericalLaw) or law.mass is None:
        return True
    mass, error = law.mass
    sure = abs(mass - 1.0) > _BEYOND_DOUBT * error
    note = _NOT_ITS_LOGARITHM if mass > 1.0 and law.is_never_negative else ""
    tally.add(theta, mass, 1.0, rtol=_WHOLE, uncertainty=0.0 if sure else error, note=note)
    return law.is_known
