"""``--dask``: estimates, draws and verifications by the workers of a dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.cli.progress import Counter
from reparam.errors import InputError

if TYPE_CHECKING:
    from reparam._typing import Mapped
    from reparam.formats import Records

__all__ = ["mapping", "write_parts"]

#: Numbers in a file, at most: 128 MiB of float64.
_PART = 2**24


@contextmanager
def mapping(address: str | None) -> Iterator[Mapped | None]:
    """Yield what applies functions on the cluster at an address; None without an address."""
    if address is None:
        yield None
        return
    with _client(address):
        from reparam.adapters.dask.estimates import mapped

        yield mapped


def write_parts(
    address: str,
    out: str,
    numbers: range,
    each: int,
    format: str,
    made: Callable[[range], Records],
) -> None:
    """Write records of draws to files in a folder, each by a worker.

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
        The name of the files' format.
    made
        Makes the records of some of the draws, on a worker.
    """
    from reparam import formats, sampling

    if out == "-":
        raise InputError("--dask writes several files; pass --out FOLDER, which all workers see")
    folder = Path(out).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    parts = max(1, -(-len(numbers) * each // _PART))
    with _client(address) as client:
        from distributed import as_completed

        futures = []
        for part in range(1, parts + 1):
            shard = sampling.shard(len(numbers), part, parts)
            path = folder / f"part-{part:05d}{formats.NAMES[format][0]}"
            piece = numbers[shard.start : shard.stop]
            futures.append(client.submit(_write, str(path), piece, format, made, pure=False))
        with Counter("files") as show:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                show(done, parts)


def _write(path: str, numbers: range, format: str, made: Callable[[range], Records]) -> None:
    """Write a part, on a worker: the file appears when it is complete."""
    from reparam.cli import output
    from reparam.engine.threads import threads

    with threads(1):
        output.write(made(numbers), path, format)


@contextmanager
def _client(address: str) -> Iterator[Any]:
    from reparam.adapters.extras import need
    from reparam.engine.threads import thread_count

    need("dask", "dask")
    from distributed import Client, LocalCluster

    if address == "local":
        with (
            LocalCluster(thread_count(), threads_per_worker=1, dashboard_address=None) as cluster,
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
