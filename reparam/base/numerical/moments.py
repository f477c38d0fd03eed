"""Mean, variance and entropy by quadrature: over u where the support ends, over y where it doesn't.

Quantiles keep what densities lose next to an endpoint of the support, where they may be infinite;
and densities keep what quantiles lose in tails that have no end. Where a tail falls like a power,
|y|^(−α−1), the power decides whether a moment is finite, and the rest of the integral is known.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.base.numerical.tails import FAR, beyond, half_line, scale_of, unit

__all__ = ["Half", "moments"]

Function = Callable[[Array], Any]
Mask = NDArray[np.bool_]

#: Distributions that are integrated together, which bounds memory.
_TOGETHER = 1024

#: Steps of the quadrature, and the differences between two that end it, and that it can't end at.
_STEPS = tuple(2.0**-k for k in range(3, 9))
_GOOD, _BAD = 1e-10, 1e-6

#: Probability beyond which an endless tail is integrated over y.
_TAIL = 0.02

#: A tail is a power if its exponent changes by less between two far places.
_STEADY = 1e-6

#: What may be left out of an integral whose rest is unknown, relative to it.
_REST = 1e-9

#: How far the logarithm of an integrand falls until the sum of a power's rest is cut off.
_DECAYED = 36.0

#: Probability that may lie next to an endpoint, closer than floating-point numbers are.
_HIDDEN = 1e-9


class Half(NamedTuple):
    """Half of the probability of some distributions: from the median to an endpoint."""

    #: Of probabilities towards that endpoint, in rows of nodes.
    quantile: Function
    #: Of rows of numbers x.
    log_prob: Function
    #: The medians, one per distribution, and the endpoints of the supports.
    middle: Array
    ends: tuple[Array, Array]
    #: −1 if the half is the lower one of these numbers, and 1 if it is the upper one.
    sign: float
    #: The distribution's own values are start + direction · x: x may be the distance from an end.
    start: float = 0.0
    direction: float = 1.0


class _Part(NamedTuple):
    """Integrals over half of the probability, of (y − m)ᵏ p and −p log p; and their failures."""

    first: Array
    second: Array
    entropy: Array
    #: Whether the first, and the second, is infinite.
    infinite: tuple[Mask, Mask]


def moments(halves: Callable[[Any], tuple[Half, Half]], count: int) -> tuple[Array, Array, Array]:
    """Return mean, variance and entropy: NaN where they can't be found.

    Steps of the quadrature are halved until two of them agree.

    Parameters
    ----------
    halves
        From the numbers of some distributions to the lower and the upper half of their probability.
    count
        How many distributions there are.
    """
    if count > _TOGETHER:
        pieces = []
        for start in range(0, count, _TOGETHER):
            rows = np.arange(start, min(start + _TOGETHER, count))
            pieces.append(moments(partial(_among, halves, rows), rows.size))
        mean, variance, entropy = map(np.concatenate, zip(*pieces, strict=True))
        return mean, variance, entropy
    best = np.full((3, count), np.nan)
    uncertainty = np.full(best.shape, np.inf)
    rest = np.arange(count)
    before: Array | None = None
    for step in _STEPS:
        found = np.stack(_by_step(*halves(rest), step))
        if before is not None:
            same = (found == before) | (np.isnan(found) & np.isnan(before))
            spread = np.where(np.isfinite(found[1]), np.sqrt(found[1]), np.abs(found[0]))
            scale = np.stack([spread, found[1], np.maximum(np.abs(found[2]), 1.0)])
            with np.errstate(all="ignore"):
                error = np.where(same, 0.0, np.abs(found - before) / scale)
            uncertainty[:, rest] = error = np.where(np.isnan(error), np.inf, error)
            unsettled = np.any(error > _GOOD, axis=0)
        else:
            unsettled = np.ones(rest.size, np.bool_)
        best[:, rest] = found
        rest, before = rest[unsettled], found[:, unsettled]
        if not rest.size:
            break
    mean, variance, entropy = np.where(uncertainty > _BAD, np.nan, best)
    return mean, variance, entropy


def _among(halves: Callable[[Any], Any], rows: Any, few: Any) -> Any:
    """Return the halves of a few among some rows."""
    return halves(rows[few])


def _by_step(lower: Half, upper: Half, step: float) -> tuple[Array, Array, Array]:
    """Return mean, variance and entropy as quadrature of one step has them."""
    below, above = _integrals(lower, step), _integrals(upper, step)
    (down, down_squares), (up, up_squares) = below.infinite, above.infinite
    shift = lower.direction * below.first + upper.direction * above.first
    mean = lower.start + lower.direction * lower.middle + shift
    variance = below.second + above.second - shift * shift
    mean = np.where(down, np.where(up, np.nan, -np.inf), np.where(up, np.inf, mean))
    variance = np.where(down_squares | up_squares, np.inf, variance)
    variance = np.where(np.isnan(mean), np.nan, np.where(np.isinf(mean), np.inf, variance))
    entropy = below.entropy + above.entropy
    return mean, variance, np.where(np.isfinite(entropy), entropy, np.nan)


def _integrals(half: Half, step: float) -> _Part:
    """Return the integrals from the median to one endpoint of the support."""
    quantile, log_prob, middle, (low, high), sign, *_ = half
    endless = np.isinf(high if sign > 0.0 else low)[..., np.newaxis]
    first = np.where(endless, _TAIL, 0.0)
    w, weight = unit(step)
    y = quantile(first + (0.5 - first) * w)
    weight = (0.5 - first) * weight
    from_middle = y - middle[..., np.newaxis]
    at = (low[..., np.newaxis], high[..., np.newaxis])
    inner = np.nextafter(at[0], np.inf), np.nextafter(at[1], -np.inf)
    log_p = log_prob(np.clip(y, *inner))
    # next to an endpoint, a formula may round to its infinite limit
    unseen = (y <= inner[0]) | (y >= inner[1]) | np.isinf(log_p)
    hidden = (weight * unseen).sum(-1)
    log_p = np.where(np.isinf(log_p), 0.0, log_p)
    part = _Part(
        (from_middle * weight).sum(-1),
        (from_middle**2 * weight).sum(-1),
        np.where(hidden > _HIDDEN, np.nan, -(log_p * weight).sum(-1)),
        (np.zeros(low.shape, np.bool_), np.zeros(low.shape, np.bool_)),
    )
    if not np.any(endless):
        return part
    tail = _tail(quantile(np.full(endless.shape, _TAIL))[..., 0], log_prob, middle, sign, step)
    there = endless[..., 0]
    first, second, entropy = (
        own + np.where(there, more, 0.0) for own, more in zip(part[:3], tail[:3], strict=True)
    )
    once, twice = tail.infinite
    return _Part(first, second, entropy, (there & once, there & twice))


def _tail(start: Array, log_prob: Function, middle: Array, sign: float, step: float) -> _Part:
    """Return the integrals over a tail without end."""
    scale = scale_of(start, log_prob, sign)[..., np.newaxis]
    w, weight = half_line(step)
    y = start[..., np.newaxis] + sign * scale * w
    log_p = log_prob(y)
    density = np.exp(np.where(np.isnan(log_p), -np.inf, log_p))
    mass = density * scale * weight
    surprise = np.where(density > 0.0, -log_p * mass, 0.0).sum(-1)
    power, steady, last, reach = _power(start, log_prob, scale[..., 0], sign)
    log_w, slope = beyond(step)
    alpha = np.where(steady, power, 1.0)[..., np.newaxis]
    log_mass = (last + np.log(reach))[..., np.newaxis] - alpha * log_w
    unknown = ~steady & (power < np.inf)  # how the tail goes on
    sums, infinite = [], []
    for k in (1, 2):
        distance = sign * (y - middle[..., np.newaxis])
        total = np.where(mass > 0.0, distance**k * mass, 0.0).sum(-1)
        logs = log_mass + k * (log_w + np.log(reach)[..., np.newaxis])
        rest = (np.exp(np.minimum(logs, 700.0)) * slope).sum(-1)
        left = reach ** (k + 1) * np.exp(last)
        slow = steady & (power > k) & ((power - k) * log_w[-1] < _DECAYED)
        undecided = unknown | slow | (~steady & (left > _REST * total))
        total = np.where(undecided, np.nan, total + np.where(steady, rest, 0.0))
        sums.append(sign**k * total)
        infinite.append(power <= k)
    surprises = ((alpha + 1.0) * log_w - last[..., np.newaxis]) * np.exp(log_mass)
    rest = np.where(steady, (surprises * slope).sum(-1), 0.0)
    lost = unknown | (~steady & (reach * np.exp(last) * (1.0 - last) > _REST))
    return _Part(
        sums[0], sums[1], np.where(lost, np.nan, surprise + rest), (infinite[0], infinite[1])
    )


def _power(
    start: Array, log_prob: Function, scale: Array, sign: float
) -> tuple[Array, Mask, Array, Array]:
    """Return α of a tail |y|^(−α−1), whether it is one, its last log density, and its reach."""
    places = FAR ** np.array([0.5, 0.75, 1.0])
    reach = scale[..., np.newaxis] * places
    log_p = log_prob(start[..., np.newaxis] + sign * reach)
    log_p = np.where(np.isnan(log_p), -np.inf, log_p)
    gone = np.exp(log_p[..., 2]) == 0.0
    with np.errstate(all="ignore"):
        powers = -np.diff(log_p, axis=-1) / np.diff(np.log(places)) - 1.0
        steady = np.abs(powers[..., 1] - powers[..., 0]) < _STEADY
    growing = powers[..., 1] - powers[..., 0] >= _STEADY
    power = np.where(gone | growing, np.inf, powers[..., 1])
    return power, steady & ~gone, np.where(gone, -np.inf, log_p[..., 2]), reach[..., 2]
