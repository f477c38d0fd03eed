"""NumPy's .npz: one array of natural shape a column, uncompressed."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from reparam.errors import InputError
from reparam.formats import npy
from reparam.formats.origin import Origin
from reparam.formats.records import Records, pick

__all__ = ["ORIGIN", "minimum_size", "origin", "read", "write"]

#: The member that is not a column: what the draws are from.
ORIGIN = "reparam.json"


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
        if records.origin:
            with archive.open(ORIGIN, "w") as member:
                member.write(records.origin.text.encode())


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


def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> NDArray[Any]:
    """Return a member by name."""
    with _archive(source) as archive:
        members = [
            name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")
        ]
        with archive.open(f"{pick(members, columns, exact)}.npy") as member:
            return npy.read(member, columns)  # type: ignore[arg-type]


def origin(source: BinaryIO) -> Origin | None:
    """Return what the draws are from, if the archive holds that."""
    with _archive(source) as archive:
        return Origin.read(archive.read(ORIGIN)) if ORIGIN in archive.namelist() else None


@contextmanager
def _archive(source: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as archive:
            yield archive
    except (InputError, MemoryError):
        raise
    except Exception as error:  # whatever zipfile and its decompressors raise
        raise InputError(f"it is not an archive of NumPy arrays ({error})") from None
