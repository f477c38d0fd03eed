"""NumPy's .npy: one array, or with several columns one structured array, of natural shape."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from reparam.errors import InputError
from reparam.formats.records import DIMENSIONS, NoColumnError, Records, pick, real

__all__ = ["header", "minimum_size", "read", "write"]


def header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the file's header."""
    out = io.BytesIO()
    description = {
        "descr": npy_format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": shape,
    }
    npy_format.write_array_header_1_0(out, description)
    return out.getvalue()


def write(records: Records, out: BinaryIO) -> None:
    """Write a header and then the blocks as they come."""
    dtype = _dtype(records)
    out.write(header(dtype, records.shape))
    for block in records.blocks:
        columns = list(block.values())
        if dtype.names is None:
            packed: NDArray[Any] = np.ascontiguousarray(columns[0])
        else:
            packed = np.empty(columns[0].shape, dtype)
            for name, column in zip(dtype.names, columns, strict=True):
                packed[name] = column
        if packed.size:
            out.write(packed.view(np.uint8).data)


def _dtype(records: Records) -> np.dtype[Any]:
    columns = list(records.columns.items())
    return columns[0][1] if len(columns) == 1 else np.dtype(columns)


def minimum_size(records: Records) -> int:
    """Return the size of the data."""
    return records.elements * _dtype(records).itemsize


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> NDArray[Any]:
    """Return the array, mapped into memory if it is in a file, or a field of it."""
    array = load_array(source)
    if array.dtype.names is not None:
        array = array[pick(array.dtype.names, columns, exact)]
    elif exact:
        raise NoColumnError(
            f"it holds one array without columns, so none is called {columns[0]!r}; leave the name"
            " out"
        )
    return real(array)


def load_array(source: BinaryIO) -> NDArray[Any]:
    """Return the array, or raise an error if it is not an array; never unpickle.

    The size that a header claims is compared with the data's before there is memory for it.
    """
    dtype, fortran_order, shape = _read_header(source)
    order: Literal["C", "F"] = "F" if fortran_order else "C"
    claimed = math.prod(shape) * dtype.itemsize
    name = getattr(source, "name", None)
    if isinstance(name, str) and Path(name).is_file():
        start = source.tell()
        _need(claimed, Path(name).stat().st_size - start)
        if claimed:  # an empty file can't be mapped
            return np.memmap(name, dtype, "r", start, shape, order)
        return np.empty(shape, dtype, order)
    data = source.read()
    _need(claimed, len(data))
    return np.frombuffer(data, dtype).reshape(shape, order=order)


def _read_header(source: BinaryIO) -> tuple[np.dtype[Any], bool, tuple[int, ...]]:
    """Return the type, whether the order is Fortran's, and the shape."""
    try:
        version = npy_format.read_magic(source)
        if version == (1, 0):
            shape, fortran_order, dtype = npy_format.read_array_header_1_0(source)
        else:  # 3.0 is 2.0 in UTF-8
            shape, fortran_order, dtype = npy_format.read_array_header_2_0(source)
    except Exception as error:  # whatever NumPy's parsers of its parts raise
        raise InputError(f"it is not a NumPy array file ({error})") from None
    if dtype.hasobject:
        raise InputError("it holds pickled Python objects, which are never loaded")
    if len(shape) > DIMENSIONS or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        raise InputError(
            f"it is not a NumPy array file (the shape {shape} is not one of at most {DIMENSIONS}"
            " sizes)"
        )
    if not dtype.itemsize:
        raise InputError(f"it holds an array of type {dtype}, not of real numbers")
    return dtype, bool(fortran_order), shape


def _need(claimed: int, there: int) -> None:
    if claimed != there:
        raise InputError(
            f"it is not a NumPy array file (its header claims {claimed} bytes of data, and it has"
            f" {there})"
        )
