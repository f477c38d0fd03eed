"""Where KL(p‖q) is infinite, or the variance of an estimate is, because q's tails are too light."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.distribution import Distribution
from reparam.base.reparameterized import Reparameterized
from reparam.base.tails import Tail
from reparam.divergences._monte_carlo import parts, pathwise
from reparam.divergences._registry import aligned, events
from reparam.domains import Integers
from reparam.expressions import Expression

__all__ = ["Tails", "tails"]

#: Points along a tail, and elements of a batch that are looked at together.
_POINTS, _TOGETHER = 128, 2**13

#: Between the points that are compared, two of these steps make a quarter of the tail.
_STEPS = 8

#: The mass's fall to this share of it is distinguished from growth.
_SLACK = 1e-6
#: Growth above this is distinguished from rounding errors.
_NOISE = 1e-9

#: The difference of two logarithms is rounding below this share of them.
_ROUNDING = 2.0**-48

#: Logarithms of the least and the greatest distance, without subnormal numbers.
_LEAST, _GREATEST = -708.0, 709.0

#: Where a tail towards 0 starts at the latest: below, the median of a tiny shape may be.
_START = -600.0


@dataclass(frozen=True)
class Tails:
    """What is infinite, element by element.

    Attributes
    ----------
    divergence
        KL itself.
    value, in_p, in_q
        The variances of its estimate, and of those of the derivatives in p's and q's parameters.
    """

    divergence: NDArray[np.bool_]
    value: NDArray[np.bool_]
    in_p: tuple[NDArray[np.bool_], ...]
    in_q: tuple[NDArray[np.bool_], ...]


def tails(p: Distribution, q: Distribution, shape: tuple[int, ...]) -> Tails:
    """Return where E_p[l] is infinite, l = log p − log q, and E_p[t²] of an estimate's terms t.

    E_p[|t|ᵏ] is if |t|ᵏ p dy, with dy in proportion to the distance, doesn't fall along a tail.
    This is looked at as far out as doubles go, towards infinity and towards 0; what happens near
    another finite endpoint stays undetected. How t grows is determined by its differences between
    points whose distances have equal ratios: they grow as t does if it is a power of the distance,
    plus logarithms and constants, and not at all if it is a logarithm. E_p[l] can't diverge to −∞,
    since E_p[max(−l, 0)] ≤ 1/e.

    Parameters
    ----------
    p, q
        The distributions.
    shape
        What their batches broadcast to.
    """
    size = math.prod(shape)
    ends = [(), *events(p), *events(q)]
    infinite = np.zeros(size, dtype=np.bool_)
    variances = [np.zeros((size, *event), dtype=np.bool_) for event in ends]
    numbers = not p.event_shape  # there is no looking along the tails of vectors
    flat_p, flat_q = _flat(p, shape), _flat(q, shape)
    for start in range(0, size * numbers, _TOGETHER):
        at = slice(start, start + _TOGETHER)
        some_p, some_q = (
            of.replace({name: values[at] for name, values in flat.items()})
            for of, flat in ((p, flat_p), (q, flat_q))
        )
        with np.errstate(all="ignore"):
            outgrown = _outgrown(some_p, some_q)
            infinite[at] |= outgrown
            variances[0][at] |= outgrown
            for y, log_mass in _sides(some_p):
                log_ratio, in_p, in_q = parts(some_p, some_q, y)
                if not pathwise(p, q):
                    in_p = [aligned(log_ratio, e) * s for s, e in zip(in_p, events(p), strict=True)]
                infinite[at] |= _diverges(log_ratio, 1.0, log_mass)
                for found, term in zip(variances, (log_ratio, *in_p, *in_q), strict=True):
                    found[at] |= _diverges(term, 2.0, log_mass)
    value, *slopes = (
        found.reshape(shape + event) for found, event in zip(variances, ends, strict=True)
    )
    count = len(events(p))
    return Tails(infinite.reshape(shape), value, tuple(slopes[:count]), tuple(slopes[count:]))


def _outgrown(p: Distribution, q: Distribution) -> NDArray[np.bool_]:
    """Whether −log q grows faster than each power along a tail of p that falls like a power.

    Or more slowly than each exponential, as that of the log-normal: by what both declare, since
    all but the first points of such a tail are beyond what doubles have of log q.
    """
    found = np.zeros(p.batch_shape, dtype=np.bool_)
    if p._tails is None or q._tails is None or p.event_shape:
        return found
    for side in (0, 1):
        ends = p.support[side], q.support[side]
        power, fall = _declared(p, p._tails[side])
        _, growth = _declared(q, q._tails[side])
        slow = np.isfinite(power) | (fall == 0.0)
        found |= np.isinf(ends[0]) & (ends[0] == ends[1]) & (growth == np.inf) & slow
    return found


def _declared(law: Distribution, tail: Tail) -> tuple[Any, Any]:
    """Return the power and the growth of a tail at a distribution's parameters, or NaN."""
    values: dict[str, Any] = {**{name: law[name] for name in law.parameters}, "inf": np.inf}
    power, growth = (
        Expression(text).value(values) if text else np.nan for text in (tail.power, tail.growth)
    )
    return power, growth


