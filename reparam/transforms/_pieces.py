"""Integrals of densities, and of scores, over parts of a support: by Gauss-Legendre rules.

Nodes are in the logarithm of the distance from the nearer finite endpoint of the support, and each
part is split where the density is smooth in pieces only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.base.reparameterized import Reparameterized
from reparam.transforms._rows import by_number, some_rows

__all__ = ["integrals", "rule"]

#: Nodes of a piece: a density with some of the tail in front of it is smooth enough for this many.
_NODES = 24


def integrals(
    base: Reparameterized,
    theta: tuple[Any, ...],
    x: Array,
    y: Array,
    joints: Sequence[Array],
    less: Sequence[Array] = (),
    log_unit: Array | None = None,
) -> list[Array]:
    """Return ∫ p dt over (x, y), one per row; or for each number of θ that of ∫ (s − less) p dt.

    Parameters
    ----------
    base, theta
        The distribution, and its parameters: each one for all rows, or one per row.
    x, y
        The endpoints, one per row.
    joints
        Where the density is not smooth, each one per row.
    less
        For each number what is subtracted from the score s, one per row, if that is wanted.
    log_unit
        The logarithm of what densities are relative to, one per row: 1 if left out.
    """
    if not joints:
        return _of_pieces(base, theta, x, y, less, log_unit)
    edges = np.sort(np.clip(np.stack([x, *joints, y], axis=1), x[:, None], y[:, None]), axis=1)
    rows, place = np.nonzero(edges[:, :-1] < edges[:, 1:])
    found = _of_pieces(
        base,
        some_rows(base, theta, rows, x.size),
        edges[rows, place],
        edges[rows, place + 1],
        [mean[rows] for mean in less],
        None if log_unit is None else log_unit[rows],
    )
    return [np.asarray(np.bincount(rows, part, x.size), np.float64) for part in found]


def _of_pieces(
    base: Reparameterized,
    theta: tuple[Any, ...],
    x: Array,
    y: Array,
    less: Sequence[Array],
    log_unit: Array | None,
) -> list[Array]:
    """Return the same where the density is smooth."""
    share, weight = rule()
    first, last = base._ends(*theta)
    up = (first > -np.inf) & (x - first <= last - y)
    down = (last < np.inf) & ~up
    start, width = np.where(down, y, x), np.where(down, x - y, y - x)
    apart = np.select([up, down], [x - first, y - last], 1.0)
    growth = np.log1p(width / apart)[:, np.newaxis]
    start, width, apart = (each[:, np.newaxis] for each in (start, width, apart))
    curved = (up | down)[:, np.newaxis]
    t = start + np.where(curved, apart * np.expm1(share * growth), share * width)
    speed = np.abs(np.where(curved, apart * np.exp(share * growth) * growth, width))
    at_nodes = some_rows(base, theta, np.arange(x.size), x.size, len(share))
    log_density = np.reshape(base._log_prob(t.ravel(), *at_nodes), t.shape)
    if log_unit is not None:
        log_density = log_density - log_unit[:, np.newaxis]
    density = np.exp(log_density) * speed * weight
    if not less:
        return [density.sum(axis=1)]
    scores = by_number(base, at_nodes, base._score(t.ravel(), *at_nodes))
    return [
        ((np.broadcast_to(s, t.size).reshape(t.shape) - mean[:, np.newaxis]) * density).sum(1)
        for s, mean in zip(scores, less, strict=True)
    ]


@cache
def rule() -> tuple[Array, Array]:
    """Return nodes and weights on (0, 1)."""
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    return 0.5 * (1.0 + node), 0.5 * weight
