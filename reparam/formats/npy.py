"""NumPy's .npy: one array, or with several columns one structured array, of natural shape."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats.records import Records, pick, real

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


def read(source: BinaryIO, columns: tuple[str, ...]) -> Array:
    """Return the array, mapped into memory if it is in a file, or a field of it."""
    array = load_array(source)
    if array.dtype.names is not None:
        array = array[pick(array.dtype.names, columns)]
    return real(array)


def load_array(source: BinaryIO) -> NDArray[Any]:
    """Return the array, or say that it is none; never unpickle."""
    try:
        name = getattr(source, "name", None)
        if isinstance(name, str) and Path(name).is_file():
            mapped: NDArray[Any] = np.load(name, mmap_mode="r", allow_pickle=False)
            return mapped
        if isinstance(source, io.BufferedReader):  # NumPy takes it for a file and seeks in a pipe
            source = io.BytesIO(source.read())
        return npy_format.read_array(source, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        if any(word in str(error) for word in ("pickle", "Object arrays", "Python objects")):
            raise InputError("it holds pickled Python objects, which are never loaded") from None
        raise InputError(f"it is not a NumPy array file ({error})") from None
