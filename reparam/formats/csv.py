"""Comma-separated values: a header, then one row per element; every float round-trips."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from csv import Error as CSVError
from csv import reader
from itertools import chain, islice
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.lines import Lines, opened
from reparam.formats.records import TEXT_ROWS, NoColumnError, Records, exact, pick, shortened

__all__ = ["minimum_size", "read", "write"]


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and one row per element; one format per block is the fastest way there is."""
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


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> Array:
    """Return a column by name; without a header, all numbers."""
    start = source.tell()
    with opened(source) as lines:
        array, delimiter, wanted = _read(lines, columns, exact)
    if np.isinf(array).any():
        source.seek(start)
        with opened(source) as lines:
            _check_range(lines, delimiter, wanted)
    return array


def _check_range(lines: Lines, delimiter: str | None, wanted: int | None) -> None:
    """Raise an error if a number that is read is infinite, and its text isn't."""
    for line in lines:
        cells = _cells(line, delimiter)
        for text in map(str.strip, cells if wanted is None else cells[wanted : wanted + 1]):
            if _is_number(text) and math.isinf(float(text)) and "inf" not in text.lower():
                raise InputError(
                    f"line {lines.number}: {shortened(text)} is beyond the range of float64; write"
                    " inf if that is meant"
                )


def _read(
    lines: Lines, columns: tuple[str, ...], exact: bool
) -> tuple[Array, str | None, int | None]:
    """Return the numbers, what separates cells, and the place of the column, if there is one."""
    head = [(lines.number, line) for line in islice(lines, 2)]
    if not head:
        raise InputError("there are no numbers in it")
    first = head[0][1].lstrip("# ")  # as np.savetxt writes
    delimiter = _delimiter(first, *(line for _, line in head[1:]))
    header = [cell.strip() for cell in _cells(first, delimiter)]
    wanted = None
    if not all(map(_is_number, header)):
        wanted = _column(header, columns, exact)
        if len(head) == 1 and header[wanted] not in columns:
            raise InputError(
                f"its only line, {first.strip()!r}, is neither a number, nor several with commas"
                f" between, nor {columns[0]!r}, the name of a column"
            )
        del head[0]
    elif exact:
        raise NoColumnError(f"it has no header, so no column is called {columns[0]!r}; give it one")
    if not head:
        return np.empty(0), delimiter, wanted
    rows = _Rows(head, lines, delimiter, len(header))
    try:
        array = np.loadtxt(
            rows, delimiter=delimiter, comments=None, quotechar='"', usecols=wanted, ndmin=1
        )
    except (InputError, UnicodeDecodeError):
        raise
    except ValueError as error:
        problem = str(error).partition(" at row")[0]
        raise InputError(f"line {rows.number}: {problem}") from None
    return array, delimiter, wanted


def _delimiter(first: str, second: str | None = None) -> str | None:
    """Return what separates the cells of these lines: None for spaces.

    It cuts both into as many cells; one line alone shows nothing, and has commas.
    """
    if second is None:
        return ","

    def cuts(delimiter: str | None) -> bool:
        if delimiter is not None and delimiter not in first:
            return False
        return 1 < len(_cells(first, delimiter)) == len(_cells(second, delimiter))

    marks = [mark for mark in ",;" if cuts(mark)]
    if len(marks) == 2:
        raise InputError(
            "either ',' or ';' may separate its columns; write commas between columns, and numbers"
            " with a point"
        )
    if marks:
        return marks[0]
    if cuts("\t"):
        return "\t"
    return "," if re.search("[,;]", first + second) or not cuts(None) else None


def _cells(line: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        return line.split()
    try:
        return next(reader([line], delimiter=delimiter))
    except CSVError as error:
        raise InputError(f"its first lines are not a table ({error})") from None


def _column(header: list[str], columns: tuple[str, ...], exact: bool) -> int:
    """Return the place of the wanted column; what looks like a number is the name of none."""
    name = pick(header, columns, exact)
    if name not in columns and re.match(r"[-+]?\.?[0-9]", name):
        raise InputError(
            f"line 1: {name!r} is not a number; write decimal digits with a point, and commas"
            " between numbers"
        )
    return header.index(name)


class _Rows:
    """The lines below a header, each of as many cells, and the number of the last one."""

    def __init__(
        self, head: list[tuple[int, str]], lines: Lines, delimiter: str | None, width: int
    ) -> None:
        self._numbered = chain(head, ((lines.number, line) for line in lines))
        self._delimiter, self._width = delimiter, width
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.number, line = next(self._numbered)
        mark = self._delimiter
        plain = '"' not in line  # by far the fastest
        width = line.count(mark) + 1 if mark and plain else len(_cells(line, mark))
        if width != self._width:
            raise InputError(
                f"line {self.number} and the first differ in their number of cells,"
                f" {width} and {self._width}"
            )
        return line


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
