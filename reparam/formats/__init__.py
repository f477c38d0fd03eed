"""Output formats, one per file: each writes a stream of records, and reads a column back."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import Any, BinaryIO, Protocol, cast

from numpy.typing import NDArray

from reparam.formats.origin import Origin
from reparam.formats.records import Records

__all__ = ["BINARY", "NAMES", "Format", "Origin", "Records", "by_suffix", "load", "origin"]

#: Each format's name, and the suffixes of the files that hold it.
NAMES = {
    "table": (),
    "csv": (".csv", ".txt"),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "npy": (".npy",),
    "npz": (".npz",),
    "parquet": (".parquet", ".pq"),
}

#: Formats that are no text.
BINARY = {"npy", "npz", "parquet"}


class Format(Protocol):
    """What a format's module provides."""

    @staticmethod
    def write(records: Records, out: BinaryIO) -> None:
        """Write all records."""

    @staticmethod
    def read(source: BinaryIO, columns: tuple[str, ...], exact: bool = False) -> NDArray[Any]:
        """Return the first of those columns that is there, or else, if not exact, the only one."""

    @staticmethod
    def minimum_size(records: Records) -> int:
        """Return a number of bytes that writing the records takes at least."""


def load(name: str) -> Format:
    """Return the format of that name."""
    return cast(Format, import_module(f"reparam.formats.{name}"))


def origin(name: str, source: BinaryIO) -> Origin | None:
    """Return what the draws in a file of that format are from, if it holds that."""
    from reparam.formats import npz, parquet

    keeping = {"npz": npz.origin, "parquet": parquet.origin}
    return keeping[name](source) if name in keeping else None


def by_suffix(path: str) -> str | None:
    """Return the name of the format that a file of that name holds, or None."""
    suffix = PurePath(path).suffix.lower()
    return next((name for name, suffixes in NAMES.items() if suffix in suffixes), None)
