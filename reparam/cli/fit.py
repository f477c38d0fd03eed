"""``reparam fit``: inputs that minimize the expectation of a loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reparam.cli import objective, output, parsing, reading
from reparam.cli.messages import report
from reparam.cli.options import (
    Dist,
    GraphFile,
    GraphLines,
    Law,
    OutFile,
    OutFormat,
    Params,
    Seed,
    Threads,
)
from reparam.cli.plot import IMAGES, write_image
from reparam.cli.progress import Counter
from reparam.errors import InputError, ParameterError

if TYPE_CHECKING:
    from reparam._typing import Array
    from reparam.fitting import Fit, Run, Trace
    from reparam.formats import Records
    from reparam.graphs import Model

__all__ = ["fit"]

#: Lines of the chart.
_TALL = 10


def fit(
    law: Law = None,
    dist: Dist = None,
    param: Params = None,
    loss: Annotated[
        str | None,
        typer.Option(
            "--loss",
            "--objective",
            metavar="FORMULA",
            help="The loss J, such as '(y - 1)**2': E[J] is minimized.",
        ),
    ] = None,
    at: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE,…",
            help="The inputs to fit, with starting values, in the same forms as a parameter's.",
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE],…",
            help="Inputs that keep their values, such as x=@data.csv:x. Parameters of LAW that are "
            "numbers do.",
        ),
    ] = None,
    graph: GraphFile = None,
    node: GraphLines = None,
    count: Annotated[
        str, typer.Option("--count", "-n", metavar="N", help="Number of draws per step.")
    ] = "100",
    steps: Annotated[
        str,
        typer.Option(metavar="N", help="Number of steps; at a constant rate the most steps."),
    ] = "2000",
    rate: Annotated[
        str,
        typer.Option(metavar="X", help="About how far an input moves in one of the first steps."),
    ] = "0.05",
    schedule: Annotated[
        str,
        typer.Option(
            metavar="cosine|constant",
            help="cosine: the rate falls to a quarter over the first half of the steps. constant: "
            "stop early, once the loss falls by no more than two standard errors.",
        ),
    ] = "cosine",
    tolerance: Annotated[
        str,
        typer.Option(
            metavar="X",
            help="Stop early only if the standard error of the loss's fall is at most X.",
        ),
    ] = "inf",
    trace: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write each step: loss, inputs, gradients. The suffix determines the format. It "
            "is written also when Ctrl-C or an error ends the fit.",
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Go on where this trace ends, with the options that it was made with. The result "
            "is the one without a break, bit for bit.",
        ),
    ] = None,
    plot: Annotated[
        bool, typer.Option("--plot", metavar="", help="Show a chart of the loss by step.")
    ] = False,
    seed: Seed = None,
    out: OutFile = "-",
    format: OutFormat = None,
    threads: Threads = None,
) -> None:
    """Minimize E[J] over inputs of formulas, by stochastic gradients.

    Writes E[J], the inputs, and the gradient there, with standard errors. With
    --out FILE.svg, .png or .pdf, matplotlib draws the loss by step instead.

    [bold]Examples[/bold]

    reparam fit -p loc=m --at m=0 --loss "(y - 3)**2 + m**2" --steps 500

    reparam fit -p loc=m -p "scale=exp(s)" --at m=0,s=0 --loss "y**2/2 + 2*(2 - y)**2 - s" --plot

    reparam fit -p loc=m --at m=0 --loss "y**2" --steps 200 --seed 1 --trace trace.csv

    reparam fit -p loc=m --at m=0 --loss "y**2" --steps 200 --seed 1 --resume trace.csv -o loss.svg
    """
    from reparam.fitting import Run, Settings

    suffix = PurePath(out).suffix.lower()[1:]
    image = format if format in IMAGES else suffix if format is None and suffix in IMAGES else None
    name = image or output.format_for(out, format)
    written = None if trace is None else output.format_for(trace, None)
    if trace == "-":
        raise InputError("--trace needs the name of a file; the result is what stdout gets")
    fixed, given = objective.fixed(fix)
    model = _model(law, dist, param or [], loss, [*(at or []), *given], graph, node or [])
    free = objective.settings(at or [])
    fixed += [name for name in model.inputs if name not in free and name not in fixed]
    settings = Settings(
        parsing.count(count, least=2, example="100"),
        parsing.count(steps, "--steps", least=1, example="2000"),
        _number(rate, "--rate"),
        schedule,
        _number(tolerance, "--tolerance"),
    )
    before = None if resume is None else _read(resume, model, fixed)
    with parsing.seeded(seed) as rng:
        run = Run(model, settings, fixed=fixed, rng=rng, resume=before)
        try:
            with Counter("steps") as counter:
                for done in run:
                    counter(done, settings.steps)
        finally:  # also when Ctrl-C cuts a long run short
            if trace is not None and written is not None:
                _write_trace(run, trace, written)
        result = run.result()
        to_stdout = out == "-" and name == "table"
        if plot:
            typer.echo(_chart(result), err=not to_stdout)
        if image is None:
            output.write(_records(result), out, name)
        else:
            from reparam.fitting import picture

            write_image(picture(result.trace), out, image)
    change = result.change
    typer.echo(
        f"{len(result.trace)} steps; within the last {change.steps}, the loss fell by"
        f" {change.fall:.2g} ± {change.standard_error:.2g}",
        err=not to_stdout,
    )
    for note in result.notes:
        report("Note", note)


def _model(
    law: str | None,
    dist: str | None,
    param: Sequence[str],
    loss: str | None,
    at: Sequence[str],
    graph: str | None,
    node: Sequence[str],
) -> Model:
    """Return what to fit, with the values that all inputs have at first."""
    if objective.graph_is_meant(graph, node, param, law, dist):
        return objective.of_graph(graph, node, loss, at)
    if loss is None:
        raise InputError("there is no loss to minimize; pass --loss, such as '(y - 1)**2'")
    return objective.of_distribution(parsing.chosen(law, dist), param, loss, at)[0]


def _number(text: str, option: str) -> float:
    """Return the number that an option has."""
    try:
        return float(text)
    except ValueError:
        raise ParameterError(f"{option} {text!r} is not a number; pass for example 0.05") from None


def _read(file: str, model: Model, fixed: Sequence[str]) -> Trace:
    """Return the trace that a file holds."""
    from reparam.fitting import Trace

    shapes = {name: each.shape for name, each in model.inputs.items() if name not in fixed}
    with reading.columns(f"@{file}", "--resume") as columns:

        def column(name: str) -> Array:
            found = columns.exactly(name)
            if found is None:
                raise InputError(f"it has no column {name!r}; pass a file that --trace wrote")
            return found

        return Trace.read(shapes, column)


def _write_trace(run: Run, file: str, name: str) -> None:
    from reparam.formats import Records

    columns = run.trace.columns
    types = {label: column.dtype for label, column in columns.items()}
    output.write(Records(types, (len(run.trace),), iter([columns])), file, name)


def _records(result: Fit) -> Records:
    """Return the loss, the inputs and the gradient, with standard errors."""
    import numpy as np

    from reparam.formats import Records

    found, errors = result.expectation, result.expectation.standard_error
    rows: dict[str, tuple[Any, Any]] = {"loss": (found.value, errors.value)}
    rows |= {name: (value, result.standard_error[name]) for name, value in result.inputs.items()}
    rows |= {f"dJ_d{name}": (found.gradient[name], errors.gradient[name]) for name in result.inputs}
    sizes = [np.size(value) for value, _ in rows.values()]
    block = {
        "quantity": np.repeat(list(rows), sizes),
        "element": np.concatenate([np.arange(size) for size in sizes]),
        "value": np.concatenate([np.ravel(value) for value, _ in rows.values()]),
        "standard_error": np.concatenate([np.ravel(error) for _, error in rows.values()]),
    }
    types = {column: values.dtype for column, values in block.items()}
    return Records(types, (sum(sizes),), iter([block]))


def _chart(result: Fit) -> str:
    """Return the loss by step as lines of text."""
    from reparam.cli import blocks
    from reparam.fitting import picture

    shown = picture(result.trace)
    width = min(get_terminal_size((80, 24)).columns, 80)
    lines: Iterator[str] = map(str, blocks.lines(shown.density, width, _TALL, 0))
    text = "\n".join([f"E[loss] by step ({shown.titles[0]})", *lines])
    return text if output.can_show("▁█▙●┤∂θ") else text.translate(blocks.ASCII)
