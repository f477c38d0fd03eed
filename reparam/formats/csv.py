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
from reparam.formats.records import TEXT_ROWS, Records, exact, pick

__all__ = ["minimum_size", "read", "write"]


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and one row an element; one format a block is the fastest way there is."""
    columns = records.row_columns
    out.write((",".join(columns) + "\n").encode())
    line = ",".join(["%s"] * len(columns)) + "\n"
    for block in records.rows(TEXT_ROWS):
        columns_cells = (_quoted(c) if c.dtype.kind == "U" else exact(c) for c in block)
        cells = tuple(chain.from_iterable(zip(*columns_cells, strict=True)))
        out.write((line * len(block[0]) % cells).encode())


def _quoted(column: NDArray[Any]) -> list[str]:
    """Return texts, those with a comma, quote or line break in quotes (RFC 4180)."""
    quotable = re.compile(r'[,"\r\n]')
    return [
        '"' + text.replace('"', '""') + '"' if quotable.search(text) else text
        for text in column.tolist()
    ]


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
