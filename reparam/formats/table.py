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


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and one line an element; the first block sets the columns' widths."""
    columns = records.row_columns
    digits = _digits(len(columns))
    align = ["" if dtype.kind in "fi" else "-" for dtype in columns.values()]
    line = ""
    for block in records.rows(TEXT_ROWS):
        cells = [_cells(column, digits) for column in block]
        if not line:
            line = _line(
                align, [[name, *column] for name, column in zip(columns, cells, strict=True)]
            )
            out.write((line % tuple(columns)).encode())
        out.write("".join(line % row for row in zip(*cells, strict=True)).encode())
    if not line:
        out.write((_line(align, [[name] for name in columns]) % tuple(columns)).encode())


def _line(align: list[str], cells: list[list[str]]) -> str:
    """Return the %-format of a line as wide as the widest cell of each column."""
    widths = [max(map(len, column)) for column in cells]
    if align[-1]:
        widths[-1] = 0  # no spaces at the end of a line
    return _GAP.join(f"%{a}{w}s" for a, w in zip(align, widths, strict=True)) + "\n"


def _digits(columns: int) -> int:
    """Return how many digits leave room for sign, point and a short exponent."""
    width = shutil.get_terminal_size((80, 24)).columns
    return max(3, min(10, width // columns - len(_GAP) - 5))


def _cells(column: NDArray[Any], digits: int) -> list[str]:
    if column.dtype.kind != "f":
        return [str(value) for value in column.tolist()]
    return [f"{value:.{digits}g}" for value in column.tolist()]


def minimum_size(records: Records) -> int:
    """Return two bytes a cell."""
    return 2 * records.elements * len(records.columns)


def read(source: BinaryIO, columns: tuple[str, ...]) -> Array:
    """Refuse: a table is rounded."""
    raise InputError("a table is for reading by people; use csv, jsonl, npy, npz or parquet")
