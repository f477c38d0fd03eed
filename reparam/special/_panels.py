"""Gauss-Legendre rules on panels, for weights that stay level before they fall."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss

from reparam._typing import Array
from reparam.special._constants import PANEL_BEFORE, PANEL_FALL, PANEL_ORDER
from reparam.special._elementwise import Rule, column

__all__ = ["FINE", "FINE_MASS", "PANEL_NODES", "on_panels", "panels"]

#: The rule of one panel, on [−1, 1].
_PANEL = leggauss(PANEL_ORDER)

#: How many nodes there are with a plateau.
PANEL_NODES = PANEL_ORDER * (len(PANEL_FALL) - 1 + len(PANEL_BEFORE))


def panels(plateau: Array, length: Array) -> tuple[Array, Array]:
    """Return nodes and weights on [0, 1], a column for each element, in units of `length`.

    They gather where the plateau ends.
    """
    end = np.clip(plateau / length, 0.0, 1.0)
    before = np.maximum(end + column(PANEL_BEFORE) / length, 0.0)
    before[0] = 0.0
    return _between(np.concatenate([before, end + column(PANEL_FALL) * (1.0 - end)]), _PANEL)


def _between(edges: Array, rule: tuple[Array, Array]) -> tuple[Array, Array]:
    """Return nodes and weights between the rows of `edges`, given those on [−1, 1]."""
    point, weight = rule
    middle, half = 0.5 * (edges[1:] + edges[:-1]), 0.5 * (edges[1:] - edges[:-1])
    nodes = middle[:, np.newaxis] + half[:, np.newaxis] * column(point)
    weights = half[:, np.newaxis] * column(weight)
    return nodes.reshape(-1, edges.shape[1]), weights.reshape(-1, edges.shape[1])


def on_panels(edges: tuple[float, ...], rule: tuple[Array, Array]) -> Rule:
    """Return a rule of [−1, 1] repeated between edges."""
    nodes, weights = _between(column(edges), rule)
    return tuple(nodes.ravel().tolist()), tuple(weights.ravel().tolist())


#: The same without a plateau: for the last bits of an integral.
FINE = on_panels(PANEL_FALL, _PANEL)
#: For the last bits of the integral of a weight that falls by e^−38, and of nothing else.
FINE_MASS = on_panels((0.0, 0.2, 0.5, 1.0), leggauss(16))
