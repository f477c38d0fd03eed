"""The distribution of draws, against the cdf."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Context, Tally
from reparam.verification.laws import Law
from reparam.verification.results import Comparison

__all__ = ["distribution"]

#: Tail probabilities whose counts are tested, on both sides.
_TAILS = 0.5 ** np.arange(3, 17)


def distribution(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the law.

    By the largest distance of the empirical cdf (the DKW bound), by the counts in both tails
    (binomial, exact) and by E[∂ log p/∂θ] = 0, the most powerful test against draws of another θ.
    """
    target, sets = context.target, context.sets()
    tests = 1 + 2 * len(_TAILS) + len(target.parameters)
    alpha = context.alpha / (tests * len(sets) * len(target.ways))
    for way in target.ways:
        label = f" ({way})" if way else ""
        inside = Tally(f"draws{label} in the support", "absolute")
        distance = Tally(f"sup |Fₙ − F| of draws{label}", "probability")
        tails = Tally(f"tail counts of draws{label}", "standard errors")
        scores = {
            name: Tally(f"mean ∂ log p/∂{name} of draws{label}", "standard errors")
            for name in target.parameters
        }
        for number, theta in enumerate(sets):
            seed = context.seed + number
            value = np.asarray(
                target.values(theta, context.level.draws, seed, way), dtype=np.float64
            )
            law = target.law(theta, seed)
            low, high = law.support
            inside.add(theta, value, np.clip(value, low, high), y=value)
            _distance(distance, theta, law, value, alpha)
            _tails(tails, theta, law, value, alpha)
            _scores(scores, theta, law, value, alpha)
        for tally in (inside, distance, tails, *scores.values()):
            yield from tally.result()


def _distance(tally: Tally, theta: dict[str, float], law: Law, value: Array, alpha: float) -> None:
    y = np.sort(value)
    u, n = np.asarray(law.cdf(y)), value.size
    # among equal values (single precision has many) the empirical cdf steps once
    upper = np.searchsorted(y, y, side="right") / n
    lower = np.searchsorted(y, y, side="left") / n
    gap = np.maximum(upper - u, u - lower)
    rounding = np.max(np.abs(upper - lower)) - 1.0 / n  # the cdf rises inside what was rounded
    at = int(np.argmax(gap))
    tally.add(
        theta, gap[at], 0.0, atol=statistics.dkw_bound(n, alpha) + max(rounding, 0.0), y=y[at]
    )


def _tails(tally: Tally, theta: dict[str, float], law: Law, value: Array, alpha: float) -> None:
    """Compare counts beyond the tails' quantiles, told by the cdf itself, as standard scores."""
    n = value.size
    for probability, side in ((np.asarray(law.cdf(value)), 1.0), (np.asarray(law.sf(value)), -1.0)):
        counts = np.array([np.sum(probability <= tail) for tail in _TAILS], dtype=np.float64)
        chance = statistics.binomial_tails(counts, n, _TAILS)
        z = np.array([statistics.critical_value(max(p, 1e-300)) for p in chance])
        tally.add(
            theta,
            np.where(counts < n * _TAILS, -z, z),
            0.0,
            atol=statistics.critical_value(alpha),
            u=np.where(side > 0.0, _TAILS, 1.0 - _TAILS),
        )


def _scores(
    tallies: dict[str, Tally], theta: dict[str, float], law: Law, value: Array, alpha: float
) -> None:
    claimed = law.score(value[: 2**18] if len(value) > 2**18 and not exact(law) else value)
    for name, tally in tallies.items():
        entry = np.asarray(claimed[name])
        if np.all(np.isfinite(entry)) and statistics.is_summable(entry):
            tally.add(
                theta,
                statistics.standard_score(entry),
                0.0,
                atol=statistics.critical_value(alpha),
            )


def exact(law: Law) -> bool:
    """Whether a law has formulas, and is no quadrature that many draws would take long for."""
    from reparam.distribution import Distribution

    return isinstance(law, Distribution)
