"""Columns for people: aligned, rounded to the digits that fit the width."""

from __future__ import annotations

import shutil
from typing import Any, BinaryIO

from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.records import TEXT_ROWS, Records

__all__ = ["minimum_size", "read", "write"]

_GAP = "  "

#: Significant digits of numbers: the most that fit, and the fewest.
_MOST, _FEWEST = 10, 3


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and one line per element; the first block sets the digits and widths."""
    names = tuple(records.row_columns)
    digits, line = 0, ""
    for block in records.rows(TEXT_ROWS):
        if not line:
            digits, line = _layout(names, block)
            out.write((line % names).encode())
        cells = [_cells(column, digits) for column in block]
        out.write("".join(line % row for row in zip(*cells, strict=True)).encode())
    if not line:
        out.write((_GAP.join(names) + "\n").encode())


def _layout(names: tuple[str, ...], block: list[NDArray[Any]]) -> tuple[int, str]:
    """Return how many digits fit the terminal, and the %-format of such a line."""
    width = shutil.get_terminal_size((80, 24)).columns
    for digits in range(_MOST, _FEWEST - 1, -1):
        fields = [_field(name, values, digits) for name, values in zip(names, block, strict=True)]
        if block[-1].dtype.kind == "U":
            fields[-1] = "%s"  # no spaces at the end of a line
        line = _GAP.join(fields) + "\n"
        if len(line % names) <= width + 1:
            break
    return digits, line


def _field(name: str, column: NDArray[Any], digits: int) -> str:
    """Return the %-format of a cell: as wide as the widest, numbers to the right."""
    width = max(map(len, [name, *_cells(column, digits)]))
    return f"%{'-' if column.dtype.kind == 'U' else ''}{width}s"


def _cells(column: NDArray[Any], digits: int) -> list[str]:
    if column.dtype.kind != "f":
        return [str(value) for value in column.tolist()]
    return [f"{value:.{digits}g}" for value in column.tolist()]


def minimum_size(records: Records) -> int:
    """Return two bytes a cell."""
    return 2 * records.elements * len(records.columns)


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> Array:
    """Refuse: a table is rounded."""
    raise InputError("a table is for reading by people; use csv, json, jsonl, npy, npz or parquet")
