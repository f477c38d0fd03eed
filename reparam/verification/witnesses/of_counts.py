"""What the witnesses look at where values are vectors of counts: sums over all of these."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence import independence
from reparam.verification.evidence.comparing import Tallies, Tally, results
from reparam.verification.evidence.context import Context
from reparam.verification.evidence.fit import LOOKS, as_scores, look
from reparam.verification.evidence.integers import every
from reparam.verification.numerics import statistics
from reparam.verification.refusals import NotApplicable
from reparam.verification.results import Comparison
from reparam.verification.targets.registered import Masses
from reparam.verification.witnesses.of_vectors.score import score as score_of_vectors

__all__ = ["distribution", "identity", "score"]

#: The error allowed of sums of probabilities.
_SUM = 1e-12
#: Why there is nothing to sum.
_MANY = "its vectors of counts are too many to sum over; keep their sum at a small number"


def _masses(context: Context) -> list[tuple[dict[str, float], Array, Array]]:
    """Return parameter sets, with all vectors and their probabilities.

    Raises NotApplicable if there are too many vectors.
    """
    target, found = cast(Masses, context.target), []
    for theta in context.sets():
        y, are_all = every(target, theta, context.seed)
        if not are_all:
            raise NotApplicable(_MANY)
        found.append((theta, y, np.exp(target.formulas["log_prob"](y, **theta))))
    return found


def identity(context: Context) -> Iterator[Comparison]:
    """Sum the probabilities of all vectors."""
    tally = Tally("Σ p(y)", "absolute")
    for theta, _, p in _masses(context):
        tally.add(theta, np.sum(p), 1.0, atol=_SUM)
    yield from tally.result()


def score(context: Context) -> Iterator[Comparison]:
    """Compare the score with differences of log p, and its expectation with 0."""
    yield from score_of_vectors(context)
    target = context.target
    means = Tallies("absolute")
    for theta, y, p in _masses(context):
        claimed = target.formulas["score"](y, **theta)
        for name in target.parameters:
            size = p @ np.abs(claimed[name])
            means[f"E[∂ log p/∂{name}]"].add(theta, p @ claimed[name], 0.0, rtol=1e-11, size=size)
    yield from results(means)


def distribution(context: Context) -> Iterator[Comparison]:
    """Test how often each vector is drawn (binomial, exact), and whether draws are independent."""
    target, masses = context.target, _masses(context)
    tests = sum(len(p) + independence.TESTS for _, _, p in masses)
    alpha = context.alpha / (LOOKS * tests)
    inside = Tally("draws that are no vectors of counts of that sum", "draws")
    counts = Tallies("standard errors")
    serial = Tally("dependence of draws on others", "standard errors")

    def compare(number: int, n: int, seed: int) -> float:
        theta, y, p = masses[number]
        drawn = target.values(theta, n, seed)
        base = (1.0 + np.max(y)) ** np.arange(target.length)
        codes, order = y @ base, np.argsort(y @ base)
        own = drawn @ base
        place = np.clip(np.searchsorted(codes[order], own), 0, len(y) - 1)
        known = np.all(y[order][place] == drawn, axis=1)
        inside.add(theta, np.sum(~known), 0.0)
        found = np.bincount(order[place[known]], minlength=len(y)).astype(np.float64)
        z = as_scores(statistics.binomial_tails(found, n, np.minimum(p, 1.0)))
        critical = statistics.critical_value(alpha)
        ranks = [independence.add_dependence(serial, theta, own, np.sort(own), alpha)]
        for k in np.unique(y[:, 0]).astype(int):
            here, tally = y[:, 0] == k, counts[f"how often draws have y[0] = {k}"]
            entries = {f"y[{at}]": y[here, at] for at in range(1, target.length)}
            ranks.append(tally.add(theta, z[here], 0.0, atol=critical, **entries))
        return max(ranks)

    for number in range(len(masses)):
        look(context, "draws", number, partial(compare, number))
    yield from results(inside, counts, serial)
