"""``reparam plot``: a picture of distributions, on the terminal or in a file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import PurePath
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer

from reparam.cli import completion, output, page, parsing
from reparam.cli.messages import report
from reparam.cli.options import OutFile, Params, Seed, Shard, Threads
from reparam.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from reparam.base.distribution import Distribution
    from reparam.plots import Picture

__all__ = ["IMAGES", "plot", "write_image"]

#: Pictures by matplotlib, with what keeps the same picture the same file.
IMAGES = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}

#: Formats of the numbers.
_NUMBERS = ("csv", "json", "jsonl", "npy", "npz", "parquet")

#: All formats.
_FORMATS = ("text", *IMAGES, *_NUMBERS)

#: Columns that a picture takes, at least: charts have no room in fewer.
_NARROWEST = 40

#: Columns that a picture takes, at most: wider ones are hard to survey.
_WIDEST = 120

#: The beginning of an assignment.
_ASSIGNED = re.compile(r"\s*[^\W\d][\w.]*\s*=")
#: A comma before the next assignment.
_NEXT = re.compile(r",(?=\s*[^\W\d][\w.]*\s*=)")


def _complete_format(incomplete: str) -> Iterator[str]:
    return (name for name in _FORMATS if name.startswith(incomplete))


def plot(
    dist: Annotated[
        str,
        typer.Argument(
            metavar="DIST",
            help="The distribution, by name or alias.",
            autocompletion=completion.distributions,
        ),
    ] = "gaussian",
    param: Params = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            "--compare",
            "-c",
            metavar="OTHER",
            help="Another distribution beside it: NAME, 'NAME(p=1, q=2)', or p=1,q=2 for DIST with "
            "other parameters. Repeat for more, up to 6 in all.",
            autocompletion=completion.distributions,
        ),
    ] = None,
    grad: Annotated[
        bool,
        typer.Option(
            "--grad",
            metavar="",
            help="Show, for each parameter θ, the path y(θ) at fixed u, and ∂y/∂θ over y.",
        ),
    ] = False,
    count: Annotated[
        str | None,
        typer.Option(
            "--count", "-n", metavar="N", help="Show a histogram of N draws. Default: none."
        ),
    ] = None,
    seed: Seed = None,
    shard: Shard = None,
    out: OutFile = "-",
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="FORMAT",
            help="text, or by matplotlib png, svg or pdf; the numbers as csv, json, jsonl, npy, "
            "npz or parquet. Default: by FILE's suffix; on stdout text.",
            autocompletion=_complete_format,
        ),
    ] = None,
    threads: Threads = None,
) -> None:
    """Plot distributions: density, draws, paths y(θ) and derivatives ∂y/∂θ.

    Text needs 40 columns or more, and ends with numbers at five quantiles u.
    Images need matplotlib, which the extra "plot" installs.

    [bold]Examples[/bold]

    reparam plot

    reparam plot gamma -p alpha=2 --grad

    reparam plot beta -p a=0.5 -p b=0.5 -n 1000 --seed 1

    reparam plot gaussian --compare laplace --compare "student-t(df=2)"

    reparam plot gamma --compare alpha=2 --compare alpha=4,rate=2 --out gamma.csv
    """
    name = _format_for(out, format)
    laws = [parsing.distribution(dist, param)]
    laws += [_other(text, dist, param or []) for text in compare or []]
    if shard is not None and count is None:
        raise InputError("--shard is a part of the draws; pass --count as well")

    from reparam import plots

    drawn = count is not None or any(law.event_shape for law in laws)
    with parsing.seeded(seed) if drawn else nullcontext() as rng:
        numbers = range(0) if count is None else parsing.draws(count, shard, laws[0].batch_shape)
        picture = plots.picture(*laws, grad=grad, draws=numbers, rng=rng)
        if name == "text":
            _write_text(picture, out)
        elif name in IMAGES:
            write_image(picture, out, name)
        else:
            _write_numbers(picture, out, name)
    for note in picture.notes:
        report("Note", note)


def _format_for(out: str, name: str | None) -> str:
    """Return the format's name: as asked for, by the file's suffix, or text on stdout."""
    from reparam import formats

    if name is None:
        suffix = PurePath(out).suffix.lower()
        if out == "-" or suffix == ".txt":
            return "text"
        if suffix[1:] in IMAGES:
            return suffix[1:]
        if not out or formats.by_suffix(out):
            return output.format_for(out, None)
        raise InputError(
            f"{out} has no suffix that determines its format; pass --format NAME, or a name that"
            " ends in .png, .svg, .pdf, .txt or .csv"
        )
    if name not in _FORMATS:
        raise InputError(
            f"no format is called {name!r}{did_you_mean(name, _FORMATS)}"
            f" (there are {', '.join(_FORMATS)})"
        )
    if name in ("png", "pdf") and out == "-" and output.on_terminal():
        raise InputError(f"{name} is binary, nothing for a terminal; pass --out FILE or use a pipe")
    return output.format_for(out, name) if name in _NUMBERS else name


def _other(text: str, dist: str, param: Sequence[str]) -> Distribution:
    """Return a distribution to compare with: any, or the first with other parameters."""
    changed = _NEXT.split(text)
    if not all(_ASSIGNED.match(part) for part in changed):
        return parsing.distribution(text, None, "--compare")
    known = parsing.law(dist).parameters
    new = {known.canonical(part.partition("=")[0].strip()) for part in changed}
    kept = [part for part in param if known.canonical(part.partition("=")[0].strip()) not in new]
    return parsing.distribution(dist, [*kept, *changed], "--compare")


def write_image(picture: Picture, out: str, name: str) -> None:
    """Draw a picture to a file, or to stdout for ``-``."""
    from reparam.plots._matplotlib import draw

    figure = draw(picture)

    import matplotlib

    # the names of an SVG's parts are random otherwise
    with matplotlib.rc_context({"svg.hashsalt": "reparam"}), output.destination(out) as stream:
        figure.savefig(stream, format=name, dpi=144, metadata=IMAGES[name])


def _write_numbers(picture: Picture, out: str, name: str) -> None:
    import numpy as np

    from reparam.formats import Records

    panels, titles, layers, x, y = zip(*picture.rows(), strict=True)
    block = {
        "panel": np.array(panels),
        "distribution": np.array(titles),
        "layer": np.array(layers),
        "x": np.array(x),
        "y": np.array(y),
    }
    types = {column: values.dtype for column, values in block.items()}
    output.write(Records(types, (len(x),), iter([block])), out, name)


def _write_text(picture: Picture, out: str) -> None:
    colour = out == "-" and output.colourful()
    width = get_terminal_size((80, 24)).columns if out == "-" else 80
    text = page.of(picture, min(max(width, _NARROWEST), _WIDEST), colour=colour)
    output.write_text(text, out)
