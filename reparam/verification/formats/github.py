"""Workflow commands of GitHub Actions: an annotation for each check that does not hold.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from reparam.verification.results import Check, Outcome, Report

__all__ = ["check", "end"]

_COMMANDS = {Outcome.FAILS: "error", Outcome.INCONCLUSIVE: "warning"}


def check(check: Check) -> str:
    """Return the annotation of a check that fails or is inconclusive."""
    command = _COMMANDS.get(check.outcome)
    if command is None:
        return ""
    title = f"reparam verify: {check.target}, {check.witness}"
    return _annotation(command, title, "\n".join(check.findings()), check.file, check.line)


def end(report: Report) -> str:
    """Return the annotations of targets of which nothing was seen, and what came of it all."""
    return _unseen(report) + str(report) + "\n"


def _annotation(command: str, title: str, text: str, file: str = "", line: int = 0) -> str:
    """Return an annotation: ``command`` is ``"error"``, ``"warning"`` or ``"notice"``."""
    place = f"file={_property(file)},line={line}," if file else ""
    return f"::{command} {place}title={_property(title)}::{_data(text)}\n"


def _unseen(report: Report) -> str:
    return "".join(
        _annotation("error", f"reparam verify: {name}", "nothing was verified of it")
        for name in report.unseen
    )


def _data(text: str) -> str:
    """Escape a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
