"""``reparam grad``: draws with ∂y/∂θ, and back-propagation of a given ∂L/∂y."""

from __future__ import annotations

import sys
from collections.abc import Iterator
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
            help="Replay this noise, don't draw: numbers with commas, @FILE, or - for stdin.",
        ),
    ] = None,
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="VALUES",
            help="∂L/∂y for each value, in the same forms: adds ∂L/∂θ a draw and in total.",
        ),
    ] = None,
    total: Annotated[
        bool, typer.Option("--sum", help="Write only the totals ∂L/∂θ; needs --upstream.")
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
    distribution = parsing.distribution(dist, param)
    first, draws_count, draws = _draws(distribution, noise, count, seed, shard)
    shape = (draws_count, *distribution.batch_shape)

    from reparam.gradients import Gradients

    gradients = Gradients(draws, _upstream(upstream, shape))
    if total:
        if upstream is None:
            raise InputError("--sum adds up ∂L/∂θ, which needs ∂L/∂y; pass --upstream")
        for _ in gradients.blocks():
            pass
        output.write(_totals(gradients), out, name)
        return
    columns = gradients.columns(distribution.parameters)
    types = {
        column: parsing.dtype("float64") if column == "noise" else value_type for column in columns
    }
    from reparam.formats import Records

    output.write(Records(types, shape, _typed(gradients, types), first=first), out, name)
    if upstream is not None:
        _report(gradients, to_stdout=out == "-" and name == "table")


def _draws(
    distribution: Reparameterized,
    noise: str | None,
    count: str | None,
    seed: str | None,
    shard: str | None,
) -> tuple[int, int, Iterator[Draw]]:
    """Return the number of the first draw, how many there are, and the draws."""
    from reparam import sampling

    if noise is None:
        numbers = parsing.shard(shard, parsing.count(count or "10"))
        stream = sampling.stream(distribution, numbers, rng=parsing.integer_seed(seed))
        return numbers.start, len(numbers), stream
    for option, value in (("--count", count), ("--seed", seed), ("--shard", shard)):
        if value is not None:
            raise CountError(f"{option} and --noise exclude each other: noise decides the draws")
    values = distribution.noise.validated(parsing.numbers(noise, "noise", "noise"))
    values = _by_draw(values, distribution.batch_shape)
    return 0, len(values), sampling.replay(distribution, values)


def _by_draw(values: Array, batch: tuple[int, ...]) -> Array:
    """Return the values with the shape (draws, *batch)."""
    import math

    size = math.prod(batch)
    if values.size % size if size else values.size:
        raise ShapeError(
            f"noise has shape {values.shape} and the parameters have shape {batch}:"
            f" pass a multiple of {size} values, one an element of each draw"
        )
    return values.reshape(-1, *batch) if size else values.reshape(0, *batch)


def _upstream(text: str | None, shape: tuple[int, ...]) -> Array | None:
    import math

    if text is None:
        return None
    values = parsing.numbers(text, "upstream", "upstream", "dL_dy")
    if values.size != math.prod(shape):
        raise ShapeError(
            f"upstream has {values.size} values and there are {math.prod(shape)} draws:"
            " pass one ∂L/∂y a value"
        )
    return values.reshape(shape)


def _typed(gradients: Gradients, types: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in gradients.blocks():
        yield {name: column.astype(types[name], copy=False) for name, column in block.items()}


def _totals(gradients: Gradients) -> Records:
    import numpy as np

    from reparam.formats import Records

    totals = {name: np.ravel(value) for name, value in gradients.totals.items()}
    block = {
        "parameter": np.array([name for name, value in totals.items() for _ in value], dtype=str),
        "element": np.concatenate([np.arange(value.size) for value in totals.values()]),
        "gradient": np.concatenate(list(totals.values())),
    }
    types = {name: column.dtype for name, column in block.items()}
    return Records(types, block["gradient"].shape, iter([block]))


def _report(gradients: Gradients, *, to_stdout: bool) -> None:
    """Tell the totals: below a table, otherwise on stderr."""
    import numpy as np

    lines = []
    for name, value in gradients.totals.items():
        values = np.ravel(value).tolist()
        text = ", ".join(f"{entry:.10g}" for entry in values[:_FEW])
        more = f", … ({len(values)} values; --sum writes all)" if len(values) > _FEW else ""
        lines.append(f"∂L/∂{name} = {text}{more}\n")
    (sys.stdout if to_stdout else sys.stderr).write("".join(lines))
