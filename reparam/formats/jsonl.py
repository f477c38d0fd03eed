"""JSON lines: one object an element; every float round-trips.

JSON has no infinities and no NaN: they are the strings "Infinity", "-Infinity" and "NaN", which
``float`` understands.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.records import TEXT_ROWS, Records, exact, pick

__all__ = ["minimum_size", "read", "write"]

_NON_FINITE = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def write(records: Records, out: BinaryIO) -> None:
    """Write one object an element."""
    line = ", ".join(f'"{name}": %s' for name in records.row_columns)
    for block in records.rows(TEXT_ROWS):
        rows = zip(*map(_cells, block), strict=True)
        out.write("".join(f"{{{line % row}}}\n" for row in rows).encode())


def _cells(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind in "Ub":
        return [json.dumps(value, ensure_ascii=False) for value in column.tolist()]
    cells = exact(column)
    if column.dtype.kind == "f":
        for k in np.flatnonzero(~np.isfinite(column)):
            cells[k] = _NON_FINITE[str(column[k])]
    return cells


def minimum_size(records: Records) -> int:
    """Return what the names, quotes, colons and separators take, and a digit a value."""
    return records.elements * sum(len(name) + 6 for name in records.columns)


def read(source: BinaryIO, columns: tuple[str, ...]) -> Array:
    """Return a column by name."""
    return np.fromiter(_values(source, columns), np.float64)


def _values(source: BinaryIO, columns: tuple[str, ...]) -> Iterator[float]:
    name = ""
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        try:
            record = dict(json.loads(line))
            name = name or pick(list(record), columns)
            value = float(record[name])
        except InputError:
            raise
        except (ValueError, KeyError, TypeError):
            column = f" {name!r}" if name else ""
            raise InputError(f"line {number} is not an object with a number{column}") from None
        yield value
