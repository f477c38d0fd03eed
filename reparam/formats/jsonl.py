"""JSON lines: one object per element; every float round-trips.

JSON has no infinities and no NaN: they are the strings "Infinity", "-Infinity" and "NaN", which
``float`` understands.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.lines import opened
from reparam.formats.records import TEXT_ROWS, Records, exact, pick, shortened

__all__ = ["minimum_size", "numbers", "objects", "read", "unique", "write"]

_NON_FINITE = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}
_NAMED = ("NaN", "Infinity", "-Infinity")


class _BeyondError(Exception):
    """A number is beyond the range of float64; its text is the argument."""


class _RepeatedError(Exception):
    """An object has a key twice, which is the argument."""


def write(records: Records, out: BinaryIO) -> None:
    """Write one object per element."""
    for block in objects(records):
        out.write("".join(f"{each}\n" for each in block).encode())


def objects(records: Records) -> Iterator[list[str]]:
    """Yield the texts of objects, one per element, by block."""
    line = ", ".join(f'"{name}": %s' for name in records.row_columns)
    for block in records.rows(TEXT_ROWS):
        yield [f"{{{line % row}}}" for row in zip(*map(_cells, block), strict=True)]


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


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> Array:
    """Return a column by name."""
    with opened(source) as lines:
        texts = ((f"line {lines.number}", line) for line in lines)
        return np.fromiter(numbers(texts, columns, exact), np.float64)


def numbers(
    texts: Iterable[tuple[str, Any]], columns: tuple[str, ...], exact: bool
) -> Iterator[float]:
    """Yield a column's number of each object, which is one already or its text; each has a place.

    Raises
    ------
    InputError
        If a line is not an object with such a number; the message has its place.
    """
    name = ""
    for place, text in texts:
        try:
            record = unique(text) if isinstance(text, str | bytes) else text
            if not isinstance(record, dict):
                raise TypeError
            name = name or pick(list(record), columns, exact)
            value = _number(record[name])
        except InputError:
            raise
        except RecursionError:
            raise InputError(f"{place} is nested too deeply; leave that out") from None
        except _BeyondError as error:
            raise InputError(
                f"{place}: {name!r} is {shortened(str(error))}, beyond the range of"
                ' float64; write "Infinity" if that is meant'
            ) from None
        except _RepeatedError as error:
            raise InputError(
                f"{place} has the key {str(error)!r} twice; give one another name"
            ) from None
        except (ValueError, KeyError, TypeError):
            column = f" {name!r}" if name else ""
            raise InputError(f"{place} is not an object with a number{column}") from None
        yield value


def unique(text: str | bytes) -> Any:
    """Return what a JSON text holds, with an error for keys that are there twice."""
    return json.loads(text, object_pairs_hook=_unique, parse_float=_float)


class _Beyond(str):
    """The text of a number beyond the range of float64."""


def _float(text: str) -> float | _Beyond:
    value = float(text)
    return _Beyond(text) if math.isinf(value) else value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedError(next(key for key in record if keys.count(key) > 1))
    return record


def _number(value: object) -> float:
    """Return a number, or one that JSON lacks from its name."""
    if isinstance(value, _Beyond):
        raise _BeyondError(value)
    if isinstance(value, bool) or not (isinstance(value, int | float) or value in _NAMED):
        raise TypeError
    try:
        return float(value)
    except OverflowError:
        raise _BeyondError(value) from None
