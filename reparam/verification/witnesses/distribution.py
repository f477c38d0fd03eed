"""The distribution of draws, against the cdf."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import numpy as np

from reparam._typing import Array
from reparam.verification import statistics
from reparam.verification.comparing import Context, Tally, beside
from reparam.verification.entries import Entrywise
from reparam.verification.laws import Law, NumericalLaw
from reparam.verification.numerics import ends, moved
from reparam.verification.results import Comparison
from reparam.verification.witnesses import of_vectors

__all__ = ["Fit", "add_scores", "distribution", "is_discrete"]

#: Tail probabilities whose counts are tested, on both sides. The first is the median's: where
#: draws are off by a factor, this is the most powerful of them.
_TAILS = 0.5 ** np.arange(1.0, 17.0)
#: Values at which the empirical cdf is compared: between them it moves by a thousandth of ½.
_ORDER_STATISTICS = 2048
#: Intervals between order statistics that tell whether draws are moved or spread.
_INTERVALS = 128
#: Draws that tell what rounding makes of scores; where these are slow, at how many they are taken,
#: and how many tell.
_FEW, _SLOW = 2**12, (2**15, 2**9)
#: The error of a density's integral, and how uncertain it may be if F is to be compared with draws.
_WHOLE, _SURE = 1e-6, 1e-4
#: Why a mean of scores may be uncertain.
_DOUBT = "the score moves by too much from one number to the next"
#: Why a density's integral may be uncertain.
_ROUGH = "the density has jumps or poles that quadrature can't resolve; a cdf would tell"


def distribution(context: Context) -> Iterator[Comparison]:
    """Test that draws follow the law.

    By the largest distance of the empirical cdf (the DKW bound), by the counts in both tails
    (binomial, exact), by E[∂ log p/∂θ] = 0, the most powerful test against draws of another θ, and
    by the most powerful ones against draws that are all moved, or spread, by some factor.
    """
    target = context.target
    if target.length:
        yield from of_vectors.distribution(context)
        return
    tests = Fit.TESTS + len(target.parameters)
    turns = list(context.turns())
    alpha = context.alpha / (tests * sum(len(sets) for _, sets in turns))
    for way, sets in turns:
        label = f" ({way})" if way else ""
        inside = Tally(f"draws{label} in the support", "absolute")
        whole = Tally("∫ p dy", note="log_prob is to be −∞ outside the support", doubt=_ROUGH)
        fit = Fit(f"draws{label}")
        scores = {
            name: Tally(f"mean ∂ log p/∂{name} of draws{label}", "standard errors", doubt=_DOUBT)
            for name in target.parameters
        }
        for number, theta in sets:
            seed = context.seed + number
            value = target.values(theta, context.level.draws, seed, way)
            law = target.law(theta, seed)
            low, high = law.support
            ordered = np.sort(value)  # NaN is last
            outer = ordered[[0, -1]].astype(np.float64)
            inside.add(theta, outer, np.clip(outer, low, high), y=outer)
            if not _is_known(whole, theta, law):
                continue
            smooth = bool(target.obstacle) or not is_discrete(ordered)
            fit.add(theta, law, ordered, alpha, moving=smooth)
            if smooth:
                add_scores(scores, theta, law, np.asarray(value), alpha)
        for tally in (inside, whole, *scores.values()):
            yield from tally.result()
        yield from fit.result()


class Fit:
    """How well draws, named by `what`, follow a law of numbers."""

    #: How many tests there are at each parameter set.
    TESTS = 1 + 2 * len(_TAILS) + 2

    def __init__(self, what: str) -> None:
        self._distance = Tally(f"sup |Fₙ − F| of {what}", "probability")
        self._tails = Tally(f"tail counts of {what}", "standard errors")
        self._motions = [
            Tally(f"{what} are not {moved}", "standard errors") for moved in ("moved", "spread")
        ]

    def add(
        self, theta: dict[str, float], law: Law, ordered: Array, alpha: float, *, moving: bool
    ) -> None:
        """Compare sorted draws with the law; what moves or spreads them only if `moving`."""
        _distance(self._distance, theta, law, ordered, alpha)
        _tails(self._tails, theta, law, ordered, alpha)
        if moving:
            _motions(self._motions, theta, law, ordered, alpha)

    def result(self) -> Iterator[Comparison]:
        """Yield the comparisons."""
        for tally in (self._distance, self._tails, *self._motions):
            yield from tally.result()


def _is_known(tally: Tally, theta: dict[str, float], law: Law) -> bool:
    """Compare a density's integral with 1, if F is made of it; whether F is any use, then."""
    if not isinstance(law, NumericalLaw) or law.mass is None:
        return True
    mass, error = law.mass
    tally.add(theta, mass, 1.0, rtol=_WHOLE, uncertainty=error)
    return abs(mass - 1.0) + error <= _SURE


