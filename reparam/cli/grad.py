"""``reparam grad``: draws with ∂y/∂θ, and back-propagation of a given ∂L/∂y."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import completion, drawn, objective, output, parsing, replay
from reparam.cli.options import (
    Count,
    Dask,
    Dist,
    DType,
    Fix,
    GraphFile,
    GraphLines,
    Law,
    OutFile,
    OutFormat,
    Params,
    Seed,
    Shard,
    Threads,
)
from reparam.errors import CountError, InputError, ShapeError

if TYPE_CHECKING:
    from reparam._typing import Array
    from reparam.base.draw import Draw
    from reparam.base.reparameterized import Reparameterized
    from reparam.formats import Records
    from reparam.gradients import Gradients

__all__ = ["grad"]

#: Totals with more numbers than this are left to ``--sum``.
_FEW = 8


def grad(
    law: Law = None,
    dist: Dist = None,
    param: Params = None,
    loss: Annotated[
        str | None,
        typer.Option(
            "--loss",
            "--objective",
            metavar="FORMULA",
            help="The loss J, such as '(y - 1)**2': adds J, ∂J/∂y and ∂J/∂θ per draw, and E[J] and "
            "∂E[J]/∂θ with standard errors. Parameters may be formulas, too: -p 'scale=exp(s)'.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE,…",
            help="Values of other names in formulas, each in the same forms as a parameter's.",
        ),
    ] = None,
    fix: Fix = None,
    graph: GraphFile = None,
    node: GraphLines = None,
    count: Count = None,
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="Replay this noise, don't draw: numbers with commas, @FILE, @FILE:COLUMN, or - "
            "for stdin. Of several columns the one called noise is taken. A file of another "
            "distribution's draws is an error.",
            autocompletion=completion.values,
        ),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="∂L/∂y for each value, L being the loss that you differentiate, in the same "
            "forms (the column upstream or dL_dy; stdin may hold both): adds ∂L/∂θ per draw and in "
            "total.",
            autocompletion=completion.values,
        ),
    ] = None,
    hessian: Annotated[
        bool,
        typer.Option(
            "--hessian",
            metavar="",
            help="Add ∂²y/∂θ∂φ per draw: a column d2y_dθ_dφ for each pair of parameters.",
        ),
    ] = False,
    total: Annotated[
        bool,
        typer.Option(
            "--sum",
            metavar="",
            help="Write only the totals: ∂L/∂θ, or E[J] and ∂E[J]/∂θ with standard errors.",
        ),
    ] = False,
    seed: Seed = None,
    shard: Shard = None,
    dtype: DType = "float64",
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
    dask: Dask = None,
) -> None:
    """Draw, and differentiate the draws in the parameters: noise, y and ∂y/∂θ.

    With a loss, differentiate its expectation, through formulas and further draws.

    [bold]Examples[/bold]

    reparam grad laplace

    reparam grad gamma --loss "(y - 1)**2" -n 1e6 --sum

    reparam grad -p "loc=w*x + c" -p "scale=exp(s)" --at w=0.5,c=0.1,s=-1,x=2 --loss "(y - 1)**2"

    reparam grad -p mu=0.6 -p sigma=0.4 --noise -0.7 --upstream 1.5

    reparam sample -n 1000 --with-noise --out draws.csv

    reparam grad --noise @draws.csv --upstream @losses.csv:dL_dy --out gradients.npz

    With --dask, --out is a folder that all workers see, and each of them writes
    files there: part-00001.parquet and so on, or those of --format. With zarr,
    or --out FOLDER.zarr, each column is one array in the folder.
    """
    if dask:
        from reparam.cli import cluster

        name = cluster.format_of(out, format)
    else:
        name = output.format_for(out, format)
    value_type = parsing.dtype(dtype)
    if noise is not None:
        for option, value in (("--count", count), ("--seed", seed), ("--shard", shard)):
            if value is not None:
                raise CountError(f"{option} and --noise exclude each other: noise makes the draws")
    whole = objective.graph_is_meant(graph, node, param, law, dist)
    if hessian and (whole or total or loss is not None):
        raise InputError(
            "--hessian adds columns of single draws; leave it out, or --loss, --graph and --sum"
        )
    chosen = parsing.chosen(law, dist)
    if dask and (whole or loss or noise or upstream or name == "table"):
        raise InputError(
            "--dask writes files of draws with ∂y/∂θ; leave --loss, --graph, --noise, --upstream"
            " and --format table out (reparam estimate --dask has gradients of expectations)"
        )
    if whole or loss is not None:
        if upstream is not None:
            raise InputError(
                "--upstream is ∂L/∂y from elsewhere, and a loss is differentiated here; pass one"
            )
        fixed, given = objective.fixed(fix)
        values, labels = [*(at or []), *given], dict[str, str]()
        if whole:
            model = objective.of_graph(graph, node or [], loss, values)
        else:
            model, labels = objective.of_distribution(chosen, param or [], loss or "", values)
        objective.run(
            model,
            objective.Draws(count, seed, shard, noise),
            out=out,
            format=name,
            dtype=value_type,
            total=total,
            labels=labels,
            fixed=objective.checked(fixed, model),
        )
        return
    instead = "--loss y" if upstream is None else "--loss '1.5*y' in place of --upstream 1.5"
    if at or fix:
        raise InputError(
            "--at gives names in formulas their values, which are differentiated through a loss;"
            f" pass one, such as {instead}"
        )
    if total and upstream is None:
        raise InputError("--sum adds up ∂L/∂θ, which needs ∂L/∂y; pass --upstream, or --loss")
    distribution = parsing.reparameterized(chosen, param, instead)
    if dask:
        shape = distribution.batch_shape + distribution.event_shape
        numbers = parsing.draws(count, shard, shape)
        with parsing.seeded(seed) as rng:
            made = partial(drawn.gradients, distribution, rng=rng, dtype=value_type, second=hessian)
            cluster.write_parts(dask, out, numbers, math.prod(shape), name, made)
        return

    from reparam import sampling
    from reparam.gradients import Gradients

    with nullcontext() if noise is not None else parsing.seeded(seed) as rng:
        if noise is None:
            numbers, draws = _fresh(distribution, count, shard, rng)
            known = rng
        else:
            replayed = replay.noise(distribution, noise, upstream=upstream is not None)
            numbers = range(len(replayed.arrays[0]))
            draws = sampling.replay(distribution, *replayed.arrays)
            known = replayed.seed
        shape = (len(numbers), *distribution.batch_shape, *distribution.event_shape)
        gradients = Gradients(distribution, draws, _upstream(upstream, shape), hessian)
        if total:
            output.write(_totals(gradients), out, name)
            return
        output.write(drawn.of_gradients(gradients, numbers, known, value_type), out, name)
        _report(gradients, to_stdout=out == "-" and name == "table")


def _fresh(
    distribution: Reparameterized,
    count: str | None,
    shard: str | None,
    rng: int | None,
) -> tuple[range, Iterator[Draw]]:
    """Return the draws' numbers, and the draws."""
    from reparam import sampling

    draw_shape = distribution.batch_shape + distribution.event_shape
    numbers = parsing.draws(count, shard, draw_shape)
    return numbers, sampling.stream(distribution, numbers, rng=rng)


