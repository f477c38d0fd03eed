"""NumPy's .npz: one array of natural shape a column, uncompressed."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from typing import BinaryIO

import numpy as np

from reparam._typing import Array
from reparam.errors import InputError
from reparam.formats import npy
from reparam.formats.records import Records, pick

__all__ = ["minimum_size", "read", "write"]


def write(records: Records, out: BinaryIO) -> None:
    """Write an archive with one member a column.

    Members follow one another in the archive and columns come side by side: all but the first
    column wait in temporary files.
    """
    names = list(records.columns)
    with ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(out, "w", zipfile.ZIP_STORED))
        waiting = {
            name: stack.enter_context(tempfile.TemporaryFile(dir=_directory(out)))
            for name in names[1:]
        }
        with archive.open(f"{names[0]}.npy", "w", force_zip64=True) as member:
            member.write(npy.header(records.columns[names[0]], records.shape))
            for block in records.blocks:
                for name, column in block.items():
                    waiting.get(name, member).write(np.ascontiguousarray(column).tobytes())
        for name, file in waiting.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                member.write(npy.header(records.columns[name], records.shape))
                file.seek(0)
                shutil.copyfileobj(file, member, 2**20)


def _directory(out: BinaryIO) -> str | None:
    """Return where there is room for a large file: beside the output, if that is a file."""
    from pathlib import Path

    name = getattr(out, "name", None)
    path = Path(name) if isinstance(name, str) else Path()
    fits = path.is_absolute() and (path.is_file() or not path.exists())
    return str(path.parent) if fits else None


def minimum_size(records: Records) -> int:
    """Return the size of the data, and once more that of the waiting columns."""
    sizes = [dtype.itemsize for dtype in records.columns.values()]
    return records.elements * (sum(sizes) + sum(sizes[1:]))


def read(source: BinaryIO, columns: tuple[str, ...]) -> Array:
    """Return a member by name."""
    try:
        with zipfile.ZipFile(source) as archive:
            members = [name.removesuffix(".npy") for name in archive.namelist()]
            with archive.open(f"{pick(members, columns)}.npy") as member:
                return npy.read(member, columns)  # type: ignore[arg-type]
    except (zipfile.BadZipFile, KeyError, RuntimeError) as error:
        raise InputError(f"it is not an archive of NumPy arrays ({error})") from None
