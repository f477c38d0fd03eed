"""Apache Parquet, with the ``arrow`` extra: one row per element, one row group per block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam.errors import InputError, MissingExtraError
from reparam.formats.origin import Origin
from reparam.formats.records import Records, pick, real

__all__ = ["minimum_size", "origin", "read", "write"]

#: The key of the file's metadata that holds what the draws are from.
_ORIGIN = b"reparam"


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(
            "the parquet format needs pyarrow; install it with: pip install 'reparam[arrow]'"
        ) from None
    return pyarrow


def write(records: Records, out: BinaryIO) -> None:
    """Write one row group per block."""
    arrow = _pyarrow()
    columns = records.row_columns
    schema = arrow.schema(
        (name, arrow.string() if dtype.kind == "U" else arrow.from_numpy_dtype(dtype))
        for name, dtype in columns.items()
    )
    if records.origin:
        schema = schema.with_metadata({_ORIGIN: records.origin.text.encode()})
    with arrow.parquet.ParquetWriter(out, schema) as writer:
        for block in records.rows():
            arrays = [arrow.array(column) for column in block]
            writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))


def minimum_size(records: Records) -> int:
    """Return the size of one column: draws don't compress, constant columns do."""
    return records.elements * next(iter(records.columns.values())).itemsize


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> NDArray[Any]:
    """Return a column by name."""
    with _file(source) as file:
        name = pick(file.schema_arrow.names, columns, exact)
        column = file.read([name]).column(0)
        if column.null_count:
            raise InputError(f"{column.null_count} values of {name!r} are missing; fill them in")
        return real(np.asarray(column.to_numpy()))


def origin(source: BinaryIO) -> Origin | None:
    """Return what the draws are from, if the file holds that."""
    with _file(source) as file:
        text = (file.schema_arrow.metadata or {}).get(_ORIGIN)
        return None if text is None else Origin.read(text)


@contextmanager
def _file(source: BinaryIO) -> Iterator[Any]:
    arrow = _pyarrow()
    try:
        yield arrow.parquet.ParquetFile(source)
    except InputError:
        raise
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(f"it is not a Parquet file ({error})") from None
