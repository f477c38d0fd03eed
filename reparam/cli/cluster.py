"""``--dask``: estimates, draws and verifications by the workers of a dask cluster."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reparam.cli.progress import Counter
from reparam.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from reparam._typing import Mapped
    from reparam.base.distribution import Distribution

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
    distribution: Distribution,
    rng: int,
    format: str,
    dtype: np.dtype[Any],
    with_noise: bool,
) -> None:
    """Write draws to files in a folder, each by a worker.

    Parameters
    ----------
    address
        Of the scheduler, or ``local``.
    out
        The folder.
    numbers
        The numbers of the draws.
    distribution, rng, format, dtype, with_noise
        As :func:`reparam.cli.drawn.records` takes them.
    """
    from reparam import formats, sampling

    if out == "-":
        raise InputError("--dask writes several files; pass --out FOLDER, which all workers see")
    folder = Path(out).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    one = math.prod(distribution.batch_shape + distribution.event_shape)
    parts = max(1, -(-len(numbers) * one // _PART))
    with _client(address) as client:
        from distributed import as_completed

        how = distribution, rng, format, dtype, with_noise
        futures = []
        for part in range(1, parts + 1):
            shard = sampling.shard(len(numbers), part, parts)
            path = folder / f"part-{part:05d}{formats.NAMES[format][0]}"
            piece = numbers[shard.start : shard.stop]
            futures.append(client.submit(_write, str(path), piece, *how, pure=False))
        with Counter("files") as show:
            for done, future in enumerate(as_completed(futures), start=1):
                future.result()
                show(done, parts)


def _write(
    path: str, numbers: range, distribution: Distribution, rng: int, format: str, *rest: Any
) -> None:
    """Write a part, on a worker: the file appears when it is complete."""
    from reparam.cli import output
    from reparam.cli.drawn import records
    from reparam.engine.threads import threads

    with threads(1):
        output.write(records(distribution, numbers, rng, format, *rest), path, format)


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
