"""Which axes values have: draws first, then ones, then the node's own axes.

Values that depend on inputs alone have only their own axes. Formulas broadcast all of these as they
are. What takes whole vectors, by contrast, needs each value's own axes next to that of draws.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reparam._typing import Array

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """The shapes of inputs and of one draw of each node.

    Attributes
    ----------
    shapes
        The shapes, by name: of a draw of vectors, with the axes of the vector.
    ranks
        How many of the last axes are those of one vector or matrix, of each distribution's draws;
        by the name of the node that draws, or takes the distribution.
    dimensions
        How many axes values have after that of draws.
    """

    shapes: Mapping[str, tuple[int, ...]]
    ranks: Mapping[str, int]
    dimensions: int

    def padded(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape with ones before it."""
        return (1,) * (self.dimensions - len(shape)) + shape

    def rows(self, name: str, value: Array) -> Array:
        """Return a value with the axis of draws, of length 1 if it depends on none, and its own."""
        shape = self.shapes[name]
        if value.ndim <= self.dimensions:
            return np.broadcast_to(value, shape)[np.newaxis]
        return value.reshape(len(value), *shape)

    def spread(self, rows: Array) -> Array:
        """Return rows with ones between the axis of draws and the others."""
        if rows.ndim > self.dimensions:
            return rows
        return rows.reshape(len(rows), *self.padded(rows.shape[1:]))

    def aligned(
        self, values: Mapping[str, Array], ranks: Sequence[tuple[str, int]], of_vectors: bool
    ) -> list[Array]:
        """Return values whose batches, all axes but the last `ranks` ones, broadcast together.

        If there are no vectors, these are the values themselves.
        """
        if not of_vectors:
            return [values[name] for name, _ in ranks]
        most = max(len(self.shapes[name]) - rank for name, rank in ranks)
        found = []
        for name, rank in ranks:
            value, shape = values[name], self.shapes[name]
            if value.ndim > self.dimensions:
                ones = (1,) * (most - len(shape) + rank)
                value = value.reshape(len(value), *ones, *shape)
            found.append(value)
        return found

    def shifted(self, array: Array, rank: int) -> Array:
        """Return an array with axes of length 1 for the entries of vectors after its own axes."""
        if not rank or not array.ndim:
            return array
        whole = array.reshape((1,) * (self.dimensions + 1 - array.ndim) + array.shape)
        return whole.reshape(len(whole), *whole.shape[1 + rank :], *(1,) * rank)
