"""Sums of probabilities of counts, from one of them to the endpoint of the support."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from reparam._typing import Array
from reparam.base.numerical.tails import by_rows

__all__ = ["log_sum"]

#: A term from the log mass, relative to a scale.
Term: TypeAlias = Callable[[Array, Array], Array]

#: Terms that are added at a time, and one by one at each end of a sum.
_TERMS, _NEAR = 64, 512

#: A sum is complete when what is left of it, were the rest a geometric series, is less.
_REST = 1e-17

#: Nodes of Gauss & Legendre's rule in each panel of the middle, and the most panels: the last of
#: them ends beyond 2⁵⁵ × the terms that are added one by one.
_NODES, _PANELS = 20, 56

#: Rows whose middles are integrated at a time: their nodes fill a core's cache.
_ROWS = 16


def log_sum(
    first: Array,
    end: Array,
    sign: float,
    log_prob: Callable[..., Any],
    theta: Sequence[Array],
    weight: Callable[[Array], Any] = lambda _: 1.0,
) -> Array:
    """Return ln Σ p(k) over k from the first to the end: −inf where that is beyond it.

    Up to 512 terms from the first, and from the end if it is finite, are added. Between them
    Euler & Maclaurin's formula makes an integral of the sum, over panels that double away from
    both: what the fifth derivative of p there adds is below rounding, since a sum that is not
    complete after 512 terms varies slowly.

    Parameters
    ----------
    first, end
        Integers, one per row; the end may be infinite.
    sign
        1 where the end is above, −1 where it is below.
    log_prob
        The log mass, of k and θ, as an analytic function of k.
    theta
        The parameters, one number or vector per row.
    weight
        A slow function of the log mass, which weighs terms: of 1 for the sum itself.
    """

    def term(logs: Array, scale: Array) -> Array:
        return np.where(np.isfinite(logs), np.exp(logs - scale) * weight(logs), 0.0)

    result = np.full(first.shape, -np.inf)
    some = np.flatnonzero((sign * (end - first) >= 0.0) & np.isfinite(first))
    if not some.size:
        return result
    leaves = [leaf[some] for leaf in theta]
    start, stop = first[some], end[some]
    scale = _finite(by_rows(log_prob, leaves)(start[:, np.newaxis])[:, 0])
    at_stop = by_rows(log_prob, leaves)(np.where(np.isfinite(stop), stop, start)[:, np.newaxis])
    scale = np.maximum(scale, _finite(at_stop[:, 0]))  # a mass that rises towards the end
    total, done = _added(start, stop, sign, log_prob, leaves, scale, term)
    left = np.flatnonzero(~done)
    if left.size:
        few = [leaf[left] for leaf in leaves]
        total[left] += _rest(start[left], stop[left], sign, log_prob, few, scale[left], term)
    result[some] = scale + np.log(total)
    return result


def _finite(logs: Array) -> Array:
    return np.where(np.isfinite(logs), logs, 0.0)


def _added(
    start: Array,
    stop: Array,
    sign: float,
    log_prob: Callable[..., Any],
    theta: Sequence[Array],
    scale: Array,
    term: Term,
) -> tuple[Array, Any]:
    """Return the sum of up to 512 terms, relative to a scale, and whether nothing is left."""
    total, done = np.zeros(start.shape), np.zeros(start.shape, dtype=bool)
    rows = np.arange(start.size)
    for offset in range(0, _NEAR, _TERMS):
        counts = start[rows, np.newaxis] + sign * np.arange(offset, offset + _TERMS)
        within = sign * (stop[rows, np.newaxis] - counts) >= 0.0
        terms = np.zeros(within.shape)
        at, column = np.nonzero(within)
        few = [leaf[rows[at]] for leaf in theta]
        terms[at, column] = term(log_prob(counts[at, column], *few), scale[rows[at]])
        for each in terms.T:  # one by one: zeros then change nothing
            total[rows] += each
        ratio = np.where(terms[:, -2] > 0.0, terms[:, -1] / terms[:, -2], 0.0)
        rest = np.where(ratio < 1.0, terms[:, -1] * ratio / (1.0 - ratio), np.inf)
        ended = ~within[:, -1] | (np.isinf(stop[rows]) & (rest <= _REST * total[rows]))
        done[rows] = ended
        rows = rows[~ended]
        if not rows.size:
            break
    return total, done


def _rest(
    start: Array,
    stop: Array,
    sign: float,
    log_prob: Callable[..., Any],
    theta: Sequence[Array],
    scale: Array,
    term: Term,
) -> Array:
    """Return the sum of all further terms, relative to a scale."""
    low = start + sign * _NEAR
    finite = np.isfinite(stop)
    near_end = np.where(finite, np.maximum(sign * (stop - low) - (_NEAR - 1.0), 0.0), np.inf)
    high = low + sign * near_end  # the first of the terms next to the end
    result = np.zeros(start.shape)
    if np.any(finite):
        rows = np.flatnonzero(finite)
        few = [leaf[rows] for leaf in theta]
        ended = _added(high[rows], stop[rows], sign, log_prob, few, scale[rows], term)[0]
        result[rows] += ended
    for begin in range(0, start.size, _ROWS):
        piece = slice(begin, begin + _ROWS)
        few = [leaf[piece] for leaf in theta]
        args = low[piece], near_end[piece], sign, log_prob, few, scale[piece], term
        result[piece] += _middle(*args)
    return result


def _middle(
    low: Array,
    length: Array,
    sign: float,
    log_prob: Callable[..., Any],
    theta: Sequence[Array],
    scale: Array,
    term: Term,
) -> Array:
    """Return the sum of `length` terms, by an integral from −½ to that − ½."""
    mass = by_rows(log_prob, theta)
    reach = np.minimum(length, 2.0 * _NEAR * 2.0**_PANELS)[:, np.newaxis]
    half = np.where(np.isfinite(length[:, np.newaxis]), 0.5 * reach, reach)
    share = np.minimum(_edges(), half)
    first, last = share[:, :-1], share[:, 1:]
    node, weight = _rule()
    depth = first[..., np.newaxis] + (last - first)[..., np.newaxis] * node
    measure = ((last - first)[..., np.newaxis] * weight).reshape(low.size, -1)
    depth = depth.reshape(low.size, -1)
    start = low[:, np.newaxis] - 0.5 * sign

    def density(away: Array) -> Array:
        return term(mass(start + sign * away), scale[:, np.newaxis])

    total = np.sum(density(depth) * measure, axis=-1)
    finite = np.isfinite(length)
    mirrored = np.where(finite[:, np.newaxis], reach - depth, depth)
    total += np.where(finite, np.sum(density(mirrored) * measure, axis=-1), 0.0)
    total += _bend(density(np.array([_AROUND]) + np.zeros_like(reach)))
    if np.any(finite):
        ends = density(np.where(finite[:, np.newaxis], reach, 2.0) + np.array([_AROUND]))
        total -= np.where(finite, _bend(ends), 0.0)
    return np.where(length > 0.0, total, 0.0)


#: Half integers around the end of an integral.
_AROUND = (-1.5, -0.5, 0.5, 1.5)


def _bend(f: Array) -> Array:
    """Return f′/24 − 7 f‴/5760 in the middle of four values of f, each one apart."""
    first, third = f[:, 2] - f[:, 1], (f[:, 3] - f[:, 0]) - 3.0 * (f[:, 2] - f[:, 1])
    return np.asarray(first / 24.0 - 17.0 / 5760.0 * third)


@cache
def _edges() -> Array:
    """Return the edges of panels, each as wide as what lies before it: the first a few terms."""
    return np.append(0.0, (_NEAR / 8.0) * 2.0 ** np.arange(_PANELS))


@cache
def _rule() -> tuple[Array, Array]:
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (node + 1.0), 0.5 * weight
