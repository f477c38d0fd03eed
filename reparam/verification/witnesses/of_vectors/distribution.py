"""Draws of vectors against their density."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from reparam.verification.evidence.comparing import Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import LOOKS, Fit, add_scores, look
from reparam.verification.numerics import statistics
from reparam.verification.results import Comparison
from reparam.verification.witnesses.of_vectors._shared import ROUNDED, Inside, has_digits, target_of

__all__ = ["distribution"]


def distribution(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the density: in known marginals, and by E[∂ log p/∂θ] = 0.

    A factor of the density that depends on y alone leaves both: −E[log p(y)] is the entropy, if
    that has a formula.
    """
    target, sets = target_of(context), context.sets()
    marginals = [target.marginals(theta) for theta in sets]
    tests = len(target.parameters) + 1 + len(marginals[0]) * Fit.TESTS
    alpha = context.alpha / (LOOKS * tests * len(sets))
    inside = Inside(target, "draws")
    scores = {
        name: Tally(f"mean ∂ log p/∂{name} of draws", "standard errors")
        for name in target.parameters
    }
    surprise = Tally("mean −log p of draws, less the entropy", "standard errors")
    critical = statistics.critical_value(alpha)
    fits = [Fit(f"{marginal.what} of draws") for marginal in marginals[0]]

    def compare(number: int, n: int, seed: int) -> float:
        theta, way = sets[number], target.ways[number % len(target.ways)]
        y, log_y = target.logarithms(theta, n, seed, way)
        inside.add_extremes(theta, y)
        ranks = []
        for fit, marginal in zip(fits, marginals[number], strict=True):
            x = marginal.of(log_y)
            x = np.where(np.isnan(x), np.inf, x)
            ranks.append(fit.add(theta, marginal.law, x, np.sort(x), alpha))
        if scores and np.all(has_digits(target, y)):  # scores of the others have no mean of 0
            ranks.append(add_scores(scores, theta, target.law(theta), y, alpha))
            entropy = target.entropy(theta)
            off = -target.formulas["log_prob"](y, **theta) - entropy
            if np.all(np.isfinite(off)) and statistics.is_summable(off):
                z = statistics.mean_score(off, slack=ROUNDED * (1.0 + abs(entropy)))
                ranks.append(surprise.add(theta, z, 0.0, atol=critical))
        return max(ranks)

    for number in range(len(sets)):
        look(context, "draws", number, partial(compare, number))
    yield from inside.result()
    yield from results(scores, surprise)
    for fit in fits:
        yield from fit.result()
