"""A stream of records: named columns of equal shape, in blocks, each read once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError, did_you_mean

__all__ = ["TEXT_ROWS", "Block", "Records", "exact", "pick", "real"]

#: Rows that become text at a time: Python's numbers and strings take 30 times a float's memory.
TEXT_ROWS = 2**14

Block = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Records:
    """Columns of numbers, streamed.

    Attributes
    ----------
    columns
        Each column's type, by name.
    shape
        The shape of a whole column: the number of draws, then the batch shape.
    blocks
        The columns' pieces, in order; each piece has the shape (draws, *batch shape).
    first
        The number of the first draw.
    """

    columns: Mapping[str, np.dtype[Any]]
    shape: tuple[int, ...]
    blocks: Iterator[Block]
    first: int = 0

    @property
    def elements(self) -> int:
        """How many numbers a column holds."""
        return math.prod(self.shape)

    @property
    def row_columns(self) -> dict[str, np.dtype[Any]]:
        """The columns of a flat table: with a batch, each row says which draw and element it is."""
        index = {"draw": np.dtype(np.int64), "element": np.dtype(np.int64)}
        return {**(index if len(self.shape) > 1 else {}), **self.columns}

    def rows(self, most: int | None = None) -> Iterator[list[NDArray[Any]]]:
        """Yield the flat table's columns, block by block, at most so many rows at a time."""
        batch, start = math.prod(self.shape[1:]), self.first * math.prod(self.shape[1:])
        for block in self.blocks:
            flat = [column.ravel() for column in block.values()]
            step = most or len(flat[0]) or 1
            for k in range(0, len(flat[0]), step):
                piece = [column[k : k + step] for column in flat]
                if len(self.shape) > 1:
                    number = np.arange(start + k, start + k + len(piece[0]))
                    piece = [number // batch, number % batch, *piece]
                yield piece
            start += len(flat[0])


def exact(column: NDArray[Any]) -> list[Any]:
    """Return numbers that ``str`` makes the shortest texts of from which they can be read back."""
    # Python's floats are doubles: a float32 has fewer digits to itself
    return list(map(str, column)) if column.dtype == np.float32 else column.tolist()


def pick(available: Sequence[str], wanted: Sequence[str]) -> str:
    """Return the first wanted name that is available, or the only one there is."""
    for name in wanted:
        if name in available:
            return name
    if len(available) == 1:
        return available[0]
    raise InputError(
        f"no column is called {wanted[0]!r}{did_you_mean(wanted[0], available)}"
        f" (there are {', '.join(available)}); choose one with @FILE:COLUMN"
    )


def real(array: NDArray[Any]) -> Array:
    """Return an array that was read, if it is one of real numbers."""
    if array.dtype.kind not in "fiu":
        raise InputError(f"it holds an array of type {array.dtype}, not of real numbers")
    return array
