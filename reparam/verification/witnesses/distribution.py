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
            value = target.values(theta, context.level.draws, seed, way)
            law = target.law(theta, seed)
            low, high = law.support
            ordered = np.sort(value)  # NaN is last
            ends = ordered[[0, -1]].astype(np.float64)
            inside.add(theta, ends, np.clip(ends, low, high), y=ends)
            _distance(distance, theta, law, ordered, alpha)
            _tails(tails, theta, law, ordered, alpha)
            if not is_discrete(ordered):
                _scores(scores, theta, law, np.asarray(value, dtype=np.float64), alpha)
        for tally in (inside, distance, tails, *scores.values()):
            yield from tally.result()


def is_discrete(ordered: Array) -> bool:
    """Whether most of the sorted values occur several times."""
    return bool(np.mean(np.diff(ordered) == 0.0) > 0.5)


def _next(y: Array, towards: float) -> Array:
    """Return the next numbers of y's own precision."""
    return np.nextafter(y, y.dtype.type(towards)).astype(np.float64)


def _distance(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> None:
    """Add sup |Fₙ − F| over some of the sorted values: at most the whole one, which is bounded.

    What a value was before it was rounded lies below the next number.
    """
    n = y.size
    some = y[np.unique(np.linspace(0, n - 1, _ORDER_STATISTICS).astype(np.int64))]
    low, high = (np.asarray(law.cdf(at)) for at in (some.astype(np.float64), _next(some, np.inf)))
    share = np.searchsorted(y, some, side="right") / n
    gap = np.maximum(np.maximum(low - share, share - high), 0.0)
    at = int(np.argmax(gap))
    tally.add(theta, gap[at], 0.0, atol=statistics.dkw_bound(n, alpha), y=some[at])


def _tails(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> None:
    """Compare the counts in both tails, told by the cdf itself, as standard scores."""
    n = y.size
    sides = ((law.cdf, y, np.inf, _TAILS), (law.sf, y[::-1], -np.inf, 1.0 - _TAILS))
    for tail, values, inwards, u in sides:
        counts = _first_above(tail, values)
        low, high = _probabilities(tail, values, inwards, counts)
        p = np.clip(counts / n, low, high)
        chance = statistics.binomial_tails(counts, n, p)
        z = np.array([statistics.critical_value(max(entry, 1e-300)) for entry in chance])
        tally.add(
            theta,
            np.where(counts < n * p, -z, z),
            0.0,
            atol=statistics.critical_value(alpha),
            u=u,
        )


def _probabilities(
    tail: Callable[[Array], Array], values: Array, inwards: float, counts: Array
) -> tuple[Array, Array]:
    """Return between what the probabilities are that a draw is counted in our tails.

    They are the tails', unless a border of one falls between neighbouring numbers (where values
    were rounded to an end of the support, say) or into an atom of the law.
    """
    inside = counts.astype(np.int64) - 1
    low, high = _TAILS.copy(), _TAILS.copy()
    for place, step, outermost in ((inside, inwards, 1), (inside + 1, -inwards, 0)):
        there = (place >= 0) & (place < len(values))
        at = values[np.clip(place, 0, len(values) - 1)]
        own, neighbour = np.asarray(tail(at.astype(np.float64))), np.asarray(tail(_next(at, step)))
        below, above = (own, neighbour) if outermost else (neighbour, own)
        straddles = there & (below < _TAILS) & (_TAILS < above)
        low = np.where(straddles, np.minimum(low, below), low)
        high = np.where(straddles, np.maximum(high, above), high)
    return low, high


def _first_above(tail: Callable[[Array], Array], values: Array) -> Array:
    """Return how many of the values, from the tail inwards, have tail probabilities ≤ each of ours.

    By bisection, all at once: few evaluations, and no quantile function is needed.
    """
    low, high = np.zeros(len(_TAILS), np.int64), np.full(len(_TAILS), len(values))
    while np.any(open_ := low < high):
        middle = (low + high) // 2
        at = values[np.minimum(middle, len(values) - 1)].astype(np.float64)
        within = open_ & (np.asarray(tail(at)) <= _TAILS)
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
