"""``reparam estimate``: the gradient of an expectation, by several estimators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output, parsing
from reparam.cli.notation import concise
from reparam.cli.options import Dask, Dist, Law, OutFile, OutFormat, Params, Seed, Threads
from reparam.errors import ParameterError

if TYPE_CHECKING:
    from reparam.estimators import Estimate, Estimates

__all__ = ["estimate"]


def _complete_estimator(incomplete: str) -> Iterator[tuple[str, str]]:
    from reparam.estimators import ESTIMATORS

    for name, cls in ESTIMATORS.items():
        if name.startswith(incomplete):
            yield name, cls.formula


def estimate(
    law: Law = None,
    dist: Dist = None,
    param: Params = None,
    objective: Annotated[
        str,
        typer.Option(
            "--objective",
            "--loss",
            metavar="FORMULA",
            help="φ, a formula of one name, which is the draw.",
        ),
    ] = "y**2",
    count: Annotated[
        str,
        typer.Option("--count", "-n", metavar="N", help="How many draws each estimator takes."),
    ] = "1e5",
    estimator: Annotated[
        list[str] | None,
        typer.Option(
            "--estimator",
            "-e",
            metavar="NAME",
            help="pathwise, antithetic, qmc, score, score-average, score-loo, score-optimal, "
            "measure-valued, enumeration, relaxed, straight-through, or all. Repeat for more. "
            "Default: the plain ones that can serve.",
            autocompletion=_complete_estimator,
        ),
    ] = None,
    temperature: Annotated[
        str, typer.Option(metavar="T", help="Of the estimators relaxed and straight-through.")
    ] = "0.5",
    seed: Seed = None,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
    dask: Dask = None,
) -> None:
    """Estimate ∂/∂θ E[φ(y)] by several estimators, and compare them.

    For each estimator and parameter: the estimate with its standard error, the
    variance of a draw, nanoseconds a draw, the efficiency relative to the plain
    pathwise estimator (discrete: to the plain score function; none of a biased
    estimator), and the exact value where it is known.

    [bold]Examples[/bold]

    reparam estimate

    reparam estimate -p loc=1 --objective "cos(8*y)" --estimator all

    reparam estimate gamma -p alpha=2 --objective "log(y)" -n 1e6 -e pathwise -e qmc

    reparam estimate bernoulli --objective "(y - 0.45)**2" -e relaxed --temperature 0.1
    """
    from reparam.cli import cluster

    name = output.format_for(out, format)
    distribution = parsing.distribution(parsing.chosen(law, dist), param)
    draws = parsing.count(count, least=2, example="1e5")
    try:
        heat = float(temperature)
    except ValueError:
        raise ParameterError(
            f"temperature {temperature!r} is not a number; pass for example 0.5"
        ) from None
    with parsing.seeded(seed) as rng, cluster.estimating(dask) as by:
        found = by(distribution, objective, draws, estimators=estimator, rng=rng, temperature=heat)
        _write(found, out, name)
    for note in (*_left_out(found.left_out, estimator), *found.notes):
        typer.echo(f"Note: {note}", err=True)


def _write(estimates: Estimates, out: str, name: str) -> None:
    import numpy as np

    from reparam.formats import Records

    rows = _fitting(estimates) if name == "table" else list(map(_columns, estimates))
    block = {column: np.array([row[column] for row in rows]) for column in rows[0]}
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (len(rows),), iter([block])), out, name)


def _fitting(estimates: Estimates) -> list[dict[str, str]]:
    """Return the cells of a table: in few digits, and with symbols, if others are too wide."""
    from shutil import get_terminal_size

    symbols = {key: item.symbol for key, item in estimates.distribution.parameters.items()}
    for brief in (None, symbols):
        rows = [_cells(row, brief) for row in estimates]
        widths = (max(len(name), *(len(row[name]) for row in rows)) for name in rows[0])
        if sum(width + 2 for width in widths) - 2 <= get_terminal_size((80, 24)).columns:
            break
    return rows


def _columns(row: Estimate) -> dict[str, Any]:
    """Return all that is known, exactly."""
    return {
        "estimator": row.estimator,
        "parameter": row.parameter,
        "estimate": row.value,
        "standard_error": row.standard_error,
        "variance": row.variance,
        "cost_ns": row.cost,
        "efficiency": row.efficiency,
        "exact": row.exact,
        "biased": row.biased,
        "bias": row.bias,
        "draws": row.draws,
    }


def _cells(row: Estimate, brief: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what people want to see.

    Parameters
    ----------
    row
        What is known.
    brief
        The parameters' symbols, to write these and few digits.
    """
    from reparam.estimators import parted

    vector, entry = parted(row.parameter)
    fine, coarse = (".6g", ".3g") if brief is None else (".3g", ".2g")
    return {
        "estimator": row.estimator,
        "θ": row.parameter if brief is None else brief[vector] + entry,
        "estimate": concise(row.value, row.standard_error),
        "var": f"{row.variance:{coarse}}",
        "ns": _short(row.cost),
        "efficiency": _if_known(row.efficiency, coarse),
        "exact": _if_known(row.exact, fine),
    }


def _if_known(value: float, digits: str) -> str:
    """Return a number, or nothing for NaN."""
    return "" if math.isnan(value) else f"{value:{digits}}"


def _short(cost: float) -> str:
    """Return a positive number with three digits in five letters: 13.5k is 13,500."""
    size = 1 if cost < 999.5 else 1000 if cost < 999.5e3 else 1000_000
    return f"{cost / size:.3g}" + {1: "", 1000: "k", 1000_000: "M"}[size]


def _left_out(reasons: Mapping[str, str], asked: list[str] | None) -> Iterator[str]:
    """Yield what was asked for by all and is not there, one line a reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in reasons.items():
        if asked:
            by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        yield f"without {'; '.join(names)}: {why}"
