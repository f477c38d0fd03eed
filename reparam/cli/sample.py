"""``reparam sample``: draws, to the terminal or a file, as many as the disk holds."""

from __future__ import annotations

import math
from functools import partial
from typing import Annotated

import typer

from reparam.cli import output, parsing, summary
from reparam.cli.drawn import records
from reparam.cli.messages import report
from reparam.cli.options import (
    Count,
    Dask,
    Dist,
    DType,
    Law,
    OutFile,
    OutFormat,
    Params,
    Seed,
    Shard,
    Threads,
)
from reparam.errors import InputError

__all__ = ["sample"]

#: Rows on a terminal, at most, unless --format table asks for them: more is summarized.
_MOST_ROWS = 1000


def sample(
    law: Law = None,
    dist: Dist = None,
    param: Params = None,
    count: Count = None,
    seed: Seed = None,
    shard: Shard = None,
    dtype: DType = "float64",
    with_noise: Annotated[
        bool, typer.Option("--with-noise", metavar="", help="Write the noise beside each value.")
    ] = False,
    summarize: Annotated[
        bool,
        typer.Option(
            "--summary",
            metavar="",
            help="Write count, mean, sd, quantiles and a histogram instead of draws. Default on a "
            "terminal for more than 1000 rows.",
        ),
    ] = False,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
    dask: Dask = None,
) -> None:
    """Draw from a distribution.

    [bold]Examples[/bold]

    reparam sample

    reparam sample laplace -p loc=1 -p scale=0.5 -n 5 --seed 42

    reparam sample beta -p a=2 -p b=3 -n 1e6 --seed 1 --out draws.npy

    reparam sample gaussian -p mu=@mu.csv -n 100 --with-noise --out draws.npz

    reparam sample gamma -n 1e6 --seed 1 --summary

    reparam sample -n 1e9 --seed 7 --shard 2/8 --out part2.npy

    With --dask, --out is a folder that all workers see, and each of them writes
    files there: part-00001.parquet and so on, or those of --format. With zarr,
    or --out FOLDER.zarr, each column is one array in the folder.
    """
    from reparam import sampling
    from reparam.base.reparameterized import Reparameterized

    if dask:
        from reparam.cli import cluster

        if summarize or format == "table":
            raise InputError("--dask writes files of draws; leave --summary and --format table out")
        name = cluster.format_of(out, format)
    else:
        name = output.format_for(out, format)
    value_type = parsing.dtype(dtype)
    distribution = parsing.distribution(parsing.chosen(law, dist), param)
    if with_noise and summarize:
        raise InputError("--summary is of the draws alone; leave --with-noise out")
    if with_noise and not isinstance(distribution, Reparameterized):
        raise InputError(f"{distribution.name} is drawn without noise; leave --with-noise out")
    draw_shape = distribution.batch_shape + distribution.event_shape
    numbers = parsing.draws(count, shard, draw_shape)
    rows = len(numbers) * math.prod(draw_shape)
    if dask:
        with parsing.seeded(seed) as rng:
            made = partial(
                records,
                distribution,
                rng=rng,
                format=name,
                dtype=value_type,
                with_noise=with_noise,
            )
            cluster.write_parts(dask, out, numbers, math.prod(draw_shape), name, made)
        return
    flood = format is None and out == "-" and name == "table" and rows > _MOST_ROWS
    if summarize or (flood and not with_noise):
        with parsing.seeded(seed) as rng:
            values = sampling.values(distribution, numbers, rng=rng)
            summary.write(distribution, values, numbers, out=out, format=name, dtype=value_type)
        if not summarize:
            report(
                "Note",
                f"this is a summary of {rows:,} rows; --format table prints them, --out FILE"
                " or a pipe writes them",
            )
        return
    with parsing.seeded(seed) as rng:
        output.write(records(distribution, numbers, rng, name, value_type, with_noise), out, name)
