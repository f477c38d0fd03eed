"""A table for people: a line a check as it is done, what is wrong below it, a line at the end."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from reparam.verification import witnesses, wording
from reparam.verification.results import Check, Comparison, Outcome, Report

__all__ = ["Look", "check", "end"]

_MARKS = {
    Outcome.FAILS: "✗",
    Outcome.INCONCLUSIVE: "?",
    Outcome.HOLDS: "✓",
    Outcome.SKIPPED: "–",
}
#: How a terminal colours them.
_COLOURS = {
    Outcome.FAILS: "\x1b[31m",
    Outcome.INCONCLUSIVE: "\x1b[33m",
    Outcome.HOLDS: "\x1b[32m",
    Outcome.SKIPPED: "\x1b[2m",
}
_PLAIN = "\x1b[0m"

#: What stands for characters that a terminal without Unicode lacks.
_ASCII = str.maketrans(
    {
        "✗": "x", "✓": "+", "–": "-", "−": "-", "≤": "<=", "…": "..", "∂": "d", "θ": "theta",
        "φ": "phi", "π": "pi", "σ": "se", "ₙ": "n", "³": "3", "²": "2", "∫": "integral of ",
    }
)  # fmt: skip

#: Columns of witnesses, and of errors beside bounds.
_WITNESS, _BOUND = max(map(len, witnesses.NAMES)), 17
#: Findings below a check.
_MOST = 5


@dataclass(frozen=True)
class Look:
    """How a table looks.

    Attributes
    ----------
    width
        Columns that a line may take.
    target
        Columns for the targets' names.
    colour, unicode
        Whether there may be colours, and more than ASCII.
    """

    width: int = 80
    target: int = 18
    colour: bool = False
    unicode: bool = True

    def shown(self, text: str, outcome: Outcome | None = None) -> str:
        """Return a text as the terminal can show it, in the colour of an outcome."""
        text = text if self.unicode else text.translate(_ASCII)
        return f"{_COLOURS[outcome]}{text}{_PLAIN}" if self.colour and outcome else text


def check(check: Check, look: Look = Look()) -> str:
    """Return the line of a check, and below what is wrong, the worst first."""
    outcome = check.outcome
    mark, target = look.shown(_MARKS[outcome], outcome), wording.printable(check.target)
    if len(target) > look.target:
        target = "…" + target[1 - look.target :]
    margin = look.target + _WITNESS + 6
    rest, room = _summary(check), look.width - margin
    below = check.findings() if outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE) else []
    if below and check.reason:  # it is told in this line, if it fits, or below, not twice
        rest, below = (rest, below[1:]) if len(rest) <= room else ("", below)
    if len(rest) > room:
        rest = rest[: room - 1] + "…"
    head = f" {target:{look.target}}  {check.witness:{_WITNESS}}  "
    lines = [head + rest, *_below(below, look.width)]
    return mark + "\n".join(look.shown(line.rstrip()) for line in lines) + "\n"


def end(report: Report, look: Look = Look()) -> str:
    """Return the closing line."""
    text = "\n".join(textwrap.wrap(str(report), look.width))
    return look.shown(text, report.outcome) + "\n"


def _summary(check: Check) -> str:
    """Return the achieved error beside the bound, and where that was; or the reason."""
    worst = check.worst
    if worst is None or check.reason:
        return wording.printable(check.reason)
    place = ", ".join(f"{name}={value:.3g}" for name, value in worst.point.items())
    where = f"{worst.what} at {place}" if place else worst.what
    return f"{_beside(worst):{_BOUND}}  {wording.printable(where)}"


def _beside(item: Comparison) -> str:
    if not item.is_measured or item.unit == "statement":
        return ""
    sign = "≤" if item.error <= item.bound else ">"
    unit = " σ" if item.unit == "standard errors" else ""
    return f"{wording.short(item.error)} {sign} {wording.short(item.bound)}{unit}"


def _below(found: list[str], width: int) -> list[str]:
    """Return indented lines with what was found."""
    shown = found if len(found) <= _MOST else found[: _MOST - 1]
    lines = [
        line
        for text in shown
        for line in textwrap.wrap(text, width, initial_indent="    ", subsequent_indent="      ")
    ]
    more = len(found) - len(shown)
    return [*lines, f"    … and {more} more"] if more else lines
