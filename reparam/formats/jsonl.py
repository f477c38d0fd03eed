"""JSON lines: one object an element; every float round-trips.

JSON has no infinities and no NaN: they are the strings "Infinity", "-Infinity" and "NaN", which
``float`` understands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.csv import cell_format
from reparam.formats.records import TEXT_ROWS, Records, pick

__all__ = ["minimum_size", "read", "write"]


def write(records: Records, out: BinaryIO) -> None:
    """Write one object an element."""
    columns = records.row_columns
    for block in records.rows(TEXT_ROWS):
        cells = [
            _cells(column, dtype) for column, dtype in zip(block, columns.values(), strict=True)
        ]
        line = ", ".join(f'"{name}": %s' for name in columns)
        out.write("".join(f"{{{line % row}}}\n" for row in zip(*cells, strict=True)).encode())


def _cells(column: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> list[str]:
    if dtype.kind != "f":
        return [json.dumps(value, ensure_ascii=False) for value in column.tolist()]
    template = cell_format(dtype)
    return [
        template % value if math.isfinite(value) else f'"{_non_finite(value)}"'
        for value in column.tolist()
    ]


def _non_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


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
