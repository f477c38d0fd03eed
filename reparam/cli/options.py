"""Options that several commands share: declared once, with their help and completion."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from reparam.cli import completion

__all__ = [
    "Count",
    "DType",
    "Dist",
    "Fix",
    "From",
    "GraphFile",
    "GraphLines",
    "Law",
    "LawP",
    "LawQ",
    "Name",
    "OutFile",
    "OutFormat",
    "Params",
    "Seed",
    "Shard",
    "Threads",
    "To",
    "ToParams",
]


def _complete_format(incomplete: str) -> Iterator[str]:
    from reparam import formats

    return (name for name in formats.NAMES if name.startswith(incomplete))


_LAW = (
    "a name ('reparam list' shows all), such as gamma; with parameters, 'gamma(alpha=2, rate=1)'; "
    "or a class of yours, package.module:Class or file.py:Class."
)
Law = Annotated[
    str | None,
    typer.Argument(
        metavar="LAW",
        help=f"The distribution: {_LAW} Default: gaussian.",
        show_default=False,
        autocompletion=completion.distributions,
    ),
]
Dist = Annotated[
    str | None,
    typer.Option(
        "--dist",
        "-d",
        metavar="LAW",
        help="The same, as an option.",
        autocompletion=completion.distributions,
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="LAW",
        help="The distribution: a name, such as gamma; with parameters, 'gamma(alpha=2)'; or a "
        "class of yours, package.module:Class or file.py:Class.",
        autocompletion=completion.distributions,
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        metavar="NAME=VALUE",
        help="A parameter: a number, numbers with commas, @FILE (npy, npz, csv, json, jsonl, "
        "parquet), @FILE:COLUMN for one column, or - for stdin. Repeat for more; defaults for the "
        "rest.",
        autocompletion=completion.options,
    ),
]
LawP = Annotated[
    str | None,
    typer.Argument(
        metavar="P",
        help=f"The distribution p: {_LAW} -p gives parameters. Default: gaussian.",
        show_default=False,
        autocompletion=completion.distributions,
    ),
]
LawQ = Annotated[
    str | None,
    typer.Argument(
        metavar="Q",
        help="The distribution q, in the same forms; -q gives parameters. Default: laplace.",
        show_default=False,
        autocompletion=completion.distributions,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="LAW",
        help="P, as an option.",
        autocompletion=completion.distributions,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="LAW",
        help="Q, as an option.",
        autocompletion=completion.distributions,
    ),
]
ToParams = Annotated[
    list[str] | None,
    typer.Option(
        "--to-param",
        "-q",
        metavar="NAME=VALUE",
        help="A parameter of q, in the same forms.",
        autocompletion=completion.to_options,
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=VALUE],…",
        help="Inputs that nothing is differentiated in, such as data: X=@X.csv.",
    ),
]
GraphFile = Annotated[
    str | None,
    typer.Option(
        "--graph",
        metavar="FILE",
        help="A graph instead of one distribution: a file, or - for stdin, with a node a line, "
        "'mu = w*x' or 'z ~ gaussian(loc=mu, scale=1)'. The loss is the node called so, or --loss.",
    ),
]
GraphLines = Annotated[
    list[str] | None,
    typer.Option(
        "--node", metavar="LINE", help="A line of the graph, after those of --graph. Repeat."
    ),
]
Count = Annotated[
    str | None,
    typer.Option(
        "--count", "-n", metavar="N", help="How many draws: 1000, 1e6, 1_000_000. Default: 10."
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        metavar="INTEGER", help="A non-negative integer of any size. Default: a fresh one, shown."
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        metavar="K/N", help="Write shard K of N, 1 ≤ K ≤ N: the shards joined are the whole."
    ),
]
DType = Annotated[
    str,
    typer.Option(
        metavar="float64|float32",
        help="The type to write; noise is always float64. Values outside float32's range "
        "become infinite.",
    ),
]
OutFile = Annotated[
    str, typer.Option("--out", "-o", metavar="FILE", help="Where to write; '-' is stdout.")
]
OutFormat = Annotated[
    str | None,
    typer.Option(
        "--format",
        "-f",
        metavar="FORMAT",
        help="table, csv, json, jsonl, npy, npz or parquet. Default: by FILE's suffix; on stdout, "
        "table for a terminal and csv for a pipe.",
        autocompletion=_complete_format,
    ),
]
Dask = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Compute on the dask cluster at that address, such as tcp://host:8786, or local: one "
        "worker per thread. Same bits.",
    ),
]
Threads = Annotated[
    str | None,
    typer.Option(metavar="N", help="Threads to use; the result doesn't depend on it."),
]
