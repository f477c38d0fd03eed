"""Workflow commands of GitHub Actions: an annotation for each check that does not hold.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from reparam.verification.formats import wording
from reparam.verification.results import Check, Outcome, Report

__all__ = ["check", "end"]

_COMMANDS = {Outcome.FAILS: "error", Outcome.INCONCLUSIVE: "warning"}


def check(check: Check) -> str:
    """Return the annotation of a check that fails or is inconclusive."""
    command = _COMMANDS.get(check.outcome)
    if command is None:
        return ""
    title = _property(f"reparam verify: {check.target}, {check.witness}")
    return f"::{command} title={title}::{_data(chr(10).join(wording.findings(check)))}\n"


def end(report: Report) -> str:
    """Return what came of it all, for the log."""
    return wording.closing(report) + "\n"


def _data(text: str) -> str:
    """Escape a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a command's property."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
