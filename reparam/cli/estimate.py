"""``reparam estimate``: the gradient of an expectation, by several estimators."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import output, parsing
from reparam.cli.messages import report
from reparam.cli.objective import checked, graph_is_meant, of_graph
from reparam.cli.objective import fixed as fixed_inputs
from reparam.cli.options import (
    Dask,
    Dist,
    Fix,
    GraphFile,
    GraphLines,
    Law,
    OutFile,
    OutFormat,
    Params,
    Seed,
    Threads,
)
from reparam.cli.progress import PATIENCE, Counter
from reparam.errors import InputError, ParameterError
from reparam.notation import concise

if TYPE_CHECKING:
    from reparam.estimators import Estimate, Estimates
    from reparam.graphs import GraphEstimates

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
        str | None,
        typer.Option(
            "--objective",
            "--loss",
            metavar="FORMULA",
            help="J, a formula of one name, which is the draw: of vectors y[0]*y[1] or dot(y, y), "
            "too; of a graph, its loss.",
            show_default="y**2, of vectors sum(y**2)",
        ),
    ] = None,
    graph: GraphFile = None,
    node: GraphLines = None,
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE,…", help="Values of the graph's inputs."),
    ] = None,
    fix: Fix = None,
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
            "unordered-set, measure-valued, smoothed, enumeration, arm, disarm, rebar, relaxed, "
            "hard-concrete, straight-through, gumbel-rao, reinmax, or all; of a graph pathwise, "
            "mixed, mixed-score, score, score-loo, relaxed, straight-through. Repeat for more. "
            "Default: the plain ones that apply.",
            autocompletion=_complete_estimator,
        ),
    ] = None,
    temperature: Annotated[
        str, typer.Option(metavar="T", help="Temperature of relaxations.")
    ] = "0.5",
    seed: Seed = None,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
    dask: Dask = None,
) -> None:
    """Estimate ∂/∂θ E[J(y)] by several estimators, and compare them.

    For each estimator and parameter: the estimate with its standard error, the
    variance of a draw, its ratio to the variance of the plain pathwise estimator
    (discrete: of the plain score function; none of a biased estimator), the exact
    value where it is known, and nanoseconds per draw. All but the last are the
    same each time for a seed.

    [bold]Examples[/bold]

    reparam estimate

    reparam estimate -p loc=1 --objective "cos(8*y)" --estimator all

    reparam estimate gamma -p alpha=2 --objective "log(y)" -n 1e6 -e pathwise -e qmc

    reparam estimate bernoulli --objective "(y - 0.45)**2" -e relaxed --temperature 0.1

    reparam estimate dirichlet -p alpha=1,2,3 --objective "y[0]*y[1]" -n 1e6

    reparam estimate --node "b ~ bernoulli(sigmoid(a))" --loss "(b - 0.45)**2" --at a=0.5
    """
    from reparam.cli import cluster
    from reparam.estimators import estimate as estimate_by

    name = output.format_for(out, format)
    if graph_is_meant(graph, node, param, law, dist):
        if dask:
            raise InputError("--dask is for one distribution; leave it out, or --graph and --node")
        fixed, given = fixed_inputs(fix)
        model = of_graph(graph, node or [], objective, [*(at or []), *given])
        kept = checked(fixed, model)
        moving = [name for name in model.inputs if name not in kept]
        with parsing.seeded(seed) as rng:
            compared = model.estimate(
                parsing.count(count, least=2, example="1e5"),
                estimators=estimator,
                rng=rng,
                temperature=_number(temperature),
                wrt=moving,
            )
            _write_graph(compared, out, name)
        for note in (*_left_out(compared.left_out, estimator), *compared.notes):
            report("Note", note)
        return
    if at or fix:
        raise InputError("--at and --fix are for a graph; pass --graph or --node, or use -p")
    distribution = parsing.distribution(parsing.chosen(law, dist), param)
    draws = parsing.count(count, least=2, example="1e5")
    with parsing.seeded(seed) as rng:
        with cluster.mapping(dask) as mapped, Counter("draws", PATIENCE) as counter:
            found = estimate_by(
                distribution,
                objective or ("sum(y**2)" if distribution.event_shape else "y**2"),
                draws,
                estimators=estimator,
                rng=rng,
                temperature=_number(temperature),
                on_progress=counter,
                mapped=mapped,
            )
        _write(found, out, name)
    for note in (*_left_out(found.left_out, estimator), *found.notes):
        report("Note", note)


def _number(temperature: str) -> float:
    try:
        return float(temperature)
    except ValueError:
        raise ParameterError(
            f"temperature {temperature!r} is not a number; pass for example 0.5"
        ) from None


def _write_graph(estimates: GraphEstimates, out: str, name: str) -> None:
    """Write the estimates of a graph's gradient."""
    from dataclasses import asdict

    rows = [asdict(row) for row in estimates]
    if name == "table":
        rows = [
            {
                "estimator": row.estimator,
                "input": row.input,
                "element": row.element,
                "estimate": concise(row.value, row.standard_error),
                "var": f"{row.variance:.3g}",
                "exact": _if_known(row.exact, ".6g"),
                "biased": "yes" if row.biased else "no",
                "ns": _short(row.cost),
            }
            for row in estimates
        ]
    _records(rows, out, name)


def _write(estimates: Estimates, out: str, name: str) -> None:
    rows = _fitting(estimates) if name == "table" else list(map(_columns, estimates))
    _records(rows, out, name)


def _records(rows: Sequence[Mapping[str, Any]], out: str, name: str) -> None:
    """Write rows that have the same columns."""
    import numpy as np

    from reparam.formats import Records

    if not rows:
        raise InputError("there is nothing to differentiate in: the graph has no inputs")
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
        "variance_ratio": row.variance_ratio,
        "exact": row.exact,
        "biased": row.biased,
        "bias": row.bias,
        "draws": row.draws,
        "cost_ns": row.cost,
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
        "ratio": _if_known(row.variance_ratio, coarse),
        "exact": _if_known(row.exact, fine),
        "ns": _short(row.cost),
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