def _upstream(text: str | None, shape: tuple[int, ...]) -> Array | None:
    if text is None:
        return None
    values = parsing.numbers(text, "upstream", "upstream", "dL_dy", may_be_empty=True)
    if values.size != math.prod(shape):
        raise ShapeError(
            f"upstream and the draws differ in size, {values.size} and {math.prod(shape)}:"
            " pass one ∂L/∂y a value"
        )
    return values.reshape(shape)


def _totals(gradients: Gradients) -> Records:
    """Return the totals as records, which are computed when they are written."""
    import numpy as np

    from reparam.formats import Records

    sizes = {name: value.size for name, value in gradients.totals.items()}
    labels = {
        "parameter": np.repeat(list(sizes), list(sizes.values())),
        "element": np.concatenate([np.arange(size) for size in sizes.values()]),
    }

    def block() -> Iterator[dict[str, Any]]:
        totals = gradients.sum().values()
        yield {**labels, "gradient": np.concatenate([np.ravel(total) for total in totals])}

    types = {name: column.dtype for name, column in labels.items()}
    types["gradient"] = parsing.dtype("float64")
    return Records(types, labels["element"].shape, block())


def _report(gradients: Gradients, *, to_stdout: bool) -> None:
    """Report the totals: below a table, otherwise on stderr."""
    import numpy as np

    lines = []
    for name, value in gradients.totals.items():
        values = np.ravel(value).tolist()
        text = ", ".join(f"{entry:.10g}" for entry in values[:_FEW])
        more = f", … ({len(values)} values; --sum writes all)" if len(values) > _FEW else ""
        lines.append(f"∂L/∂{name} = {text}{more}\n")
    typer.echo("".join(lines), nl=False, err=not to_stdout)
