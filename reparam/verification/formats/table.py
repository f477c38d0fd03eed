"""A table for people: a line per target or check as it is done, and below it what is wrong.

At the end targets that don't hold are repeated, unless they were the last, and named.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from reparam.verification import witnesses, wording
from reparam.verification.results import Check, Comparison, Outcome, Report, worst

__all__ = ["Look", "check", "end", "target"]

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

#: A number in a finding.
_NUMBER = re.compile(r"-?\d[\d.]*(e[+-]?\d+)?|-?\b(nan|inf)\b")
#: Columns of witnesses, and of errors beside bounds.
_WITNESS, _BOUND = max(map(len, witnesses.NAMES)), 17
#: Findings below a check or a target, and names of targets in the closing line.
_MOST, _NAMED = 5, 8


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
    verbose
        Whether there is a line per check, not per target.
    """

    width: int = 80
    target: int = 18
    colour: bool = False
    unicode: bool = True
    verbose: bool = True

    def shown(self, text: str, outcome: Outcome | None = None) -> str:
        """Return a text as the terminal can show it, in the colour of an outcome."""
        text = text if self.unicode else text.translate(_ASCII)
        return f"{_COLOURS[outcome]}{text}{_PLAIN}" if self.colour and outcome else text


def check(check: Check, look: Look = Look()) -> str:
    """Return the line of a check, and below what is wrong, the worst first."""
    outcome = check.outcome
    mark, target = look.shown(_MARKS[outcome], outcome), _fitting(check.target, look)
    margin = look.target + _WITNESS + 6
    rest, room = _summary(check), look.width - margin
    below = check.findings() if outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE) else []
    if below and check.reason:  # it is shown in this line, if it fits, or below, not twice
        rest, below = (rest, below[1:]) if len(rest) <= room else ("", below)
    if len(rest) > room:
        rest = rest[: room - 1] + "…"
    head = f" {target:{look.target}}  {check.witness:{_WITNESS}}  "
    lines = [head + rest, *_below(below, look.width)]
    return mark + "\n".join(look.shown(line.rstrip()) for line in lines) + "\n"


def target(checks: Sequence[Check], look: Look = Look()) -> str:
    """Return the line of a target, given all of its checks, and below what does not hold."""
    outcome = worst(each.outcome for each in checks)
    mark, name = look.shown(_MARKS[outcome], outcome), _fitting(checks[0].target, look)
    held = [each for each in checks if each.outcome is Outcome.HOLDS]
    parts = [
        f"{_MARKS[each.outcome]} {each.witness}"
        for each in checks
        if each.outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE)
    ]
    if held:
        count = f"{len(held)} check{'s' * (len(held) != 1)}"
        parts.append(f"{count} hold{'s' * (len(held) == 1)}" if parts else f"{count}{_least(held)}")
    if skipped := sum(each.outcome is Outcome.SKIPPED for each in checks):
        parts.append(
            f"{skipped} skipped" if parts else f"nothing to look at: {_summary(checks[0])}"
        )
    head = f" {name:{look.target}}  {', '.join(parts)}"
    lines = textwrap.wrap(head, look.width - 1, subsequent_indent="    ")
    found = [f"{', '.join(by)}: {text}" for text, by in _by_finding(checks).items()]
    lines += _below(found, look.width)
    return mark + "\n".join(look.shown(line.rstrip()) for line in lines) + "\n"


def end(report: Report, look: Look = Look()) -> str:
    """Return the targets that don't hold once more, unless seen last, and the closing line."""
    by_target: dict[str, list[Check]] = {}
    for each in report.checks:
        by_target.setdefault(each.target, []).append(each)
    bad = {
        name: checks
        for name, checks in by_target.items()
        if worst(each.outcome for each in checks) in (Outcome.FAILS, Outcome.INCONCLUSIVE)
    }
    again = ""
    if not look.verbose and bad and list(by_target)[-len(bad) :] != list(bad):
        again = "\n" + "".join(target(checks, look) for checks in bad.values())
    named = [wording.printable(name) for name in bad][:_NAMED]
    more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    closing = str(report) + (
        f"; look at {', '.join(named)}{more}" if len(by_target) > 1 and bad else ""
    )
    text = "\n".join(textwrap.wrap(closing, look.width))
    return again + look.shown(text, report.outcome) + "\n"


def _fitting(name: str, look: Look) -> str:
    name = wording.printable(name)
    return name if len(name) <= look.target else "…" + name[1 - look.target :]


def _least(held: Sequence[Check]) -> str:
    """Return the error nearest to its bound, of all that was measured and has a tolerance."""
    given = [
        item
        for each in held
        for item in each.comparisons
        if item.is_measured and item.unit in ("relative", "absolute") and item.bound > 0.0
    ]
    if not given:
        return ""
    item = max(given, key=lambda each: each.severity)
    return f", worst {wording.short(item.error)} of {wording.short(item.bound)}"


def _by_finding(checks: Sequence[Check]) -> dict[str, list[str]]:
    """Return the witnesses of each finding: those that differ by numbers alone are one."""
    found: dict[str, tuple[str, dict[str, None]]] = {}
    for each in checks:
        if each.outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE):
            for text in each.findings():
                _, by = found.setdefault(_NUMBER.sub("#", text), (text, {}))
                by[each.witness] = None
    return {text: list(by) for text, by in sorted(found.values(), key=lambda two: -len(two[1]))}


def _summary(check: Check) -> str:
    """Return the achieved error beside the bound, and where that was; or the reason."""
    item = check.worst
    if item is None or check.reason:
        return wording.printable(check.reason)
    place = ", ".join(f"{name}={wording.number(value, 3)}" for name, value in item.point.items())
    where = f"{item.what} at {place}" if place else item.what
    return f"{_beside(item):{_BOUND}}  {wording.printable(where)}"


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
