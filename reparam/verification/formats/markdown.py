"""Markdown, as for the summary of a CI job: targets × witnesses, then what does not hold."""

from __future__ import annotations

import re

from reparam.verification import wording
from reparam.verification.results import Check, Outcome, Report
from reparam.verification.witnesses import NAMES

__all__ = ["check", "end"]

_MARKS = {
    Outcome.FAILS: "❌",
    Outcome.INCONCLUSIVE: "❔",
    Outcome.HOLDS: "✅",
    Outcome.SKIPPED: "–",
}


def check(check: Check) -> str:
    """Return nothing: the table needs all checks."""
    return ""


def end(report: Report) -> str:
    """Return the page."""
    asked = {check.witness for check in report.checks}
    witnesses = [name for name in NAMES if name in asked]
    lines = [f"**{'Verified' if report.holds else 'Not verified'}**: {report!s}", ""]
    lines += [_row(["target", *witnesses]), _row(["---", *(":---:" for _ in witnesses)])]
    for target, row in report.rows():
        marks = [_MARKS[row[name].outcome] if name in row else "" for name in witnesses]
        lines.append(_row([_escaped(target), *marks]))
    for check in report.checks:
        if check.outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE):
            lines += ["", f"### {_escaped(check.target)}: {check.witness} {check.outcome}", ""]
            lines += [f"- {_escaped(line)}" for line in check.findings()]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_\[\]<>|#~$&])", r"\\\1", wording.printable(text))
