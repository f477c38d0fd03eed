"""A stream of records: named columns of equal shape, in blocks, each read once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.errors import InputError, did_you_mean
from reparam.formats.origin import Origin

__all__ = [
    "DIMENSIONS",
    "TEXT_ROWS",
    "Block",
    "NoColumnError",
    "Records",
    "exact",
    "pick",
    "real",
    "shortened",
]

#: Rows that become text at a time: Python's numbers and strings take 30 times a float's memory.
TEXT_ROWS = 2**14

#: How many columns' names a message lists, and among how many it looks for a similar one.
_SHOWN, _SHOWN_OF = 20, 1000

#: How many characters of a number a message shows.
_DIGITS = 24

#: Dimensions of an array that broadcasts in all of NumPy.
DIMENSIONS = 32

Block = Mapping[str, NDArray[Any]]


class NoColumnError(InputError):
    """A file has no column of that name."""


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
    origin
        What the draws are from, for the formats that keep it.
    """

    columns: Mapping[str, np.dtype[Any]]
    shape: tuple[int, ...]
    blocks: Iterator[Block]
    first: int = 0
    origin: Origin | None = None

    @property
    def elements(self) -> int:
        """How many numbers a column holds."""
        return math.prod(self.shape)

    @property
    def row_columns(self) -> dict[str, np.dtype[Any]]:
        """Columns of a flat table: with a batch, each row has the numbers of draw and element."""
        index = {"draw": np.dtype(np.int64), "element": np.dtype(np.int64)}
        return {**(index if len(self.shape) > 1 else {}), **self.columns}

    def rows(self, most: int | None = None) -> Iterator[list[NDArray[Any]]]:
        """Yield the flat table's columns, block by block, at most ``most`` rows at a time."""
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


def pick(available: Sequence[str], wanted: Sequence[str], exact: bool = False) -> str:
    """Return the first wanted name that is available, or the only one there is.

    Parameters
    ----------
    available
        The names of all columns.
    wanted
        The names to look for.
    exact
        Whether another name won't do, even if it is the only one.

    Raises
    ------
    InputError
        If there is no such column, or there are two.
    """
    name = next((name for name in wanted if name in available), None)
    if name is None and len(available) == 1 and not exact:
        return available[0]
    if name is None:
        near = [name for name in available[:_SHOWN_OF] if len(name) <= _SHOWN_OF]
        raise NoColumnError(
            f"no column is called {wanted[0]!r}{did_you_mean(wanted[0], near)}"
            f" (there are {_enumerated(available)}); choose one with @FILE:COLUMN"
        )
    if available.count(name) > 1:
        raise InputError(f"two columns are called {name!r}; give one another name")
    return name


def _enumerated(names: Sequence[str]) -> str:
    """Return names with commas between: the first ones, if there are many."""
    more = len(names) - _SHOWN
    shown = ", ".join(names[:_SHOWN] if more > 0 else names) or "none"
    return f"{shown}, and {more} more" if more > 0 else shown


def shortened(number: str) -> str:
    """Return a number's text for a message: its first digits, if it is long."""
    many = len(number) > _DIGITS
    return f"{number[:_DIGITS]}… ({len(number)} characters)" if many else number


def real(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array that was read, if it is one of real numbers."""
    if array.dtype.kind not in "fiu":
        raise InputError(f"it holds an array of type {array.dtype}, not of real numbers")
    if array.ndim > DIMENSIONS:
        raise InputError(f"its array has {array.ndim} dimensions; at most {DIMENSIONS} are usable")
    return array
