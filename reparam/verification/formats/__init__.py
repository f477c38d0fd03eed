"""Formats of a report, one per file: the text of each check, as it is done, and of the end."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import Protocol, cast

from reparam.verification.results import Check, Report

__all__ = ["NAMES", "Format", "by_suffix", "load", "render"]

#: Each format's name, and the suffixes of the files that hold it.
NAMES = {
    "table": (".txt",),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
    "markdown": (".md",),
    "github": (),
    "junit": (".xml",),
}


class Format(Protocol):
    """What a format's module provides: the texts of all checks, and then that of the end."""

    @staticmethod
    def check(check: Check) -> str:
        """Return the text for a check; empty where the end has it all."""

    @staticmethod
    def end(report: Report) -> str:
        """Return the text after that of all checks."""


def load(name: str) -> Format:
    """Return the format of that name."""
    return cast(Format, import_module(f"reparam.verification.formats.{name}"))


def by_suffix(path: str) -> str | None:
    """Return the name of the format that a file of that name holds, or None."""
    suffix = PurePath(path).suffix.lower()
    return next((name for name, suffixes in NAMES.items() if suffix in suffixes), None)


def render(report: Report, name: str) -> str:
    """Return a report in the format of that name.

    Examples
    --------
    >>> from reparam.verification import Report, Check
    >>> report = Report((Check("laplace", "score"),), 1, "quick", 0.0, "1.0")
    >>> print(render(report, "jsonl").splitlines()[0][:40])
    {"target": "laplace", "witness": "score"
    """
    form = load(name)
    return "".join(map(form.check, report.checks)) + form.end(report)
