"""``reparam grad``: draws with ∂y/∂θ, and back-propagation of a given ∂L/∂y."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output, parsing
from reparam.cli.options import Count, Dist, DType, OutFile, OutFormat, Params, Seed, Shard, Threads
from reparam.errors import CountError, InputError, ShapeError

if TYPE_CHECKING:
    from reparam._typing import Array
    from reparam.distribution import Reparameterized
    from reparam.draw import Draw
    from reparam.formats import Records
    from reparam.gradients import Gradients

__all__ = ["grad"]

#: Totals with more numbers than this are left to ``--sum``.
_FEW = 8


def grad(
    dist: Dist = "gaussian",
    param: Params = None,
    count: Count = None,
    noise: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="Replay this noise, don't draw: numbers with commas, @FILE, @FILE:COLUMN, or - "
            "for stdin. Of several columns the one called noise is taken.",
        ),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="∂L/∂y for each value, in the same forms (the column upstream or dL_dy; stdin may "
            "hold both): adds ∂L/∂θ a draw and in total.",
        ),
    ] = None,
    total: Annotated[
        bool,
        typer.Option("--sum", metavar="", help="Write only the totals ∂L/∂θ; needs --upstream."),
    ] = False,
    seed: Seed = None,
    shard: Shard = None,
    dtype: DType = "float64",
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
) -> None:
    """Draw, and differentiate the draws in the parameters: noise, y and ∂y/∂θ.

    [bold]Examples[/bold]

    reparam grad --dist laplace

    reparam grad -p mu=0.6 -p sigma=0.4 --noise -0.7 --upstream 1.5

    reparam sample -n 1000 --with-noise --out draws.csv

    reparam grad --noise @draws.csv --upstream @losses.csv:dL_dy --out gradients.npz
    """
    name = output.format_for(out, format)
    value_type = parsing.dtype(dtype)
    parsing.use_threads(threads)
    if total and upstream is None:
        raise InputError("--sum adds up ∂L/∂θ, which needs ∂L/∂y; pass --upstream")
    distribution = parsing.reparameterized(dist, param)
    if noise is not None:
        for option, value in (("--count", count), ("--seed", seed), ("--shard", shard)):
            if value is not None:
                raise CountError(f"{option} and --noise exclude each other: noise makes the draws")

    from reparam.formats import Records
    from reparam.gradients import Gradients

    with nullcontext() if noise is not None else parsing.seeded(seed) as rng:
        if noise is None:
            numbers, draws = _fresh(distribution, count, shard, rng)
        else:
            numbers, draws = _replayed(distribution, noise)
        shape = (len(numbers), *distribution.batch_shape)
        gradients = Gradients(distribution, draws, _upstream(upstream, shape))
        if total:
            output.write(_totals(gradients), out, name)
            return
        types = {
            column: parsing.dtype("float64") if column == "noise" else value_type
            for column in gradients.columns
        }
        output.write(Records(types, shape, gradients.blocks(), first=numbers.start), out, name)
        _report(gradients, to_stdout=out == "-" and name == "table")


def _fresh(
    distribution: Reparameterized, count: str | None, shard: str | None, rng: int | None
) -> tuple[range, Iterator[Draw]]:
    """Return the draws' numbers, and the draws."""
    from reparam import sampling

    numbers = parsing.draws(count, shard, distribution.batch_shape)
    return numbers, sampling.stream(distribution, numbers, rng=rng)


def _replayed(distribution: Reparameterized, noise: str) -> tuple[range, Iterator[Draw]]:
    """Return the draws' numbers, and the draws that given noise makes."""
    from reparam import sampling

    values = _by_draw(parsing.numbers(noise, "noise", "noise"), distribution.batch_shape)
    return range(len(values)), sampling.replay(distribution, values)


def _by_draw(values: Array, batch: tuple[int, ...]) -> Array:
    """Return the values with the shape (draws, *batch)."""
    size = math.prod(batch)
    if values.size % size if size else values.size:
        raise ShapeError(
            f"noise has shape {values.shape} and the parameters have shape {batch}:"
            f" pass a multiple of {size} values, one an element of each draw"
        )
    return values.reshape(-1, *batch) if size else values.reshape(0, *batch)


def _upstream(text: str | None, shape: tuple[int, ...]) -> Array | None:
    if text is None:
        return None
    values = parsing.numbers(text, "upstream", "upstream", "dL_dy")
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
    """Tell the totals: below a table, otherwise on stderr."""
    import numpy as np

    lines = []
    for name, value in gradients.totals.items():
        values = np.ravel(value).tolist()
        text = ", ".join(f"{entry:.10g}" for entry in values[:_FEW])
        more = f", … ({len(values)} values; --sum writes all)" if len(values) > _FEW else ""
        lines.append(f"∂L/∂{name} = {text}{more}\n")
    typer.echo("".join(lines), nl=False, err=not to_stdout)
