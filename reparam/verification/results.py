"""What a verification found: comparisons, gathered into checks, gathered into a report.

All are frozen, and a report has a JSON form with a schema version that reads back to an equal one.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any

from reparam.errors import InputError
from reparam.verification.refusals import NO_MOMENTS, NO_PARAMETERS
from reparam.verification.wording import number, printable, short

__all__ = ["SCHEMA", "Check", "Comparison", "Outcome", "Report", "worst"]

#: The version of the JSON form: raised when a reader of the old one would go wrong.
SCHEMA = 1


class Outcome(StrEnum):
    """What came of a comparison, a check or a whole run; worst first."""

    #: Something is wrong.
    FAILS = "fails"
    #: The reference is not accurate enough to tell.
    INCONCLUSIVE = "inconclusive"
    #: All holds.
    HOLDS = "holds"
    #: Nothing to look at: the reason says why.
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """Its place among the outcomes: the worst has 0."""
        return list(Outcome).index(self)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the worst of outcomes; of none, that there was nothing to look at."""
    return min(outcomes, key=lambda outcome: outcome.rank, default=Outcome.SKIPPED)


#: For one check, and for more.
_VERBS = {
    Outcome.FAILS: ("fails", "fail"),
    Outcome.INCONCLUSIVE: ("inconclusive", "inconclusive"),
    Outcome.HOLDS: ("holds", "hold"),
    Outcome.SKIPPED: ("skipped", "skipped"),
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """One statement compared with its reference at many points, represented by the worst of them.

    Attributes
    ----------
    what
        What is compared, such as ``"∂y/∂scale"``.
    outcome
        Whether it holds.
    error, bound
        The error at the worst point (the one nearest to its bound, or furthest beyond) and what
        is allowed there; NaN where there is nothing to measure.
    unit
        What both are in: ``"relative"``, ``"absolute"``, ``"probability"``, ``"draws"`` or
        ``"standard errors"``; ``"statement"`` where it is so or not.
    point
        The parameters there, and the noise or the value.
    got, expected
        What the target says there, and the reference.
    points
        How many points were compared.
    note
        What else there is to say.
    """

    what: str
    outcome: Outcome
    error: float = math.nan
    bound: float = math.nan
    unit: str = "relative"
    point: Mapping[str, float] = field(default_factory=dict)
    got: float = math.nan
    expected: float = math.nan
    points: int = 0
    note: str = ""

    @property
    def severity(self) -> float:
        """The error in units of its bound: more than 1 is wrong."""
        if self.error == 0.0:
            return 0.0
        return self.error / self.bound if self.bound > 0.0 else math.inf

    @property
    def digits(self) -> float:
        """How many significant digits `got` and `expected` share."""
        if self.got == self.expected:
            return 17.0
        relative = abs(self.got - self.expected) / max(abs(self.expected), 5e-324)
        return max(0.0, -math.log10(relative)) if math.isfinite(relative) else 0.0

    def __str__(self) -> str:
        """Return one sentence: what, where, got and expected."""
        where = ", ".join(f"{name}={number(value, 6)}" for name, value in self.point.items())
        text = f"{self.what} at {where}" if where else self.what
        if measured := self._measured():
            text += f": {measured}"
        return f"{text}; {self.note}" if self.note else text

    def _measured(self) -> str:
        """Return what was found there, in its unit's words."""
        if self.outcome is Outcome.INCONCLUSIVE and not self.is_measured:
            return "" if self.note else "undecided"
        if self.unit == "statement":
            return "so" if self.error == 0.0 else "not so"
        if self.unit == "standard errors":
            return f"off by {self.got:.4g} standard errors, bound {self.bound:.3g}"
        if math.isnan(self.got) and math.isnan(self.expected):
            return ""
        text = f"got {_apart(self.got, self.expected)}, expected {_apart(self.expected, self.got)}"
        if self.unit == "relative" and math.isfinite(self.got) and math.isfinite(self.expected):
            return f"{text} ({self.digits:.1f} digits)"
        if self.is_measured:
            return f"{text} ({self.error:.3g} {self.unit}, bound {self.bound:.3g})"
        return text

    @property
    def is_measured(self) -> bool:
        """Whether there is an error to tell."""
        return math.isfinite(self.error) and not math.isnan(self.bound)

    def __eq__(self, other: object) -> bool:
        """Whether both say the same: NaN is equal to NaN here."""
        if not isinstance(other, Comparison):
            return NotImplemented
        return comparison_to_json(self) == comparison_to_json(other)

    __hash__ = None  # type: ignore[assignment]


def _apart(value: float, other: float) -> str:
    """Return a number in ten digits, or in as many as tell it from another one."""
    short = f"{value:.10g}"
    return f"{value:.17g}" if value != other and short == f"{other:.10g}" else short


@dataclass(frozen=True)
class Check:
    """What one witness says of one target.

    Attributes
    ----------
    target, witness
        Their names.
    comparisons
        What was compared, the worst first.
    reason
        Why there is nothing to compare, or why it could not be done.
    crashed
        Whether the target raised, hung or died: then it fails, for `reason`.
    seconds
        How long it took.
    file, line
        Where the target's class or function begins, the file relative to the working directory:
        empty and 0 if it isn't below that.
    """

    target: str
    witness: str
    comparisons: tuple[Comparison, ...] = ()
    reason: str = ""
    crashed: bool = False
    seconds: float = 0.0
    file: str = ""
    line: int = 0

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of a comparison; a crash fails."""
        if self.crashed:
            return Outcome.FAILS
        return worst(comparison.outcome for comparison in self.comparisons)

    @property
    def worst(self) -> Comparison | None:
        """The comparison that says most."""
        return self.comparisons[0] if self.comparisons else None

    def findings(self) -> list[str]:
        """Return what a check that does not hold has found, the worst first, a line each."""
        lines = [self.reason] if self.reason else []
        lines += [str(item) for item in self.comparisons if item.outcome is self.outcome]
        return [printable(line) for line in lines]

    @property
    def points(self) -> int:
        """How many points were compared."""
        return sum(comparison.points for comparison in self.comparisons)

    def __str__(self) -> str:
        """Return one sentence: target, witness and the worst that was found."""
        found = self.reason or str(self.worst or "nothing compared")
        return f"{self.target}: {self.witness}: {found}"


@dataclass(frozen=True)
class Report:
    """All checks of a run, and how to run it again.

    Attributes
    ----------
    checks
        By target, then witness.
    seed, level
        What makes the same run again.
    false_alarm
        The probability, at most, that a run on right targets has a failure by chance.
    version
        The version of reparam.
    seconds
        How long it took.
    """

    checks: tuple[Check, ...]
    seed: int
    level: str
    false_alarm: float
    version: str
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """The worst outcome of a check."""
        return worst(check.outcome for check in self.checks)

    @property
    def unseen(self) -> list[str]:
        """The targets of which nothing was verified, though there may be something to verify."""
        seen = {
            check.target
            for check in self.checks
            if check.outcome is not Outcome.SKIPPED or check.reason in (NO_MOMENTS, NO_PARAMETERS)
        }
        return [
            name
            for name in dict.fromkeys(check.target for check in self.checks)
            if name not in seen
        ]

    @property
    def holds(self) -> bool:
        """Whether nothing fails, nothing is inconclusive, and something was seen of each target."""
        return self.outcome is Outcome.HOLDS and not self.unseen

    def __str__(self) -> str:
        """Return the closing line of a run."""
        total = len(self.checks)
        order = (Outcome.HOLDS, Outcome.FAILS, Outcome.INCONCLUSIVE, Outcome.SKIPPED)
        counts = {outcome: self.count(outcome) for outcome in order}
        parts = [f"{n} {_VERBS[outcome][n > 1]}" for outcome, n in counts.items() if n]
        level = "" if self.level == "default" else f"{self.level}, "
        return (
            f"{total} check{'s' * (total != 1)}: {', '.join(parts)};"
            f" {level}seed {self.seed}, {self.seconds:.3g} s"
            + (f"; P(false alarm) ≤ {short(self.false_alarm)}" if self.false_alarm else "")
            + "".join(f"; nothing was verified of {name}" for name in self.unseen)
        )

    def _repr_html_(self) -> str:
        """Return a table for notebooks: targets × witnesses, and below it what does not hold."""
        from reparam._html import table

        witnesses = list(dict.fromkeys(check.witness for check in self.checks))
        cells = [
            [
                printable(target),
                *(str(row[name].outcome) if name in row else "" for name in witnesses),
            ]
            for target, row in self.rows()
        ]
        notes = [
            f"{printable(check.target)}: {check.witness} {check.outcome}: {line}"
            for check in self.checks
            if check.outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE)
            for line in check.findings()
        ]
        return table(str(self), ["target", *witnesses], cells, notes)

    def rows(self) -> list[tuple[str, dict[str, Check]]]:
        """Return the checks of each target in turn, by witness."""
        rows: list[tuple[str, dict[str, Check]]] = []
        for check in self.checks:
            if not rows or rows[-1][0] != check.target or check.witness in rows[-1][1]:
                rows.append((check.target, {}))
            rows[-1][1][check.witness] = check
        return rows

    def count(self, outcome: Outcome) -> int:
        """Return how many checks came out that way."""
        return sum(check.outcome is outcome for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Return the report in JSON's types; numbers that JSON lacks become strings."""
        return {
            "schema": SCHEMA,
            "version": self.version,
            "level": self.level,
            "seed": self.seed,
            "false_alarm": self.false_alarm,
            "seconds": self.seconds,
            "outcome": str(self.outcome),
            "holds": self.holds,
            "unseen": self.unseen,
            "checks": [check_to_json(check) for check in self.checks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """Return the report that :meth:`to_json` made this of.

        Raises
        ------
        InputError
            If it is not the JSON form of a report, or of another schema version.
        """
        try:
            if data["schema"] != SCHEMA:
                raise InputError(
                    f"the report has schema {data['schema']!r}, and this version reads {SCHEMA}"
                )
            return cls(
                checks=tuple(map(check_from_json, data["checks"])),
                seed=operator.index(data["seed"]),
                level=str(data["level"]),
                false_alarm=float(data["false_alarm"]),
                version=str(data["version"]),
                seconds=float(data["seconds"]),
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise InputError(f"this is not a report of reparam verify: {error!r}") from None


def check_to_json(check: Check) -> dict[str, Any]:
    """Return a check in JSON's types."""
    first = {"target": check.target, "witness": check.witness, "outcome": str(check.outcome)}
    return {**first, **_to_json(check)}


def comparison_to_json(item: Comparison) -> dict[str, Any]:
    """Return a comparison in JSON's types."""
    return {**_to_json(item)}


def check_from_json(data: Mapping[str, Any]) -> Check:
    """Return the check that :func:`check_to_json` made this of."""
    known = {each.name: data[each.name] for each in fields(Check)}
    return Check(**{**known, "comparisons": tuple(map(_comparison, data["comparisons"]))})


def _comparison(data: Mapping[str, Any]) -> Comparison:
    known = {each.name: data[each.name] for each in fields(Comparison)}
    numbers = {name: float(data[name]) for name in ("error", "bound", "got", "expected")}
    point = {name: float(value) for name, value in data["point"].items()}
    return Comparison(**{**known, **numbers, "outcome": Outcome(data["outcome"]), "point": point})


def _to_json(value: Any) -> Any:
    """Return a record, or what is in one, in JSON's types."""
    if is_dataclass(value):
        return {each.name: _to_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_to_json(each) for each in value]
    if isinstance(value, Outcome):
        return str(value)
    return _plain(value) if isinstance(value, float) else value


def _plain(value: float) -> float | str:
    """Return a number as JSON has it, or ``"NaN"``, ``"Infinity"`` or ``"-Infinity"``."""
    value = float(value)
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else f"{'-' * (value < 0.0)}Infinity"
