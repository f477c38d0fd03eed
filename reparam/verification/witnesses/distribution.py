"""The distribution of draws, against the cdf."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Context, Tally
from reparam.verification.laws import Law
from reparam.verification.results import Comparison

__all__ = ["distribution"]

#: Tail probabilities whose counts are tested, on both sides.
_TAILS = 0.5 ** np.arange(3.0, 17.0)
#: Values at which the empirical cdf is compared: between them it moves by a thousandth of ½.
_ORDER_STATISTICS = 2048


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
            ordered = np.sort(value)  # NaN is last
            ends = ordered[[0, -1]]
            inside.add(theta, ends, np.clip(ends, low, high), y=ends)
            _distance(distance, theta, law, ordered, alpha)
            _tails(tails, theta, law, ordered, alpha)
            _scores(scores, theta, law, value, alpha)
        for tally in (inside, distance, tails, *scores.values()):
            yield from tally.result()


def _distance(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> None:
    """Add sup |Fₙ − F| over some of the sorted values: at most the whole one, which is bounded."""
    n = y.size
    some = y[np.unique(np.linspace(0, n - 1, _ORDER_STATISTICS).astype(np.int64))]
    u = np.asarray(law.cdf(some))
    # between equal values (single precision has many) the empirical cdf can't be told
    above = np.searchsorted(y, some, side="right") / n
    below = np.searchsorted(y, some, side="left") / n
    gap = np.maximum(np.maximum(u - above, below - u), 0.0)
    at = int(np.argmax(gap))
    tally.add(theta, gap[at], 0.0, atol=statistics.dkw_bound(n, alpha), y=some[at])


def _tails(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> None:
    """Compare the counts in both tails, told by the cdf itself, as standard scores."""
    n = y.size
    for tail, values, u in ((law.cdf, y, _TAILS), (law.sf, y[::-1], 1.0 - _TAILS)):
        counts = _first_above(tail, values)
        chance = statistics.binomial_tails(counts, n, _TAILS)
        z = np.array([statistics.critical_value(max(p, 1e-300)) for p in chance])
        tally.add(
            theta,
            np.where(counts < n * _TAILS, -z, z),
            0.0,
            atol=statistics.critical_value(alpha),
            u=u,
        )


def _first_above(tail: Callable[[Array], Array], values: Array) -> Array:
    """Return how many of the values, from the tail inwards, have tail probabilities ≤ each of ours.

    By bisection, all at once: few evaluations, and no quantile function is needed.
    """
    low, high = np.zeros(len(_TAILS), np.int64), np.full(len(_TAILS), len(values))
    while np.any(open_ := low < high):
        middle = (low + high) // 2
        within = open_ & (np.asarray(tail(values[np.minimum(middle, len(values) - 1)])) <= _TAILS)
        low, high = np.where(within, middle + 1, low), np.where(open_ & ~within, middle, high)
    return low.astype(np.float64)


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