def _flat(distribution: Distribution, shape: tuple[int, ...]) -> dict[str, Array]:
    """Return the parameters' values, one per element of the batch."""
    values = zip(distribution.parameters.items(), distribution._theta, strict=True)
    return {
        name: np.broadcast_to(value, shape + parameter.event(value)).reshape(
            -1, *parameter.event(value)
        )
        for (name, parameter), value in values
    }


def _sides(p: Distribution) -> Iterator[tuple[Array, Array]]:
    """Yield points along each tail, outwards, and log(p dy) there; columns are elements."""
    low, high = p.support
    if isinstance(p._support, Integers):
        if np.all(high == np.inf):
            reach = np.abs(p.mean) + np.sqrt(p.variance)
            yield _outwards(p, low, 1.0, reach)
        return
    assert isinstance(p, Reparameterized)
    below, middle, above = p.icdf(np.array([[0.25], [0.5], [0.75]]))
    for end, other, sign in ((high, low, 1.0), (low, high, -1.0)):
        # an endpoint may be infinite, or 0, for some elements of a batch alone
        if np.any(endless := np.isinf(end)):
            bounded = np.all(np.isfinite(other))
            centre = other if bounded else middle
            reach = np.abs(middle - other) if bounded else above - below
            y, log_mass = _outwards(p, centre, sign, reach)
            yield y, np.where(endless, log_mass, -np.inf)
        if np.any(nought := end == 0.0):
            start = np.maximum(_logarithm(np.abs(middle)), _START)
            distance = np.exp(np.linspace(start, _LEAST, _POINTS))
            y = -sign * distance
            yield y, np.where(nought, p.log_prob(y) + np.log(distance), -np.inf)


def _outwards(p: Distribution, centre: Array, sign: float, reach: Array) -> tuple[Array, Array]:
    """Return points away from a centre, the first as far as `reach`, and log(p dy) there."""
    distance = np.exp(np.linspace(_logarithm(reach), _GREATEST, _POINTS))
    y = centre + sign * distance
    if isinstance(p._support, Integers):
        y = np.floor(y)
    return y, p.log_prob(y) + np.log(distance)


def _logarithm(distance: Array) -> Array:
    """Return the logarithm of a distance that may have got lost in rounding: of 1 then."""
    return np.log(np.where((distance > 0.0) & (distance < np.inf), distance, 1.0))


def _diverges(term: Array, power: float, log_mass: Array) -> NDArray[np.bool_]:
    """Whether E_p[|t|ᵏ] is infinite, given t at points along a tail, the first axis."""
    log_mass = np.broadcast_to(aligned(log_mass, term.shape[log_mass.ndim :]), term.shape)
    known = np.isfinite(term) & np.isfinite(log_mass)
    last = _POINTS - 1 - np.argmax(known[::-1], axis=0)
    step = np.maximum(last // _STEPS, 1)

    def at(array: NDArray[Any], steps: int) -> Any:
        rows = np.maximum(last - steps * step, 0)[np.newaxis]
        return np.take_along_axis(array, rows, axis=0)[0]

    usable = at(known, 0) & at(known, 1) & at(known, 2) & (last >= 2)
    rise, before = (np.abs(at(term, k) - at(term, k + 1)) for k in (0, 1))
    usable &= rise > _NOISE * np.abs(at(term, 0))
    usable &= rise > _ROUNDING * np.abs(at(log_mass, 0))
    growth, fall = np.log(rise / before), at(log_mass, 1) - at(log_mass, 0)
    return np.asarray(usable & (fall > 0.0) & (power * growth >= (1.0 - _SLACK) * fall))
