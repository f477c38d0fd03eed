"""How well draws follow a law, and whether they know nothing of each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification.evidence import independence
from reparam.verification.evidence.comparing import Tallies, Tally, beside
from reparam.verification.evidence.context import Context
from reparam.verification.laws.entries import Entrywise
from reparam.verification.laws.law import Law
from reparam.verification.laws.numerical import NumericalLaw
from reparam.verification.numerics import statistics
from reparam.verification.numerics.calculus import ends, moved

__all__ = [
    "LOOKS",
    "TESTS",
    "add_distance",
    "add_fit",
    "add_scores",
    "as_scores",
    "is_discrete",
    "look",
]

#: How often draws are looked at, at most: again, with this factor (up to this many),
#: if a statistic is beyond this share of what is allowed.
LOOKS, _MORE, _MOST, _SUSPICIOUS = 2, 8, 2**23, 0.5

#: Tail probabilities whose counts are tested, on both sides. The first is the median's: where
#: draws are off by a factor, this is the most powerful of them.
_TAILS = 0.5 ** np.arange(1.0, 17.0)
#: Values at which the empirical cdf is compared: between them it moves by a thousandth of ½.
_ORDER_STATISTICS = 2048
#: Parts that a round of a search leaves one of.
_PARTS = 16
#: Intervals between order statistics that decide whether draws are moved or spread.
_INTERVALS = 128
#: Ties fail beyond this many times the number expected from rounding,
_EQUAL = 4.0
#: plus this share of the draws,
_SHARE = 2.0**-8
#: plus this number.
_FEW_EQUAL = 64.0
_FROM_A_GRID = "rounding makes fewer equal: they come from a grid, or several times"
#: What dependent draws may be meant to be.
_ON_PURPOSE = "where they are stratified or antithetic by design, declare independent = False"
#: The share of draws at one value that an atom has, and of draws equal to the next one that is too
#: small for most to occur several times.
_ATOM, _FEW_ALIKE = 0.01, 0.125
#: Draws that tell what rounding makes of scores; where these are slow, at how many they are taken,
#: and how many tell. Of a cdf alone they are derivatives of derivatives, at this many draws.
_FEW, _SLOW, _SLOWER = 2**12, (2**15, 2**9), 2**12
#: How much of what is allowed rounding may make of a mean of scores.
_MOVED = 0.1
#: The error of probabilities that may be differences.
_ROUNDING = 2.0**-49


def look(context: Context, purpose: str, number: int, compare: Callable[[int, int], float]) -> None:
    """Have draws compared, and more draws if these look suspicious but may still be right.

    Purpose and number determine the seed. Given how many draws to compare, and their seed,
    `compare` returns the largest error, in units of what is allowed.
    """
    n = context.level.draws
    if _SUSPICIOUS < compare(n, context.seeded(purpose, number)) <= 1.0:
        compare(min(_MORE * n, _MOST), context.seeded(f"more {purpose}", number))


#: How many tests :func:`add_fit` makes at each parameter set.
TESTS = 1 + 2 * len(_TAILS) + 2 + 2 + independence.TESTS


def add_fit(
    found: Tallies,
    what: str,
    theta: dict[str, float],
    law: Law,
    value: Array,
    ordered: Array,
    alpha: float,
    *,
    moving: bool = True,
    independent: bool = True,
) -> float:
    """Compare draws, also `ordered`, with a law, and with each other if they are `independent`.

    What moves or spreads them is looked at only if `moving`. Return the largest error, in units
    of what is allowed.
    """
    equal = found.of(f"{what} that equal another one", "draws", note=_FROM_A_GRID)
    ranks = [
        add_distance(found, what, theta, law, ordered, alpha),
        _tails(found[f"tail counts of {what}"], theta, law, ordered, alpha),
        _equal(equal, theta, law, ordered),
        _outermost(found[f"outermost of {what}"], theta, law, ordered, alpha),
    ]
    if independent:
        serial = found.of(f"dependence of {what} on others", note=_ON_PURPOSE)
        ranks.append(independence.add_dependence(serial, theta, value, ordered, alpha))
        if moving:
            even = found.of(f"evenness of {what}", note=_ON_PURPOSE)
            count = partial(_first_above, law.cdf, ordered)
            ranks.append(independence.add_evenness(even, theta, count, ordered.size, alpha))
    if moving:
        motions = [found[f"{motion} of {what}"] for motion in ("displacement", "spread")]
        ranks.append(_motions(motions, theta, law, ordered, alpha))
    return max(ranks)


def is_discrete(ordered: Array) -> bool:
    """Whether most of the sorted values occur several times, except for a few that many have."""
    if np.count_nonzero(ordered[1:] == ordered[:-1]) < _FEW_ALIKE * ordered.size:
        return False
    starts = np.flatnonzero(np.diff(ordered, prepend=np.nan) != 0.0)
    counts = np.diff(starts, append=ordered.size)
    some = counts[counts <= _ATOM * ordered.size]
    return bool(np.sum(some[some > 1]) >= 0.5 * np.sum(some))


def add_distance(
    found: Tallies, what: str, theta: dict[str, float], law: Law, y: Array, alpha: float
) -> float:
    """Add sup |Fₙ − F| over some of the sorted values: at most the whole one, which is bounded.

    What a value was before it was rounded lies below the next number, and what has become infinite
    was as large as numbers are.
    """
    some = _some(y)
    most = ends(y.dtype)[1]
    inner = np.clip(some.astype(np.float64), -most, most)
    low, high = (np.asarray(law.cdf(at)) for at in (inner, beside(some, np.inf)))
    share = np.searchsorted(y, some, side="right") / y.size
    gap = np.maximum(np.maximum(low - share, share - high), 0.0)
    at, bound = int(np.argmax(gap)), statistics.dkw_bound(y.size, alpha)
    tally = found.of(f"sup |Fₙ − F| of {what}", "probability")
    return tally.add(theta, gap[at], 0.0, atol=bound, y=some[at])


def _some(y: Array) -> Array:
    """Return some of the sorted values, evenly."""
    return y[np.unique(np.linspace(0, y.size - 1, _ORDER_STATISTICS).astype(np.int64))]


def _tails(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> float:
    """Compare the counts in both tails, by the cdf itself, as standard scores."""
    n, atol, ranks = y.size, statistics.critical_value(alpha), []
    sides = ((law.cdf, y, np.inf, _TAILS), (law.sf, y[::-1], -np.inf, 1.0 - _TAILS))
    for tail, values, inwards, u in sides:
        counts = _first_above(tail, values, _TAILS)
        p = np.clip(counts / n, *_probabilities(tail, values, inwards, counts))
        z = as_scores(statistics.binomial_tails(counts, n, p))
        signed = np.where(counts < n * p, -z, z)
        ranks.append(tally.add(theta, signed, 0.0, atol=atol, u=u))
    return max(ranks)


def as_scores(chance: Array) -> Array:
    """Return two-sided probabilities as standard scores."""
    return np.array([statistics.critical_value(max(float(entry), 1e-300)) for entry in chance])


def _outermost(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> float:
    """Compare the least and the greatest draw with how far out n draws may be.

    P(the least ≤ y) ≤ n F(y), where y was rounded from less than the next number.
    """
    outer = y[[0, -1]]
    below, above = law.cdf(beside(outer[:1], np.inf)), law.sf(beside(outer[1:], -np.inf))
    chance = np.array([below[0], above[0]])
    # probabilities may be differences, in which the smallest get lost; infinite values have none
    chance += np.where(np.isfinite(outer), _doubt(law), 0.0)
    chances = np.where(np.isnan(outer), 0.0, np.minimum(1.0, 2.0 * y.size * chance))
    return tally.add(theta, as_scores(chances), 0.0, atol=statistics.critical_value(alpha), y=outer)


def _doubt(law: Law) -> float:
    """Return the error that a law's probabilities may have."""
    if isinstance(law, NumericalLaw):
        return law.doubt
    return 0.0 if _has_formulas(law) else _ROUNDING


