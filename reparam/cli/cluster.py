"""``--dask``: estimates, draws and verifications by the workers of a dask cluster."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from reparam.cli.progress import Counter
from reparam.errors import InputError

if TYPE_CHECKING:
    from reparam._typing import Mapped
    from reparam.formats import Records

__all__ = ["format_of", "mapping", "write_parts"]

#: Numbers in a file or a chunk, at most: 128 MiB of float64.
_PART = 2**24

#: Of local workers. dask's own has MALLOC_TRIM_THRESHOLD_, by which each block of draws gets memory
#: from the system anew: an estimate takes two to three times as long.
_ENVIRONMENT = {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1, "MKL_NUM_THREADS": 1}

#: Writes the draws of some numbers, which are the part of that number, from 1.
_Write: TypeAlias = "Callable[[int, range], None]"


@contextmanager
def mapping(address: str | None) -> Iterator[Mapped | None]:
    """Yield what applies functions on the cluster at an address; None without an address."""
    if address is None:
        yield None
        return
    with _client(address):
        from reparam.adapters.dask.estimates import mapped

        yield mapped


def format_of(out: str, format: str | None) -> str:
    """Return the name of the format of parts: Parquet, unless another is named; or zarr."""
    from reparam.cli import output

    name = format or ("zarr" if Path(out).suffix == ".zarr" else "parquet")
    return name if name == "zarr" else output.format_for(out, name)


def write_parts(
    address: str,
    out: str,
    numbers: range,
    each: int,
    format: str,
    made: Callable[[range], Records],
) -> None:
    """Write records of draws into a folder, each part by a worker.

    Parameters
    ----------
    address
        Of the scheduler, or ``local``.
    out
        The folder.
    numbers
        The numbers of the draws.
    each
        How many numbers a draw has.
    format
        The name of a format, of which each part is a file; or ``"zarr"``, of which each is a chunk.
    made
        Makes the records of some of the draws, on a worker.
    """
    if out == "-":
        raise InputError("--dask writes several files; pass --out FOLDER, which all workers see")
    folder, rows = Path(out).absolute(), max(1, _PART // max(1, each))
    pieces = [numbers[k : k + rows] for k in range(0, len(numbers), rows)] or [numbers]
    with (
        (
            _arrays(folder, numbers, rows, made)
            if format == "zarr"
            else _files(folder, format, made)
        ) as write,
        _client(address) as client,
        Counter("parts") as show,
    ):
        from distributed import as_completed

        futures = [
            client.submit(write, part, piece, pure=False)
            for part, piece in enumerate(pieces, start=1)
        ]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            show(done, len(pieces))


@contextmanager
def _files(folder: Path, format: str, made: Callable[[range], Records]) -> Iterator[_Write]:
    """Yield what writes a part to a file, which appears when it is complete."""
    folder.mkdir(parents=True, exist_ok=True)
    yield partial(_write_file, folder, format, made)


def _write_file(
    folder: Path, format: str, made: Callable[[range], Records], part: int, numbers: range
) -> None:
    from reparam import formats
    from reparam.cli import output
    from reparam.engine.threads import threads

    path = folder / f"part-{part:05d}{formats.NAMES[format][0]}"
    with threads(1):
        output.write(made(numbers), str(path), format)


@contextmanager
def _arrays(
    folder: Path, numbers: range, rows: int, made: Callable[[range], Records]
) -> Iterator[_Write]:
    """Yield what writes a part to a chunk; the folder appears when all are complete."""
    from reparam.formats import zarr

    if folder.is_file() or (folder.exists() and any(folder.iterdir())):
        raise InputError(f"{folder} is not empty; remove it, or pass another --out FOLDER")
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
    try:
        zarr.create(temporary, made(numbers), rows)
        yield partial(_write_chunk, temporary, made, numbers.start)
        temporary.replace(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_chunk(
    folder: Path, made: Callable[[range], Records], first: int, _: int, numbers: range
) -> None:
    from reparam.cli import output
    from reparam.engine.threads import threads
    from reparam.formats import zarr

    with threads(1):
        records = made(numbers)
        typed = replace(records, blocks=output.typed(records))
        zarr.write(folder, typed, numbers.start - first)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from reparam.adapters.extras import need
    from reparam.engine.threads import thread_count

    need("dask", "dask")
    from dask import config
    from distributed import Client, LocalCluster

    if address == "local":
        workers, options = thread_count(), {"threads_per_worker": 1, "dashboard_address": None}
        with (
            config.set({"distributed.nanny.pre-spawn-environ": _ENVIRONMENT}),
            LocalCluster(n_workers=workers, **options) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout="10s")
    except (OSError, ValueError) as error:
        raise InputError(
            f"no dask scheduler answers at {address} ({error}); pass an address such as"
            " tcp://host:8786, or local"
        ) from None
    with client:
        yield client
