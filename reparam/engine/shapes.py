"""Shapes that broadcast together, and the memory that results take."""

from __future__ import annotations

import math
import operator
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from reparam._typing import Array
from reparam.errors import CountError, ShapeError, TooLargeError
from reparam.real_arrays import MAX_DIMENSIONS, check_dimensions

__all__ = ["allocated", "broadcast_shapes", "check_memory", "sample_shape", "summed_to"]

_REMEDY = "ask for fewer at a time (reparam.sampling.stream draws chunk by chunk)"

#: Results of at most this many bytes are not compared with the machine's memory.
_SMALL = 2**26


def broadcast_shapes(**shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape that all broadcast to; the error names each argument and its shape."""
    known = set(shapes.values())
    if len(known) == 1 and len(first := known.pop()) <= MAX_DIMENSIONS:
        return first
    for name, shape in shapes.items():
        check_dimensions(name, shape)
    try:
        return np.broadcast_shapes(*shapes.values())
    except ValueError:
        described = ", ".join(f"{name} has shape {shape}" for name, shape in shapes.items())
        columns = zip_longest(*(reversed(shape) for shape in shapes.values()), fillvalue=1)
        if all(len({*sizes} - {1}) < 2 for sizes in columns):  # larger than NumPy can number
            raise TooLargeError(f"{described}: that makes too many elements; {_REMEDY}") from None
        raise ShapeError(
            f"{described}: these don't broadcast together; make trailing dimensions equal, or 1"
        ) from None


def allocated(shapes: Sequence[tuple[int, ...]]) -> list[Array]:
    """Return arrays of these shapes, not filled in.

    Raises
    ------
    ShapeError
        If one has too many dimensions.
    TooLargeError
        If there is no memory for them.
    """
    check_memory(shapes)
    try:
        return [np.empty(shape) for shape in shapes]
    except (MemoryError, ValueError):  # a ValueError: larger than NumPy can number
        raise _too_large(shapes) from None


def check_memory(shapes: Sequence[tuple[int, ...]]) -> None:
    """Refuse arrays of these shapes, before any work, if they are larger than the memory.

    Systems that promise memory before they have it (Linux does) end the process when it runs out.
    """
    for shape in shapes:
        check_dimensions("the result", shape)
    size = 8 * sum(map(math.prod, shapes))
    if size > _SMALL and size > _memory():
        raise _too_large(shapes)


def _too_large(shapes: Sequence[tuple[int, ...]]) -> TooLargeError:
    """Return the error that there is no memory for arrays of these shapes."""
    arrays = " and ".join(f"an array of shape {shape}" for shape in dict.fromkeys(shapes))
    size = 8e-9 * float(sum(map(math.prod, shapes)))
    return TooLargeError(f"{arrays} would take {size:.3g} GB, more than there is memory; {_REMEDY}")


def _memory() -> int:
    """Return how many bytes can be had, or the most that an array can have if that is unknown."""
    with suppress(OSError, LookupError, ValueError):  # Linux
        lines = (line.partition(":") for line in Path("/proc/meminfo").read_text().splitlines())
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in lines}
        return 1024 * (kilobytes["MemAvailable"] + kilobytes["SwapFree"])
    with suppress(AttributeError, OSError, ValueError):  # macOS; Windows does not overcommit
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return sys.maxsize


def summed_to(array: Array, shape: tuple[int, ...]) -> Array:
    """Sum over the dimensions in which `shape` was broadcast to the array's shape."""
    if array.shape == shape:
        return array
    lead = array.ndim - len(shape)
    stretched = [lead + k for k, size in enumerate(shape) if size == 1 != array.shape[lead + k]]
    return np.asarray(array.sum(axis=(*range(lead), *stretched))).reshape(shape)


def sample_shape(shape: object) -> tuple[int, ...]:
    """Return a sample shape as a tuple.

    Raises
    ------
    CountError
        If it is not made of non-negative integers.
    """
    if type(shape) is int and 0 <= shape < 2**63:  # the usual ones, without NumPy
        return (shape,)
    if type(shape) is tuple and (
        not shape or all(type(n) is int and 0 <= n < 2**63 for n in shape)
    ):
        return shape
    given = np.asarray(None if isinstance(shape, np.ma.MaskedArray) else shape, dtype=object)
    entries: list[Any] = given.reshape(-1).tolist() if given.ndim < 2 else [None]
    try:
        sizes = [
            -1 if isinstance(entry, bool | np.bool_) else operator.index(entry) for entry in entries
        ]
    except TypeError:
        sizes = [-1]
    if any(size < 0 for size in sizes):
        raise CountError(
            f"sample shape {shape!r} is not a non-negative integer or a tuple of them;"
            " pass how many draws you want"
        )
    return tuple(sizes)