def _equal(tally: Tally, theta: dict[str, float], law: Law, y: Array) -> float:
    """Count the draws that equal another one, beside what rounding and atoms make equal.

    Of n draws one equals another with a probability of at most n times that of all that is rounded
    to it. No chance is involved: what is allowed is far beyond what may come up.
    """
    some = _some(y)
    around = [np.asarray(law.cdf(beside(some, towards))) for towards in (-np.inf, np.inf)]
    chance = np.minimum(y.size * np.abs(around[1] - around[0]), 1.0)
    # where probabilities are no numbers, as many may be
    expected = y.size * float(np.mean(np.where(np.isnan(chance), 1.0, chance)))
    allowed = _EQUAL * expected + _SHARE * y.size + _FEW_EQUAL
    return tally.add(theta, np.count_nonzero(y[1:] == y[:-1]), 0.0, atol=allowed)


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
        own, neighbour = (
            np.asarray(tail(each)) for each in (at.astype(np.float64), beside(at, step))
        )
        below, above = (own, neighbour) if outermost else (neighbour, own)
        straddles = there & (below <= _TAILS) & (above > _TAILS)
        low = np.where(straddles, np.minimum(low, below), low)
        high = np.where(straddles, np.maximum(high, above), high)
    return low, high


def _first_above(tail: Callable[[Array], Array], values: Array, chance: Array) -> Array:
    """Return how many of the values, from the tail inwards, have tail probabilities ≤ each chance.

    In a few rounds, all at once: each looks at places that divide what is left into equal parts.
    """
    low, high = np.zeros(len(chance), np.int64), np.full(len(chance), len(values))
    while np.any(open_ := low < high):
        width = np.where(open_, high - low, 0)[:, np.newaxis]
        places = low[:, np.newaxis] + width * np.arange(1, _PARTS) // _PARTS
        at = values[np.minimum(places, len(values) - 1)].astype(np.float64)
        within = np.asarray(tail(at)) <= chance[:, np.newaxis]
        last = np.sum(np.logical_and.accumulate(within, axis=1), axis=1)[:, np.newaxis]
        bounds = np.concatenate([low[:, np.newaxis] - 1, places, high[:, np.newaxis]], axis=1)
        starts, stops = (np.take_along_axis(bounds, last + k, axis=1)[:, 0] for k in (0, 1))
        low, high = np.where(open_, starts + 1, low), np.where(open_, stops, high)
    return low.astype(np.float64)


