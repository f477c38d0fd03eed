"""Zarr, with the ``zarr`` extra: a folder with one array per column, whose chunks workers write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from reparam.errors import MissingExtraError
from reparam.formats.records import Records

__all__ = ["create", "write"]


def create(folder: Path, records: Records, rows: int) -> None:
    """Make arrays for records, of natural shape; chunks that nobody writes are NaN.

    Parameters
    ----------
    folder
        Where.
    records
        All records: none of their blocks is taken.
    rows
        How many draws a chunk has.
    """
    group = _zarr().open_group(folder, mode="w-")
    chunk = min(rows, max(1, records.shape[0])), *records.shape[1:]
    if records.origin:
        group.attrs["reparam"] = json.loads(records.origin.text)
    for name, dtype in records.columns.items():
        group.create_array(
            name,
            shape=records.shape,
            chunks=chunk,
            dtype=dtype,
            compressors=None,  # draws don't compress
            fill_value=np.nan,
        )


def write(folder: Path, records: Records, start: int) -> None:
    """Write the records of one chunk, which begins at row `start`."""
    group = _zarr().open_group(folder, mode="r+")
    blocks = list(records.blocks)
    for name in records.columns if blocks else ():
        column = np.concatenate([block[name] for block in blocks])
        group[name][start : start + len(column)] = column


def _zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise MissingExtraError(
            "the zarr format needs zarr; install it with: pip install 'reparam[zarr]'"
        ) from None
    return zarr
