"""``reparam kl``: the Kullback-Leibler divergence of two distributions, and its gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output, parsing
from reparam.cli.messages import report
from reparam.cli.options import (
    From,
    LawP,
    LawQ,
    OutFile,
    OutFormat,
    Params,
    Seed,
    Threads,
    To,
    ToParams,
)
from reparam.notation import concise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reparam._typing import Array
    from reparam.divergences import Divergence

__all__ = ["kl"]


def kl(
    p_law: LawP = None,
    q_law: LawQ = None,
    from_: From = None,
    param: Params = None,
    to: To = None,
    to_param: ToParams = None,
    count: Annotated[
        str | None,
        typer.Option(
            "--count",
            "-n",
            metavar="N",
            help="How many draws an estimate is made of, where it takes any. Default: 100000.",
        ),
    ] = None,
    seed: Seed = None,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
) -> None:
    """Compare two distributions: KL(p‖q) in nats, and its derivatives in all parameters.

    By a closed form where there is one, as a sum where p has few values, or else
    by Monte Carlo with standard errors: columns that end in _se, in a table the
    digits in parentheses. Array parameters give one row per element; a table has
    one row per number. Notes on infinite values and on estimates go to stderr.

    [bold]Examples[/bold]

    reparam kl gaussian gaussian -p loc=0.6 -p scale=0.4

    reparam kl gamma exponential -p alpha=2,3,4 -q rate=0.5

    reparam kl logistic student-t -q df=4 -n 1e6 --seed 1
    """
    from reparam import divergences

    name = output.format_for(out, format)
    p = parsing.distribution(parsing.chosen(p_law, from_, option="--from"), param)
    q = parsing.distribution(
        parsing.chosen(q_law, to, "laplace", option="--to"), to_param, option="-q"
    )
    draws = divergences.DRAWS if count is None else parsing.count(count, least=2)
    divergence = divergences.exact(p, q)
    if divergence is not None:
        _write(divergence, out, name)
        return
    with parsing.seeded(seed) as rng:
        _write(divergences.kl(p, q, n=draws, rng=rng), out, name)


def _write(divergence: Divergence, out: str, name: str) -> None:
    import numpy as np

    from reparam.formats import Records

    block = _table(divergence) if name == "table" else _columns(divergence)
    size = len(next(iter(block.values())))
    if np.ndim(divergence.value):
        each = size // max(np.size(divergence.value), 1)  # rows per element
        block = {"element": np.arange(size) // max(each, 1), **block}
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (size,), iter([block])), out, name)
    for note in divergence.notes:
        report("Note", note)


def _columns(divergence: Divergence) -> dict[str, NDArray[Any]]:
    """Return a column for each quantity, with its standard error if there are such."""
    columns = {}
    for name, values, errors in _quantities(divergence):
        columns[name] = values
        if not divergence.exact:
            columns[f"{name}_se"] = errors
    return columns


def _table(divergence: Divergence) -> dict[str, NDArray[Any]]:
    """Return a row for each quantity of an element: what people want to see, in 80 columns."""
    import numpy as np

    names, values, errors = zip(*_quantities(divergence), strict=True)
    value = np.transpose(values).ravel()
    quantity = np.tile(names, value.size // len(names))
    if divergence.exact:
        return {"quantity": quantity, "value": value}
    texts = [concise(*pair) for pair in zip(value, np.transpose(errors).ravel(), strict=True)]
    return {"quantity": quantity, "estimate": np.array(texts, dtype=np.str_)}


def _quantities(divergence: Divergence) -> Iterator[tuple[str, Array, Array]]:
    """Yield names, and values and standard errors by element: of vectors and matrices, by entry."""
    import numpy as np

    errors, size = divergence.standard_error, np.size(divergence.value)
    yield "kl", np.ravel(divergence.value), np.ravel(errors.value)
    for side, gradient, of_side in (
        ("p", divergence.gradient_p, errors.gradient_p),
        ("q", divergence.gradient_q, errors.gradient_q),
    ):
        for name, entry in gradient.items():
            event = np.shape(entry)[np.ndim(divergence.value) :]
            shape = size, math.prod(event)
            each = (np.reshape(x, shape).T for x in (entry, of_side[name]))
            for at, values, its in zip(np.ndindex(*event), *each, strict=True):
                yield f"dkl_d{side}_{name}" + "".join(f"[{k}]" for k in at), values, its