def add_scores(
    tallies: Mapping[str, Tally], theta: dict[str, float], law: Law, value: Array, alpha: float
) -> float:
    """Add the mean of ∂ log p/∂θ at draws, in standard errors, unless rounding makes too much.

    Return the largest, in units of what is allowed.
    """
    most, few = (len(value), _FEW) if _has_formulas(law) else _SLOW
    if isinstance(law, NumericalLaw) and not law.has_density:
        most = _SLOWER
    some = value[:most]
    claimed = _stacked(law.score, tallies, some.astype(np.float64))
    rounding = moved(partial(_stacked, law.score, tallies), some[:few], claimed[:, :few])
    largest, critical = -math.inf, statistics.critical_value(alpha)
    for tally, entry, lost in zip(tallies.values(), claimed, rounding, strict=True):
        if not (np.all(np.isfinite(entry)) and statistics.is_summable(entry)):
            continue  # skipped: the other tests keep their share of the false-alarm probability
        moved_by = float(np.mean(lost)) / float(np.std(entry)) * math.sqrt(len(entry))
        if moved_by <= _MOVED * critical:  # else values have lost what scores are made of
            z = statistics.mean_score(entry)
            largest = max(largest, tally.add(theta, z, 0.0, atol=critical, uncertainty=moved_by))
    return largest


def _stacked(
    formula: Callable[[Array], Mapping[str, Array]], names: Iterable[str], y: Array
) -> Array:
    """Return a formula's values for each parameter, one row each."""
    claimed = formula(y)
    return np.stack([np.asarray(claimed[name]) for name in names])


def _motions(
    tallies: list[Tally], theta: dict[str, float], law: Law, y: Array, alpha: float
) -> float:
    """Test against draws that flow along t, the logarithm or logit of y where y is bounded.

    The probabilities between order statistics are Dirichlet distributed about equal shares. If
    draws move with velocity v(y), probability flows through y at the rate p·v, and the share of
    an interval changes by the difference of what flows in and out: the sum of deviations weighted
    with that, relative to the share, is the most powerful linear test.
    """
    n = y.size
    rank = np.linspace(0.0, n + 1.0, _INTERVALS + 1)[1:-1].astype(np.int64)
    some = y[rank - 1]
    at = some.astype(np.float64)
    places = beside(some, -np.inf), at, beside(some, np.inf)
    below, cdf, above = (np.asarray(law.cdf(place)) for place in places)
    exact = above - below < 0.01 / math.sqrt(n)  # values rounded by more decide too little
    if np.sum(exact) < 2:
        return -math.inf
    rank, at, cdf = rank[exact], at[exact], cdf[exact]
    counts = np.diff(rank, prepend=0.0, append=n + 1.0)
    deviation = np.diff(cdf, prepend=0.0, append=1.0) - counts / (n + 1.0)
    low, high = (float(end) for end in law.support)
    velocity, t = np.ones_like(at), at
    if np.isfinite(low) and np.isfinite(high):
        t = np.log(at - low) - np.log(high - at)
        velocity = (at - low) * (high - at) / (high - low)
    elif np.isfinite(low) or np.isfinite(high):
        velocity = at - low if np.isfinite(low) else high - at
        t = np.log(velocity)
    flow, off = np.exp(law.log_prob(at)) * velocity, -math.inf
    for tally, through in zip(tallies, (flow, flow * (t - t[len(t) // 2])), strict=True):
        weights = np.diff(np.nan_to_num(through), prepend=0.0, append=0.0) / counts
        if np.all(np.isfinite(weights)) and np.ptp(weights) > 0.0:
            z = statistics.spacings_score(weights, deviation, counts)
            off = max(off, tally.add(theta, z, 0.0, atol=statistics.critical_value(alpha)))
    return off


def _has_formulas(law: Law) -> bool:
    """Whether a law has formulas, and is not a quadrature that many draws would take long for."""
    from reparam.base.distribution import Distribution

    return isinstance(law, Distribution | Entrywise)
