"""Comma-separated values: a header, then one row an element; every float round-trips."""

from __future__ import annotations

import re
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.records import TEXT_ROWS, Records, pick

__all__ = ["cell_format", "minimum_size", "read", "write"]


def cell_format(dtype: np.dtype[Any]) -> str:
    """Return the %-format that writes a value so that reading it gives the same value."""
    if dtype == np.float64:
        return "%r"
    return "%.9g" if dtype == np.float32 else "%s"


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and one row an element; one format a block is the fastest way there is."""
    columns = records.row_columns
    out.write((",".join(columns) + "\n").encode())
    line = ",".join(map(cell_format, columns.values())) + "\n"
    for block in records.rows(TEXT_ROWS):
        cells = tuple(chain.from_iterable(zip(*map(_cells, block), strict=True)))
        out.write((line * len(block[0]) % cells).encode())


def _cells(column: NDArray[Any]) -> list[Any]:
    """Return the values, text with a comma or quote in it quoted (RFC 4180)."""
    values: list[Any] = column.tolist()
    if column.dtype.kind != "U":
        return values
    quotable = re.compile(r'[,"\r\n]')
    return ['"' + v.replace('"', '""') + '"' if quotable.search(v) else v for v in values]


def minimum_size(records: Records) -> int:
    """Return two bytes a cell: a digit and a comma."""
    return 2 * records.elements * len(records.columns)


def read(source: BinaryIO, columns: tuple[str, ...]) -> Array:
    """Return a column by name; without a header, all numbers."""
    header: list[str] = []
    start = source.readline()
    while start and not start.strip():
        start = source.readline()
    if not start:
        raise InputError("there are no numbers in it")
    cells = [cell.strip().strip('"') for cell in start.decode("utf-8-sig").split(",")]
    rest = source.read()
    if any(not _is_number(cell) for cell in cells):
        header, start = cells, b""
    wanted = header.index(pick(header, columns)) if header else None
    lines = (start + rest).decode().splitlines()
    if not any(line.strip() for line in lines):
        return np.empty(0)
    try:
        return np.loadtxt(lines, delimiter=",", comments=None, usecols=wanted, ndmin=1)
    except ValueError as error:
        raise InputError(str(error).split(";")[0].rstrip(".")) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
