"""JSON: a list with one object per element, as :mod:`~reparam.formats.jsonl` has them."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats import jsonl
from reparam.formats.lines import opened
from reparam.formats.records import Records

__all__ = ["minimum_size", "read", "write"]

minimum_size = jsonl.minimum_size


def write(records: Records, out: BinaryIO) -> None:
    """Write a list of objects, one per element and line."""
    between = "[\n"
    for block in jsonl.objects(records):
        for first in block[:1]:
            out.write(f"{between}{first}".encode())
            between = ",\n"
        out.write("".join(f",\n{each}" for each in block[1:]).encode())
    out.write(b"[]\n" if between == "[\n" else b"\n]\n")


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> Array:
    """Return a column by name, of a list of objects."""
    with opened(source) as lines:
        text = "\n".join(lines)
    try:
        found = jsonl.unique(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"it is not JSON: {error}") from None
    if not isinstance(found, list):
        raise InputError("it is not a list of objects; write [{...}, ...], or jsonl")
    places = ((f"element {k}", each) for k, each in enumerate(found))
    return np.fromiter(jsonl.numbers(places, columns, exact), np.float64)
