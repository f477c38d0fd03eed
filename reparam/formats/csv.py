"""Comma-separated values: a header, then one row an element; every float round-trips."""

from __future__ import annotations

import re
from codecs import iterdecode
from collections.abc import Iterator
from csv import reader
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
    lines = _Lines(source)
    start = next(lines, None)
    if start is None:
        raise InputError("there are no numbers in it")
    header = [cell.strip() for cell in next(reader([start.lstrip("# ")]))]  # as np.savetxt writes
    wanted = None
    if not all(map(_is_number, header)):
        wanted = header.index(pick(header, columns))
        start = next(lines, None)
    if start is None:
        return np.empty(0)
    rows = chain([start], lines)
    try:
        return np.loadtxt(
            rows, delimiter=",", comments=None, quotechar='"', usecols=wanted, ndmin=1
        )
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        problem = str(error).partition(" at row")[0]
        raise InputError(f"line {lines.number}: {problem}") from None


class _Lines:
    """The lines of a text that are not blank, and the number of the last one that was read."""

    def __init__(self, source: BinaryIO) -> None:
        self._numbered = enumerate(iterdecode(source, "utf-8-sig"), start=1)
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for number, line in self._numbered:
            if line.strip():
                self.number = number
                return line
        raise StopIteration


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
