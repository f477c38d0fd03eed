"""``reparam verify``: whether samplers' gradients are right."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from reparam.cli import cluster, output, parsing
from reparam.cli.options import Dask, OutFile, Seed
from reparam.cli.progress import Counter
from reparam.errors import InputError, ParameterError, UnknownParameterError, did_you_mean

if TYPE_CHECKING:
    from reparam.verification import Check, Report, TargetSpec
    from reparam.verification.formats.table import Look
    from reparam.verification.run.configuration import Configuration

__all__ = ["verify"]


def _complete_target(incomplete: str) -> Iterator[str]:
    from reparam.verification.run.planning import registered

    return (spec.name for spec in registered() if spec.name.startswith(incomplete))


def _complete_witness(incomplete: str) -> Iterator[tuple[str, str]]:
    from reparam.verification.witnesses import NAMES

    before, comma, begun = incomplete.rpartition(",")
    return ((before + comma + name, text) for name, text in NAMES.items() if name.startswith(begun))


def _complete_level(incomplete: str) -> Iterator[str]:
    from reparam.verification.evidence.context import LEVELS

    return (name for name in LEVELS if name.startswith(incomplete))


def _complete_format(incomplete: str) -> Iterator[str]:
    from reparam.verification import formats

    return (name for name in formats.NAMES if name.startswith(incomplete))


def _complete_report(incomplete: str) -> Iterator[str]:
    from reparam.verification import formats

    return (f"{name}:" for name in formats.NAMES if name.startswith(incomplete))


def verify(
    target: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="Registered distributions by name or with parameters, 'gamma(2)'; "
            "package.module:attribute or file.py:attribute; or library:sampler such as torch:Beta. "
            "Default: the targets in pyproject.toml, or else all registered distributions.",
            autocompletion=_complete_target,
        ),
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="How much to check: quick, default or thorough. Default: that of pyproject.toml, "
            "or else default.",
            autocompletion=_complete_level,
        ),
    ] = None,
    project: Annotated[
        bool,
        typer.Option(
            "--project",
            metavar="",
            help="Verify the targets in pyproject.toml: if it has none, that is an error.",
        ),
    ] = False,
    quick: Annotated[
        bool,
        typer.Option("--quick", metavar="", help="Short for --level quick: for a commit hook."),
    ] = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", metavar="", help="Short for --level thorough.")
    ] = False,
    seed: Seed = None,
    rtol: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Tolerance: the relative error of gradients. Default: 1e-7, in single precision "
            "1e-3.",
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="DTYPE",
            help="Precision of third-party samplers' draws: float64 or float32. Default: float64.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WITNESSES",
            help="Ask only these witnesses, with commas between: transform, derivative, identity, "
            "score, distribution, expectation, edges, continuity, moments, second.",
            autocompletion=_complete_witness,
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WITNESSES",
            help="Don't ask these witnesses.",
            autocompletion=_complete_witness,
        ),
    ] = None,
    second_order: Annotated[
        bool,
        typer.Option(
            "--second-order",
            metavar="",
            help="Compare second derivatives of draws, too, where a sampler offers them.",
        ),
    ] = False,
    param: Annotated[
        list[str] | None,
        typer.Option(
            "--param",
            "-p",
            metavar="NAME=NUMBER",
            help="Keep a parameter at this value. Repeat for more; typical values for the rest.",
        ),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Worker processes; what is found doesn't depend on it. Default: one per core.",
        ),
    ] = None,
    time_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            help="A check whose process takes longer is ended, and inconclusive. Default: 60, 120 "
            "or 1800, by level.",
        ),
    ] = None,
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="table, json, jsonl, markdown, junit or github (annotations). Default: by FILE's "
            "suffix; on stdout, table.",
            autocompletion=_complete_format,
        ),
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT:FILE",
            help="Write a report in one of these formats too. Repeat for more.",
            autocompletion=_complete_report,
        ),
    ] = None,
    junit_xml: Annotated[
        str | None, typer.Option(metavar="FILE", help="Short for --report junit:FILE.")
    ] = None,
    dask: Dask = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            metavar="",
            help="A line per check in the table, with its worst point. Default: a line per target.",
        ),
    ] = False,
    out: OutFile = "-",
) -> None:
    """Verify samplers and their gradients: the registry, your own, other libraries'.

    Independent witnesses look at each target. The exit status is 0 if all
    holds, 1 if something is wrong or inconclusive, 2 if something can't be run.

    [bold]Examples[/bold]

    reparam verify --quick

    reparam verify laplace beta --only derivative,identity

    reparam verify student-t -p df=2.5 --skip continuity --seed 42

    reparam verify mypackage.dists:MyLaplace --format github --report junit:report.xml
    """
    from reparam.verification import formats, verify
    from reparam.verification.run.configuration import merged, read
    from reparam.verification.run.running import importable
    from reparam.verification.witnesses import DEFAULTS

    if project and target:
        raise InputError("--project verifies the targets in pyproject.toml; name none beside it")
    if dask and workers:
        raise InputError("--workers counts processes of this machine; leave it out, or --dask")
    name = _format_for(out, format)
    reports = _reports(out, report or [], junit_xml)
    level = _level(level, quick=quick, thorough=thorough)
    if second_order:
        only = [*(only or DEFAULTS), "second"]
    asked = _asked(target, level, seed, rtol, dtype, only, skip, workers, time_limit)
    here = _working_directory()
    configured = read(here)
    plan = merged(asked, configured)
    if not (asked.targets or configured.targets):
        if project:
            raise InputError(
                "there are no targets in pyproject.toml; write for example [tool.reparam] and"
                ' targets = ["mypackage.dists:MyLaplace"]'
            )
        typer.echo(
            "No targets are configured: all registered distributions are verified.", err=True
        )
    fixed = _fixed(param)
    show = partial(_encoded, name, _look(plan.targets, to_stdout=out == "-", verbose=verbose))
    by_target = name == "table" and not verbose
    unread = Event()
    with ExitStack() as stack:
        counter = stack.enter_context(Counter())
        stream, *others = (
            stack.enter_context(output.destination(file)) for file in (out, *reports)
        )

        def write(part: Check | list[Check] | Report) -> None:
            if (text := show(part)) and not unread.is_set():
                with counter.hidden() if out == "-" else nullcontext():
                    try:
                        stream.write(text)
                        stream.flush()
                    except BrokenPipeError:  # checks go on: what they find is the exit status
                        unread.set()
                        output.abandon_stdout()

        with importable(plan.root or here), importable(here), cluster.mapping(dask) as mapped:
            found = verify(
                list(plan.targets),
                level=plan.level or "default",
                seed=plan.seed,
                fixed=fixed,
                workers=plan.workers,
                time_limit=plan.time_limit,
                on_check=None if by_target else write,
                on_target=write if by_target else None,
                on_progress=counter,
                mapped=mapped,
            )
        write(found)
        for other, kind in zip(others, reports.values(), strict=True):
            other.write(formats.render(found, kind).encode())
    if out != "-":
        typer.echo(str(found), err=True)
    if not found.holds:
        raise typer.Exit(1)


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        raise InputError(
            "the working directory does not exist any more; change to another"
        ) from None


def _asked(
    targets: list[str] | None,
    level: str | None,
    seed: str | None,
    rtol: str | None,
    dtype: str | None,
    only: list[str] | None,
    skip: list[str] | None,
    workers: str | None,
    time_limit: str | None,
) -> Configuration:
    """Return what the command line asks for."""
    from reparam.verification import TargetSpec
    from reparam.verification.run.configuration import Configuration
    from reparam.verification.run.planning import validated

    return Configuration(
        targets=tuple(map(TargetSpec, targets or [])),
        level=None if level is None else validated("level", level),
        seed=None if seed is None else parsing.seed(seed),
        rtol=None if rtol is None else validated("rtol", _number(rtol)),
        dtype=None if dtype is None else validated("dtype", dtype),
        only=_witnesses(only),
        skip=_witnesses(skip),
        workers=None if workers is None else _count(workers),
        time_limit=None if time_limit is None else validated("time limit", _number(time_limit)),
    )


def _level(level: str | None, *, quick: bool, thorough: bool) -> str | None:
    """Return the level that is asked for, by whichever option."""
    short = [name for name, given in (("quick", quick), ("thorough", thorough)) if given]
    if len(short) > 1 or (short and level is not None):
        raise InputError("--level, --quick and --thorough exclude each other; pass one")
    return short[0] if short else level


def _witnesses(given: list[str] | None) -> tuple[str, ...]:
    """Return the witnesses of an option that may be repeated, and have commas."""
    from reparam.verification.run.planning import validated

    names = [name.strip() for text in given or [] for name in text.split(",")]
    return tuple(validated("witness", name) for name in names)


def _count(text: str) -> int:
    return parsing.count(text, "number of workers", least=1, example="2")


def _number(text: str) -> float | str:
    """Return a number, or the text if it is not a number."""
    try:
        return float(text)
    except ValueError:
        return text


def _fixed(parameters: list[str] | None) -> dict[str, float]:
    """Return the parameters given as ``name=number``; each target knows which it has."""
    fixed: dict[str, float] = {}
    for text in parameters or []:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise UnknownParameterError(
                f"parameter {name!r} has no value; write for example -p {name or 'scale'}=1"
            )
        number = _number(value)
        if isinstance(number, str):
            raise ParameterError(f"parameter {name}: {value!r} is not a number")
        if name in fixed:
            raise UnknownParameterError(f"got {name!r} twice; pass it once")
        fixed[name] = number
    return fixed


def _format_for(out: str, name: str | None) -> str:
    """Return the format's name: as asked for, or by the file's suffix."""
    from reparam.verification import formats

    if not out:
        raise InputError("--out needs the name of a file, or '-' for stdout")
    if name is None:
        name = "table" if out == "-" else formats.by_suffix(out)
        if name is None:
            known = ", ".join(suffix for suffixes in formats.NAMES.values() for suffix in suffixes)
            raise InputError(f"{out} has no suffix of a known format ({known}); pass --format NAME")
    elif name not in formats.NAMES:
        raise InputError(
            f"no format is called {name!r}{did_you_mean(name, formats.NAMES)}"
            f" (there are {', '.join(formats.NAMES)})"
        )
    return name


def _reports(out: str, given: list[str], junit_xml: str | None) -> dict[str, str]:
    """Return the formats of the reports beside the output, by their files.

    Raises
    ------
    InputError
        If there is no such format, no file, or one place for two outputs.
    """
    from reparam.verification import formats

    wanted = [(f"--report {text}", *text.partition(":")[::2]) for text in given]
    wanted += [] if junit_xml is None else [("--junit-xml", "junit", junit_xml)]
    places = {out if out == "-" else output.real_path(out): "--out"}
    found = {}
    for option, kind, file in wanted:
        if kind not in formats.NAMES:
            raise InputError(
                f"{option}: no format is called {kind!r}{did_you_mean(kind, formats.NAMES)}; pass"
                " for example --report json:report.json"
            )
        if not file:
            raise InputError(f"{option} needs the name of a file")
        place = file if file == "-" else output.real_path(file)
        if place in places:
            where = "stdout ('-')" if file == "-" else file
            raise InputError(
                f"{places[place]} and {option} would both write to {where}; pass two places"
            )
        places[place] = option
        found[file] = kind
    return found


def _look(targets: tuple[TargetSpec, ...], *, to_stdout: bool, verbose: bool) -> Look:
    """Return how a table fits where it goes.

    Lines end at the terminal's width, or at that of ``COLUMNS``; elsewhere nothing is cut.
    """
    from reparam.verification.formats.table import Look

    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    limited = to_stdout and (sys.stdout.isatty() or os.environ.get("COLUMNS"))
    width = max(60, shutil.get_terminal_size((80, 24)).columns) if limited else sys.maxsize
    return Look(
        width=width,
        target=min(max(len(spec.name + spec.suffix) for spec in targets), width - 56),
        colour=to_stdout and sys.stdout.isatty() and not plain,
        unicode=not to_stdout or output.can_show("✓✗≤∂θ"),
        verbose=verbose,
    )


def _encoded(name: str, look: Look, part: Check | list[Check] | Report) -> bytes:
    """Return the text of a format, as bytes."""
    from reparam.verification import Report, formats
    from reparam.verification.formats import table

    form = formats.load(name)
    if name == "table":
        if isinstance(part, list):
            text = table.target(part, look)
        else:
            text = table.end(part, look) if isinstance(part, Report) else table.check(part, look)
        return text.encode("utf-8" if look.unicode else "ascii", errors="replace")
    assert not isinstance(part, list)
    text = form.end(part) if isinstance(part, Report) else form.check(part)
    return text.encode(errors="backslashreplace")  # half a surrogate pair, as JSON writes it