def is_discrete(ordered: Array) -> bool:
    """Whether most of the sorted values occur several times."""
    return bool(np.mean(np.diff(ordered) == 0.0) > 0.5)


def _distance(tally: Tally, theta: dict[str, float], law: Law, y: Array, alpha: float) -> None:
    """Add sup |Fₙ − F| over some of the sorted values: at most the whole one, which is bounded.

    What a value was before it was rounded lies below the next number, and what has become infinite
    was as large as numbers are.
    """
    n = y.size
    some = y[np.unique(np.linspace(0, n - 1, _ORDER_STATISTICS).astype(np.int64))]
    most = ends(y.dtype)[1]
    inner = np.clip(some.astype(np.float64), -most, most)
    low, high = (np.asarray(law.cdf(at)) for at in (inner, beside(some, np.inf)))
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
        own, neighbour = (
            np.asarray(tail(at.astype(np.float64))),
            np.asarray(tail(beside(at, step))),
        )
        below, above = (own, neighbour) if outermost else (neighbour, own)
        straddles = there & (below <= _TAILS) & (above > _TAILS)
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


def add_scores(
    tallies: dict[str, Tally], theta: dict[str, float], law: Law, value: Array, alpha: float
) -> None:
    """Add the mean of ∂ log p/∂θ at draws, in standard errors, unless rounding makes too much."""
    most, few = (len(value), _FEW) if _has_formulas(law) else _SLOW
    some = value[:most]
    claimed = _stacked(law.score, tallies, some.astype(np.float64))
    rounding = moved(partial(_stacked, law.score, tallies), some[:few], claimed[:, :few])
    for tally, entry, lost in zip(tallies.values(), claimed, rounding, strict=True):
        if not (np.all(np.isfinite(entry)) and statistics.is_summable(entry)):
            continue
        tally.add(
            theta,
            statistics.standard_score(entry),
            0.0,
            atol=statistics.critical_value(alpha),
            uncertainty=np.mean(lost) / (np.std(entry) or 1.0) * math.sqrt(len(entry)),
        )


def _stacked(
    formula: Callable[[Array], Mapping[str, Array]], names: Iterable[str], y: Array
) -> Array:
    """Return a formula's values for each parameter, one row each."""
    claimed = formula(y)
    return np.stack([np.asarray(claimed[name]) for name in names])


def _motions(
    tallies: list[Tally], theta: dict[str, float], law: Law, y: Array, alpha: float
) -> None:
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
    below, cdf, above = (
        np.asarray(law.cdf(place)) for place in (beside(some, -np.inf), at, beside(some, np.inf))
    )
    told = above - below < 0.01 / math.sqrt(n)  # values that were rounded by more tell too little
    if np.sum(told) < 2:
        return
    rank, at, cdf = rank[told], at[told], cdf[told]
    share = np.diff(rank / (n + 1.0), prepend=0.0, append=1.0)
    deviation = np.diff(cdf, prepend=0.0, append=1.0) - share
    low, high = (float(end) for end in law.support)
    with np.errstate(all="ignore"):
        velocity, t = np.ones_like(at), at
        if np.isfinite(low) and np.isfinite(high):
            t = np.log(at - low) - np.log(high - at)
            velocity = (at - low) * (high - at) / (high - low)
        elif np.isfinite(low) or np.isfinite(high):
            velocity = at - low if np.isfinite(low) else high - at
            t = np.log(velocity)
        flow = np.exp(law.log_prob(at)) * velocity
        flows = flow, flow * (t - t[len(t) // 2])
    for tally, through in zip(tallies, flows, strict=True):
        change = np.diff(np.nan_to_num(through), prepend=0.0, append=0.0)
        scale = math.sqrt(float(np.sum(change**2 / share)) / n)
        if 0.0 < scale < math.inf:
            z = float(np.sum(deviation * change / share)) / scale
            tally.add(theta, z, 0.0, atol=statistics.critical_value(alpha))


def _has_formulas(law: Law) -> bool:
    """Whether a law has formulas, and is no quadrature that many draws would take long for."""
    from reparam.distribution import Distribution

    return isinstance(law, Distribution | Entrywise)
