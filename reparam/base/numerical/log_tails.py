"""Logarithms of cumulative functions, also where these underflow or round to 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.numerical.count_tails import log_sum
from reparam.base.numerical.tails import by_rows, half_line, scale_of

__all__ = ["log_of_tails", "log_tail", "log_tail_of_counts"]

Formula = Callable[..., Any]

#: Probability below which float64 has too few digits of a tail, or none.
_UNDERFLOW = 1e-290


def log_of_tails(own: Any, other: Any) -> Array:
    """Return the logarithm of a tail: from the other one, as log1p, where that is the smaller."""
    own, other = np.asarray(own), np.asarray(other)
    near_one = np.log1p(-np.minimum(other, 0.5))
    return np.asarray(np.where(other < own, near_one, np.log(own)))


def log_tail(
    y: Array,
    theta: Sequence[Array],
    tails: tuple[Formula, Formula],
    log_prob: Formula,
    end: Array,
    sign: float,
) -> Array:
    """Return ln P(Y ≤ y), or ln P(Y > y), of rows.

    Where the probability underflows the density is integrated, relative to what it is at y.

    Parameters
    ----------
    y
        Values, one per row.
    theta
        The parameters, one number or vector per row.
    tails
        The function whose logarithm is wanted, and 1 less it: formulas of y and θ.
    log_prob
        The log density, of y and θ.
    end
        The endpoint of the support that the tail reaches to, per row.
    sign
        −1 for the lower tail, 1 for the upper.
    """
    own = np.broadcast_to(tails[0](y, *theta), y.shape)
    result = log_of_tails(own, np.broadcast_to(tails[1](y, *theta), y.shape))
    far = np.flatnonzero((own < _UNDERFLOW) & np.isfinite(y))
    if far.size:
        few = by_rows(log_prob, [leaf[far] for leaf in theta])
        result[far] = _integrated(y[far], few, end[far], sign)
    return result


def _integrated(y: Array, log_prob: Callable[[Array], Array], end: Array, sign: float) -> Array:
    """Return ln ∫ p from y to the end: NaN where the density is."""
    start, last = y[:, np.newaxis], np.nextafter(end, -sign * np.inf)[:, np.newaxis]
    here = log_prob(start)
    node, weight = half_line()
    scale = scale_of(y, log_prob, sign)[:, np.newaxis]
    width = np.abs(end[:, np.newaxis] - start)
    # at a finite endpoint the half-line is mapped to what is left of the support, end − width ·
    # share
    ended = np.isfinite(width)
    ratio = np.where(ended, np.minimum(scale / width, 1.0), 1.0)
    share = 1.0 / (1.0 + ratio * node)
    inside = end[:, np.newaxis] - sign * width * share
    inside = np.where(sign * inside > sign * last, last, inside)
    t = np.where(ended, inside, start + sign * scale * node)
    measure = np.where(ended, width * ratio * share * share, scale) * weight
    relative = np.exp(log_prob(t) - here)
    integral = (np.where(np.isnan(relative), 0.0, relative) * measure).sum(axis=-1)
    logs = here[:, 0] + np.log(integral)
    logs = np.where(np.isfinite(here[:, 0]), logs, here[:, 0])
    return np.where(y == end, -np.inf, logs)


def log_tail_of_counts(
    y: Array,
    theta: Sequence[Array],
    tails: tuple[Formula, Formula],
    log_prob: Formula,
    end: Array,
    sign: float,
) -> Array:
    """Return ln P(Y ≤ y), or ln P(Y > y), of rows of integers.

    The parameters are those of :func:`log_tail`. Where the probability underflows, probabilities
    are added, relative to the first.
    """
    own = np.broadcast_to(tails[0](y, *theta), y.shape)
    result = log_of_tails(own, np.broadcast_to(tails[1](y, *theta), y.shape))
    first = y + 1.0 if sign > 0.0 else y
    far = np.flatnonzero((own < _UNDERFLOW) & np.isfinite(y))
    if far.size:
        few = [leaf[far] for leaf in theta]
        result[far] = log_sum(first[far], end[far], sign, log_prob, few)
    return result
