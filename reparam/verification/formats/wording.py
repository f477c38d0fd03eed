"""What several formats say in the same words."""

from __future__ import annotations

import re

from reparam.verification.results import Check, Outcome, Report

__all__ = ["closing", "findings", "printable", "short"]

#: For one check, and for more.
_VERBS = {
    Outcome.FAILS: ("fails", "fail"),
    Outcome.INCONCLUSIVE: ("inconclusive", "inconclusive"),
    Outcome.HOLDS: ("holds", "hold"),
    Outcome.SKIPPED: ("skipped", "skipped"),
}

#: Characters of a message, at most: a target may raise any.
_LONGEST = 2000
#: Control characters, and halves of surrogate pairs: no text, though a target's message may
#: have them.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def closing(report: Report) -> str:
    """Return what came of a run, in a line."""
    total = len(report.checks)
    order = (Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE, Outcome.SKIPPED)
    counts = {outcome: report.count(outcome) for outcome in order}
    parts = [f"{n} {_VERBS[outcome][n > 1]}" for outcome, n in counts.items() if n]
    level = "" if report.level == "default" else f"{report.level}, "
    return (
        f"{total} check{'s' * (total != 1)}: {', '.join(parts)};"
        f" {level}seed {report.seed}, {report.seconds:.3g} s"
        + (f"; P(false alarm) ≤ {short(report.false_alarm)}" if report.false_alarm else "")
        + "".join(f"; nothing was verified of {name}" for name in report.unseen)
    )


def findings(check: Check) -> list[str]:
    """Return what a check that does not hold has found, the worst first, a line each."""
    lines = [check.reason] if check.reason else []
    lines += [str(item) for item in check.comparisons if item.outcome is check.outcome]
    return [printable(line) for line in lines]


def printable(text: str) -> str:
    """Return a text on one line, with escapes for what is no text, and no longer than a page."""
    line = " ".join(text[: 2 * _LONGEST].split())
    line = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", line)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def short(number: float) -> str:
    """Return a number's two leading digits: ``1e-9``, not ``1e-09``."""
    return re.sub(r"e([+-])0(\d)$", r"e\1\2", f"{number:.2g}")
