"""``reparam kl``: the Kullback-Leibler divergence of two distributions, and its gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output, parsing
from reparam.cli.options import From, OutFile, OutFormat, Params, Seed, Threads, To, ToParams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reparam._typing import Array
    from reparam.divergences import Divergence

__all__ = ["kl"]


def kl(
    from_: From = "gaussian",
    param: Params = None,
    to: To = "gaussian",
    to_param: ToParams = None,
    count: Annotated[
        str | None,
        typer.Option(
            "--count",
            "-n",
            metavar="N",
            help="How many draws an estimate is made of, where there is no closed form. Default: "
            "100000.",
        ),
    ] = None,
    seed: Seed = None,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
) -> None:
    """Compare two distributions: KL(p‖q) in nats, and its derivatives in all parameters.

    By a closed form where there is one, otherwise by Monte Carlo with standard
    errors (columns that end in _se). Array parameters give a row an element.

    [bold]Examples[/bold]

    reparam kl --from gaussian -p loc=0.6 -p scale=0.4 --to gaussian

    reparam kl --from gamma -p alpha=2,3,4 --to exponential -q rate=0.5

    reparam kl --from logistic --to student-t -q df=4 -n 1e6 --seed 1
    """
    from reparam import divergences

    name = output.format_for(out, format)
    parsing.use_threads(threads)
    p = parsing.distribution(from_, param)
    q = parsing.distribution(to, to_param, option="-q")
    draws = divergences.DRAWS if count is None else parsing.count(count, least=2)
    divergence = divergences.closed_form(p, q)
    if divergence is not None:
        _write(divergence, out, name)
        return
    with parsing.seeded(seed) as rng:
        _write(divergences.kl(p, q, n=draws, rng=rng), out, name)


def _write(divergence: Divergence, out: str, name: str) -> None:
    import numpy as np

    from reparam.formats import Records

    columns = {column: np.ravel(values) for column, values in _columns(divergence).items()}
    size = columns["kl"].size
    labels = {"element": np.arange(size)} if np.ndim(divergence.value) else {}
    block: dict[str, NDArray[Any]] = {**labels, **columns}
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (size,), iter([block])), out, name)


def _columns(divergence: Divergence) -> dict[str, Array]:
    """Return the value and the derivatives, each with its standard error if it has one."""

    def pairs() -> Iterator[tuple[str, Array, Array]]:
        errors = divergence.standard_error
        yield "kl", divergence.value, errors.value
        for name, entry in divergence.gradient_p.items():
            yield f"dkl_dp_{name}", entry, errors.gradient_p[name]
        for name, entry in divergence.gradient_q.items():
            yield f"dkl_dq_{name}", entry, errors.gradient_q[name]

    columns = {}
    for name, entry, error in pairs():
        columns[name] = entry
        if not divergence.exact:
            columns[f"{name}_se"] = error
    return columns
