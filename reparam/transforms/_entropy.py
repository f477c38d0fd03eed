"""Entropies of weighted sums of distributions."""

from __future__ import annotations

from functools import cache

import numpy as np

from reparam._typing import Array
from reparam.transforms._blend import Blend

__all__ = ["entropy"]

#: Tails at which the integral over a component is split: by factors of 4, between which a
#: logarithm is smooth enough for the nodes, down to where nothing counts any more.
_LADDER = 0.5 * 4.0 ** -np.arange(33.0)
#: Tails of the other components at whose quantiles it is split, too.
_OTHERS = _LADDER[[0, 1, 2, 3, 4, 6, 8, 11, 14, 18, 24]]
#: Nodes between two places.
_NODES = 16
#: Probability that may lie where densities are infinite, or values overflow.
_LOST = 1e-13
#: Rows that are integrated together, which bounds memory.
_TOGETHER = 32


def entropy(blend: Blend, count: int) -> Array:
    """Return −Σ_k π_k ∫ p_k ln p of this many rows: NaN where values round to an infinite density.

    Each integral is over the quantiles of its component, by Gauss-Legendre rules between places
    that lie at fixed tails of it, and at the quantiles and the endpoints of the other components.
    """
    found = np.empty(count)
    for start in range(0, count, _TOGETHER):
        rows = np.arange(start, min(start + _TOGETHER, count))
        found[rows] = _entropies(blend.some(rows, count), rows.size)
    return found


def _entropies(blend: Blend, count: int) -> Array:
    places = [_places(blend, k, count) for k in range(len(blend.components))]
    found, lost = np.zeros(count), np.zeros(count)
    everyone = np.arange(count)
    for k, share in enumerate(blend.shares):
        others = [place for j, own in enumerate(places) if j != k for place in own]
        for upper in (False, True):
            tails, weight = _nodes(blend, k, others, upper, count)
            rows, flat = np.repeat(everyone, tails.shape[1]), tails.ravel()
            rest = 1.0 - flat
            u, v = (rest, flat) if upper else (flat, rest)
            y = blend.quantile_of(k, u, v, rows, count)
            log = blend.some(rows, count).densities(y).log.reshape(tails.shape)
            finite = np.isfinite(log)
            found -= share * (np.where(finite, log, 0.0) * weight).sum(axis=1)
            lost += share * np.where(finite, 0.0, weight).sum(axis=1)
    return np.where(lost < _LOST, found, np.nan)


def _places(blend: Blend, k: int, count: int) -> list[Array]:
    """Return where a component changes: quantiles of it, and its endpoints, one per row."""
    rows = np.arange(count)
    ends = blend.components[k]._ends(*blend.theta[k])
    places = [np.broadcast_to(end, count) for end in ends]
    for tail in _OTHERS:
        near, far = np.full(count, tail), np.full(count, 1.0 - tail)
        places.append(blend.quantile_of(k, near, far, rows, count))
        places.append(blend.quantile_of(k, far, near, rows, count))
    return places


def _nodes(
    blend: Blend, k: int, others: list[Array], upper: bool, count: int
) -> tuple[Array, Array]:
    """Return tails of a component, and weights, a row of them per row."""
    name, outside = ("_sf", (1.0, 0.0)) if upper else ("_cdf", (0.0, 1.0))
    at = [blend.of(k, name, outside, place) for place in others]
    whole = [np.broadcast_to(tail, count) for tail in (*_LADDER, *at)]
    edges = np.sort(np.clip(np.stack(whole, axis=1), _LADDER[-1], _LADDER[0]), axis=1)
    node, weight = _rule()
    width = np.diff(edges, axis=1)[..., np.newaxis]
    tails = edges[:, :-1, np.newaxis] + width * node
    return tails.reshape(count, -1), (width * weight).reshape(count, -1)


@cache
def _rule() -> tuple[Array, Array]:
    """Return nodes and weights on (0, 1)."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (1.0 + node), 0.5 * weight
