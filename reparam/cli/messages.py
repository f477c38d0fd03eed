"""Sentences on stderr: notes, warnings and errors."""

from __future__ import annotations

import sys
from shutil import get_terminal_size
from textwrap import fill

import typer

__all__ = ["report"]


def report(kind: str, sentence: object) -> None:
    """Print a sentence on stderr: a line, and on a terminal lines that end between words."""
    text = f"{kind}: {sentence}"
    if sys.stderr.isatty():
        width = get_terminal_size((80, 24)).columns
        text = fill(text, width, break_long_words=False, break_on_hyphens=False)
    typer.echo(text, err=True)
