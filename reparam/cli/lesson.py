"""``reparam lesson``: the interactive lesson, which is a file of this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reparam.cli import output
from reparam.errors import InputError

__all__ = ["lesson"]

#: One page that needs no network; `tools/lesson_page.py` makes it.
PAGE = Path(__file__).resolve().parents[1] / "lesson" / "index.html"


def lesson(
    path: Annotated[
        bool, typer.Option("--path", metavar="", help="Print where the page is, and open nothing.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Write a copy of the page, and open nothing; '-' is stdout.",
        ),
    ] = None,
) -> None:
    """Open the interactive lesson in a browser: why a random draw blocks gradients.

    The page is part of the package and works without a network. Where no browser
    can be opened, its address is printed.

    [bold]Examples[/bold]

    reparam lesson --path

    reparam lesson --out lesson.html
    """
    if path and out is not None:
        raise InputError("--path and --out exclude each other; leave one out")
    if out == "":
        raise InputError("--out needs the name of a file, or '-' for stdout")
    if out is not None:
        with output.destination(out) as stream:
            stream.write(PAGE.read_bytes())
    elif path:
        typer.echo(PAGE)
    elif _opens(PAGE.as_uri()):
        typer.echo(f"Opened {PAGE}", err=True)
    else:
        typer.echo("No browser could be opened here. The lesson is this file:", err=True)
        typer.echo(PAGE)


def _opens(address: str) -> bool:
    """Open an address in a browser, and return whether there is one."""
    import webbrowser

    try:
        return webbrowser.open(address)
    except (webbrowser.Error, OSError):
        return False
